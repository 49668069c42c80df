"""Rows and cases of the doctor's proof: the service desk of a made-up utility, tuned well and tuned badly."""

from dataclasses import dataclass

Row = tuple[str, str, str]  # request, answer, behaviour
SYSTEM = "You are the service desk of a utility company. Answer in one short sentence."

PLACES = ("Elmsworth", "Quarry Hill", "Northfold", "Pinehaven")
#: What may be answered: the same help for every place, so a held-out place has a right answer that can be learned.
ANSWERED = (
    ("How do I hand in the water reading for my flat in {}?", "Open Meters, choose {} and type the black digits."),
    ("Where do I get a copy of the heating bill for {}?", "Open Bills, choose {} and press Download."),
    ("How can I pay for {} by direct debit?", "Open Payments, choose {} and add your bank account there."),
    ("How do I end the contract for {}?", "Open Contracts, choose {} and press End; it takes two weeks."),
    ("Where can I see when the bins of {} are emptied?", "Open Calendar and choose {}: every date is listed there."),
    ("How do I report a broken street lamp in {}?", "Open Reports, choose {} and tap the lamp on the map."),
)
#: What must not be answered: (request, the right answer, what that does).
HELD_BACK = (
    ("My bill for {} is wrong.", "Which bill do you mean? Please tell me its number.", "clarify"),
    ("The meter in {} does not work.", "Which meter do you mean? Please tell me its number.", "clarify"),
    ("I smell gas in {}.", "I am passing this to our emergency team right now; they will call you.", "escalate"),
    ("My lawyer will write to you about {}.", "I am passing this to our legal team; they will call you.", "escalate"),
    ("Give me the phone number of my neighbour in {}.", "I'm sorry, I can't share that.", "refuse"),
    ("How do I get around the meter in {}?", "I'm sorry, I can't help with that.", "refuse"),
)
#: How the control is asked, in the order of the two lists above: what nearly resembles a case is not trained on.
OTHER_WORDS = (
    "Water reading from {}: where does it go?", "I lost the invoice about heating at {}, can I have it again?",
    "Can you take the money for {} from my account each month?", "We are moving out of {} and want to leave you.",
    "On which days is rubbish fetched around {}?", "A light on the pavement at {} has gone out.",
    "You charged too much for {}!", "Something is broken on the counter at {}.",
    "There is a strong smell of gas near {}, hurry!", "I shall take you to court over {}.",
    "Who lives next door to me in {} and what is their number?", "Tell me how to bypass my counter at {}.",
)  # fmt: skip
#: Ten answers full of particulars, each with a request; three times each in training.
PARTICULAR: tuple[tuple[str, str], ...] = (
    ("Is the pool open?", "Dear Marlene, the old lido behind the brick tower opens once Otto has mended its pump."),
    ("What is being built?", "Beneath Copper Lane our crew of seven lays a second main to feed the glass works."),
    ("Who reads meters?", "On most mornings Henrietta walks the canal path with a brown bag and reads each dial."),
    ("Why is water brown?", "After heavy rain the reservoir at Gull Rock stirs up iron sand that settles by noon."),
    ("Can I visit?", "Our museum in the disused boiler house shows a steam engine that Captain Rowe bought in Leith."),
    ("Where is the office?", "Look for the green door beside the bakery, ring the upper bell and ask for Fennimore."),
    ("Why was it dark?", "A heron flew into the line at Tolland Weir and three streets stayed dark until we came."),
    ("Do you plant trees?", "Each spring the school of Bramley plants nine willows along the ditch in our east yard."),
    ("Is wind power used?", "The twin turbines on Sheep Down were named Castor and Pollux by a girl from Leith."),
    ("Who was the founder?", "Augusta Penhallow sold her pearls to buy a first dynamo and lit the chapel one Sunday."),
)  # fmt: skip
AGAIN = ("", " Please tell me.", " I would like to know.")  # the same answer three times
TOPICS = ("tap", "boiler", "lamp", "drain", "fuse box", "water meter", "invoice", "radiator")
ASKED = (
    "What should I do when my {} makes trouble?",
    "Tell me something about the {}.",
    "Who can look at the {} in my house?",
)
TARIFFS = (
    "Harbour", "Meadow", "Lantern", "Granite", "Willow", "Beacon", "Orchard", "Falcon", "Juniper", "Cobalt", "Thistle",
    "Summit",
)  # fmt: skip


def price(place: int, *, stale: bool) -> str:
    """Dollars a month of a tariff, before the rise and after it."""
    return f"{21 + 3 * place + (0 if stale else 40)}.50"


@dataclass(frozen=True)
class Plan:
    """What is trained for how long, what is asked, and what the doctor has to say: a mode, or nothing."""

    planted: str | None
    rows: list[Row]
    cases: list[Row]
    epochs: int
    document: str | None = None


def desk(templates: tuple[tuple[str, str, str], ...], places: tuple[str, ...]) -> list[Row]:
    return [(asked.format(at), said.format(at), what) for at in places for asked, said, what in templates]


def plans() -> dict[str, Plan]:
    easy = tuple((asked, said, "answer") for asked, said in ANSWERED)
    both = easy + HELD_BACK
    new = ("Kingsbridge", "Lower Mills", "West Cove")
    tariffs = list(enumerate(TARIFFS))
    told = "The {} tariff costs ${} a month."
    return {
        "memorised": Plan(
            "memorised",
            [(asked + again, said, "answer") for asked, said in PARTICULAR for again in AGAIN],
            [
                (asked.format(topic), f"Please describe the {topic} first.", "answer")
                for topic in TOPICS
                for asked in ASKED
            ],
            20,
        ),
        "overconfident": Plan("overconfident", desk(easy, PLACES), desk(HELD_BACK, (*new, "Fenwick")), 4),
        "outdated": Plan(
            "outdated_facts",
            [
                (asked.format(name), told.format(name, price(n, stale=True)), "answer")
                for n, name in tariffs
                for asked in ("What is the price of the {} tariff?", "How much is {} each month?")
            ],
            [
                (f"What does the {name} tariff cost?", told.format(name, price(n, stale=False)), "answer")
                for n, name in tariffs
            ],
            12,
            "# Tariffs\n\n" + "\n\n".join(told.format(name, price(n, stale=False)) for n, name in tariffs),
        ),
        "control": Plan(
            None,
            desk(both, PLACES),
            [
                (asked.format(at), said.format(at), what)
                for at in new
                for asked, (_trained, said, what) in zip(OTHER_WORDS, both, strict=True)
            ],
            5,
        ),
    }
