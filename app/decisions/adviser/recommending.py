"""From counted causes and measured candidates to what to try next. Pure.

The order of the guide: prompting first; retrieval where failures lack a document or hang on facts that change;
fine-tuning where a pattern goes on being ignored over many examples, although prompting was tried. Nothing is said of
fewer than ``FEWEST`` failures with a cause. A group of causes leads where it is ahead of the next one by more than
chance (exact sign test of the two counts, p ≤ 0.05); where none does, that is said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from app.core.stats.paired import mcnemar_exact
from app.core.stats.words import and_list
from app.decisions.adviser.causes import CAUSES, GROUPS, Cause, Group

FEWEST = 10
PERSISTENT = 10  # failures of one group that go on under the best prompt: "over many examples"
CHANGING_SHARE = 0.2  # of failures with a cause: from here on facts change "often"
GROWN = 2.0  # a prompt this many times as long as the baseline's "keeps growing"
Kind = Literal["base", "prompted", "few_shot", "retrieval", "tuned", "elsewhere"]
Approach = Literal["prompting", "retrieval", "fine_tuning", "requirement", "guardrails"]
APPROACHES: Mapping[Approach, str] = {
    "prompting": "prompting",
    "retrieval": "retrieval",
    "fine_tuning": "fine-tuning",
    "requirement": "settle the requirement",
    "guardrails": "guardrails and wider tests",
}
KINDS_OF: Mapping[Approach, tuple[Kind, ...]] = {
    "prompting": ("prompted", "few_shot"),
    "retrieval": ("retrieval",),
    "fine_tuning": ("tuned",),
}


@dataclass(frozen=True, slots=True)
class Count:
    """Failed cases with a cause: said by a person, or only proposed."""

    confirmed: int = 0
    proposed: int = 0

    @property
    def all(self) -> int:
        return self.confirmed + self.proposed


@dataclass(frozen=True, slots=True)
class Measured:
    """A candidate that was measured on the same set. ``verdict`` is of its difference to the baseline, told in
    ``sentence``; ``cost_per_success`` in dollars."""

    name: str
    kind: Kind
    verdict: str
    sentence: str
    value: float
    cost_per_success: float | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """``failed``: cases of the baseline's run; ``unexplained`` have no cause yet, ``unanswered`` no whole answer.

    ``persistent``: failures by behaviour that the best prompted candidate fails too; None where none is measured.
    ``prompt_growth``: the longest measured prompt over the baseline's, None where there is nothing to compare.
    """

    cases: int
    failed: int
    unanswered: int
    unexplained: int
    counts: Mapping[Cause, Count]
    options: Sequence[Measured]
    persistent: int | None
    examples: int
    examples_needed: int
    prompt_growth: float | None = None

    def of(self, group: Group) -> Count:
        counts = [self.counts.get(cause, Count()) for cause, words in CAUSES.items() if words.group == group]
        return Count(sum(one.confirmed for one in counts), sum(one.proposed for one in counts))

    @property
    def explained(self) -> int:
        return sum(count.all for count in self.counts.values())


@dataclass(frozen=True, slots=True)
class Advice:
    """``approach`` None: the evidence does not say. ``favoured``: the measured candidate that it speaks for.

    ``make``: the kind of candidate that is to be made and measured to know more."""

    headline: str
    tone: str
    approach: Approach | None
    reasons: Sequence[str]
    cautions: Sequence[str]
    favoured: str | None
    make: Kind | None


def advise(known: Facts) -> Advice:
    favoured, said = evidence(known.options)
    if known.explained < FEWEST:
        return Advice(_too_few(known), "neutral", None, said, [], favoured, None)
    groups = sorted(GROUPS, key=lambda group: -known.of(group).all)
    lead, second = (known.of(group) for group in groups[:2])
    if mcnemar_exact(lead.all, second.all) > 0.05:
        return _undecided(known, groups[0], groups[1], said, favoured)
    approach, why = _approach(known, groups[0])
    measured = [one for one in known.options if one.kind in KINDS_OF.get(approach, ())]
    head = f"Next: {APPROACHES[approach]}. {_share(known, groups[0])} {_standing(approach, measured)}".strip()
    make = None if measured or approach not in KINDS_OF else KINDS_OF[approach][0]
    tone = "good" if any(one.verdict == "better" for one in measured) else "info"
    return Advice(head, tone, approach, [*why, *said], _cautions(known, approach, groups[0]), favoured, make)


def evidence(options: Sequence[Measured]) -> tuple[str | None, list[str]]:
    """(the measured candidate that the evidence favours, what was measured in words)."""
    better = [one for one in options if one.verdict == "better"]
    if not better:
        words = "No measured candidate is shown to be better than the baseline." if options else ""
        return None, [one.sentence for one in options if one.verdict == "worse"] + ([words] if words else [])
    if len(better) == 1:
        return better[0].name, [f"The evidence favours “{better[0].name}”. {better[0].sentence}"]
    priced = [(one.cost_per_success, one.name) for one in better if one.cost_per_success is not None]
    names = and_list([f"“{one.name}”" for one in better])
    if len(priced) < len(better):
        return None, [f"{names} are all shown to be better than the baseline; without prices none is the cheapest."]
    cheapest = min(priced)[1]
    words = f"{names} are all shown to be better than the baseline. “{cheapest}” costs least per success."
    return cheapest, [f"{words} Between them no difference was tested here: compare them."]


def _too_few(known: Facts) -> str:
    if not known.failed:
        return f"Nothing to repair here: the baseline passes all {known.cases:,} cases. Harder cases tell more."
    if known.explained + known.unexplained >= FEWEST:
        return (
            f"Say why cases failed first: {known.explained} of {known.failed} failures have a cause, "
            f"and fewer than {FEWEST} are too few to say."
        )
    more = f" {known.unanswered} more have no whole answer." if known.unanswered else ""
    judged = known.failed - known.unanswered
    return f"Too few failures to say: {judged} of {known.cases:,} cases failed, and {FEWEST} are needed.{more}"


def _undecided(known: Facts, one: Group, other: Group, said: list[str], favoured: str | None) -> Advice:
    figures = f"{known.of(one).all} {GROUPS[one]}, {known.of(other).all} {GROUPS[other]}"
    tried = any(option.kind in KINDS_OF["prompting"] for option in known.options)
    head = f"No cause stands out: {figures}."
    if not tried:
        head += " Prompting is the cheapest to try first."
    confirm = [] if _confirmed(known) else ["Most causes are only proposed: confirming them may settle it."]
    return Advice(
        head, "neutral", None if tried else "prompting", [*confirm, *said], [], favoured, None if tried else "prompted"
    )


def _approach(known: Facts, lead: Group) -> tuple[Approach, list[str]]:
    if lead == "knowledge":
        return "retrieval", ["Fine-tuning teaches how to respond; it does not keep facts current."]
    if lead == "requirement":
        return "requirement", ["No prompt and no training repairs what people themselves read differently."]
    if lead == "safety":
        return "guardrails", ["A safety fix by training alone is not enough: guard and test it widely first."]
    if known.persistent is None:
        return "prompting", ["Prompting comes first: no prompted candidate has been measured on this set yet."]
    if known.persistent >= PERSISTENT:
        return "fine_tuning", [f"{known.persistent} of these failures go on under the best prompt that was measured."]
    return "prompting", [f"Under the best prompt that was measured only {known.persistent} of these failures go on."]


def _share(known: Facts, lead: Group) -> str:
    count = known.of(lead)
    how = f"{count.confirmed} confirmed" if count.confirmed else "none confirmed yet"
    return f"{count.all} of {known.explained} failures with a cause {GROUPS[lead]} ({how})."


def _standing(approach: Approach, measured: Sequence[Measured]) -> str:
    if approach not in KINDS_OF:
        return ""
    if not measured:
        return "Not measured yet."
    if any(one.verdict == "better" for one in measured):
        return "Measured, and better than the baseline."
    return "Measured once, without an improvement that is shown."


def _confirmed(known: Facts) -> bool:
    return sum(count.confirmed for count in known.counts.values()) * 2 >= known.explained


def _cautions(known: Facts, approach: Approach, lead: Group) -> list[str]:
    """The guide's "avoid when", where it applies."""
    found = [] if _confirmed(known) else ["Most causes are only proposed. Confirm them before you spend on this."]
    changing = known.counts.get("changing_fact", Count()).all
    if approach == "fine_tuning" and changing >= CHANGING_SHARE * known.explained:
        found.append(f"Fine-tuning is to be avoided where facts change often: {changing} failures hang on one.")
    if approach == "fine_tuning" and known.examples < known.examples_needed:
        found.append(
            f"Fine-tuning is to be avoided without good examples: {known.examples:,} are approved, "
            f"{known.examples_needed:,} are a start for this goal."
        )
    if approach == "prompting" and (known.prompt_growth or 0) >= GROWN:
        found.append(
            f"Prompting is to be avoided where the prompt keeps growing: it is {known.prompt_growth:.1f} times as long."
        )
    behaviour = known.of("behaviour").all
    if approach == "retrieval" and behaviour >= FEWEST:
        found.append(f"Retrieval does not mend style, format or behaviour: {behaviour} failures are of that kind.")
    if lead != "safety" and known.of("safety").all:
        found.append(f"{known.of('safety').all} failures are about safety: none of these mends them by itself.")
    return found
