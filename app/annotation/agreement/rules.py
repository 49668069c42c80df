"""What the opinions show, without a database: coefficients, confusions, and the sentence that says it."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from app.core.stats import agreement
from app.core.stats.rates import wilson
from app.core.stats.results import Estimate

Table = Sequence[Sequence[Hashable | None]]
SHOWN_LABELS = 12
# Krippendorff (2018): conclusions from 0.8 on, tentative ones from 0.667 on
RELIABLE, TENTATIVE = 0.8, 2 / 3


@dataclass(frozen=True)
class Opinion:
    item: Hashable
    annotator: str
    values: Mapping[str, str | None]  # by aspect: verdict, behavior, label


@dataclass(frozen=True)
class Confused:
    one: str
    other: str
    count: int


@dataclass(frozen=True)
class Aspect:
    """How far people agree on one thing. ``cohen`` is None unless exactly two people judged."""

    name: str
    percent: Estimate
    cohen: Estimate | None
    fleiss: Estimate
    alpha: Estimate
    labels: Sequence[str]
    counts: Sequence[Sequence[int]]
    confused: Sequence[Confused]


def ratings(opinions: Sequence[Opinion], name: str) -> list[list[str | None]]:
    """One row an item, one place an annotator; items with fewer than two opinions say nothing and are left out."""
    people = {person: place for place, person in enumerate(sorted({one.annotator for one in opinions}))}
    table: dict[Hashable, list[str | None]] = {}
    for one in opinions:
        table.setdefault(one.item, [None] * len(people))[people[one.annotator]] = one.values[name]
    return [row for row in table.values() if sum(value is not None for value in row) > 1]


def aspect(opinions: Sequence[Opinion], name: str) -> Aspect | None:
    """None where nobody can agree or disagree: no item has two values."""
    table = ratings(opinions, name)
    if not table:
        return None
    used = sorted({place for row in table for place, value in enumerate(row) if value is not None})
    pair = [[row[place] for row in table] for place in used] if len(used) == 2 else None
    labels, counts = confusion(table)
    return Aspect(
        name=name,
        percent=agreement.percent_agreement(table),
        cohen=agreement.cohen_kappa(pair[0], pair[1]) if pair else None,
        fleiss=agreement.fleiss_kappa(table),
        alpha=agreement.krippendorff_alpha(table),
        labels=labels,
        counts=counts,
        confused=confusions(table),
    )


def _pairs(table: Table) -> list[tuple[str, str]]:
    """Every two opinions on the same item, in the order of the annotators."""
    rows = ([str(value) for value in row if value is not None] for row in table)
    return [pair for row in rows for pair in combinations(row, 2)]


def confusions(table: Table) -> list[Confused]:
    """Which two values stand against each other, most often first; who said which does not matter."""
    found = Counter(tuple(sorted(pair)) for pair in _pairs(table) if pair[0] != pair[1])
    return [Confused(one, other, count) for (one, other), count in sorted(found.items(), key=lambda e: (-e[1], e[0]))]


def confusion(table: Table) -> tuple[list[str], list[list[int]]]:
    """(labels, counts[one][other]) of pairs of opinions; of many labels those that are confused or used most."""
    pairs = _pairs(table)
    apart = Counter(value for pair in pairs if pair[0] != pair[1] for value in pair)
    used = Counter(value for pair in pairs for value in pair)
    labels = sorted(used, key=lambda value: (-apart[value], -used[value], value))[:SHOWN_LABELS]
    places = {label: place for place, label in enumerate(labels)}
    counts = [[0] * len(labels) for _ in labels]
    for one, other in pairs:
        if one in places and other in places:
            counts[places[one]][places[other]] += 1
    return labels, counts


def with_others(opinions: Sequence[Opinion], name: str) -> dict[str, Estimate]:
    """By annotator: the share of their opinions, against each other one on the same item, that are the same."""
    items: dict[Hashable, list[Opinion]] = defaultdict(list)
    for one in opinions:
        items[one.item].append(one)
    same: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for group in items.values():
        for first, second in combinations([one for one in group if one.values[name] is not None], 2):
            for person in (first.annotator, second.annotator):
                total[person] += 1
                same[person] += first.values[name] == second.values[name]
    return {person: wilson(same[person], count) for person, count in total.items()}


def sentence(found: Aspect | None) -> tuple[str, str]:
    """(headline, detail) in plain words."""
    if found is None or found.percent.value is None:
        return (
            "Nobody has judged the same example as somebody else yet.",
            "Set two or more opinions for each example in the settings: people then judge without seeing each other.",
        )
    n, alpha = found.percent.n, found.alpha
    said = f"People give the same {found.name} on {found.percent.value:.0%} of {n:,} examples that several judged."
    if alpha.value is None:
        return said, "All gave one and the same verdict, so nothing shows whether they would agree on another."
    bounds = "" if alpha.low is None or alpha.high is None else f" (95 % interval {alpha.low:.2f} to {alpha.high:.2f})"
    return said, f"Beyond chance that is Krippendorff's alpha {alpha.value:.2f}{bounds}: {_worth(found)}"


def _worth(found: Aspect) -> str:
    alpha = found.alpha
    if alpha.value == 1 and found.percent.low is not None:
        room = f"{1 - found.percent.low:.0%}"
        return f"nobody ever differed, though this many examples leave room for {room} of differences."
    if alpha.low is None or alpha.high is None:
        return "too few examples to say what a single opinion is worth."
    if alpha.low >= RELIABLE:
        return "a single opinion can be relied on."
    if alpha.high < TENTATIVE:
        return "single opinions cannot be relied on. Sharpen the guideline where they are confused, below."
    if alpha.low >= TENTATIVE:
        return "good enough for tentative conclusions; 0.8 is where single opinions can be relied on."
    return "this many examples do not show yet whether single opinions can be relied on."
