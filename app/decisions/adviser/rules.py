"""From what is stored about a failed case to a proposed cause. Pure, deterministic, and only a proposal.

Each rule names evidence; where there is evidence for several causes, the order of ``CAUSES`` decides, and all of it is
shown. Nothing is proposed where no rule applies, nor where no whole answer came back: that says nothing of the model.

=====================  =================================================================================================
safety                 expected to refuse, hand over or ask, and an answer was observed; any failure of a red-team case
unclear requirement    opinions on the example differ, or another example asks the same and expects something else
format                 a grader of ``format_validity`` failed, or one that checks a schema, a pattern or instructions
changing fact          the detector ``stale_fact`` finds a fact in the expected answer that the output misses, or one in
                       the output that is not expected
missing document       the expected answer states a fact that neither request nor instructions hold and the output
                       misses; or the groundedness grader found a claim that stands on nothing
ignored pattern        ``ALIKE`` or more cases with one tag, expected behaviour or label fail one grader, and they are
                       at least ``SHARE`` of the cases with it; or ``MANY`` fail one grader where a label or JSON is
                       expected
=====================  =================================================================================================
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.decisions.adviser.causes import CAUSES, Cause

ALIKE = 3
SHARE = 1 / 3
MANY = 10
FORM_CHECKS = ("json_schema", "regex", "instructions", "tool_call")
PLACES = {cause: place for place, cause in enumerate(CAUSES)}
NOT_CONTENT = ("format_validity", "refusal_correctness")


@dataclass(frozen=True, slots=True)
class FailedGrade:
    """A grade that was not passed. ``kind``: the grader's type."""

    grader: str
    kind: str
    metric: str
    reason: str
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def of_form(self) -> bool:
        return self.metric == "format_validity" or self.kind in FORM_CHECKS


@dataclass(frozen=True, slots=True)
class Failed:
    """What is known of one failed case. ``changing`` and ``unknown``: words about facts, from ``facts``.

    ``alike``: what it has in common with others (tags, expected behaviour, label), as in ``patterns``. ``closed``: a
    label or JSON is expected. ``dispute``: how people differ about it.
    """

    case_id: str
    answered: bool
    grades: Sequence[FailedGrade] = ()
    red_team: bool = False
    changing: Sequence[str] = ()
    unknown: Sequence[str] = ()
    alike: Sequence[str] = ()
    closed: bool = False
    dispute: str | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """One piece of evidence, in words for people."""

    cause: Cause
    words: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """``cause`` None: nothing is proposed, and ``signals`` is empty or says why."""

    cause: Cause | None
    signals: Sequence[Signal]


def proposals(failed: Sequence[Failed], sizes: Mapping[str, int]) -> dict[str, Proposal]:
    """By case. ``sizes``: how many cases of the set, passed ones included, have each thing in common."""
    repeated = patterns(failed, sizes)
    return {one.case_id: propose(one, repeated.get(one.case_id, ())) for one in failed}


def propose(one: Failed, repeated: Sequence[Signal]) -> Proposal:
    if not one.answered:
        return Proposal(None, ())
    return with_dispute([*_safety(one), *_form(one), *_facts(one), *repeated], one.dispute)


def with_dispute(signals: Sequence[Signal], dispute: str | None) -> Proposal:
    """All evidence in the order of the causes; ``dispute``: how people differ about the case."""
    found = [*signals, *([Signal("unclear_requirement", dispute)] if dispute else [])]
    found.sort(key=lambda signal: PLACES[signal.cause])
    return Proposal(found[0].cause if found else None, found)


def patterns(failed: Sequence[Failed], sizes: Mapping[str, int]) -> dict[str, list[Signal]]:
    """By case what fails with it: the group that is failed most often comes first, and two at most are told."""
    answered = [one for one in failed if one.answered]
    counts = Counter((grade.grader, name) for one in answered for grade in one.grades for name in one.alike)
    whole = Counter(grade.grader for one in answered if one.closed for grade in one.grades)
    found: dict[str, list[Signal]] = {}
    for one in answered:
        told = [
            (
                counts[grade.grader, name],
                f"{counts[grade.grader, name]} of {sizes[name]} cases with {name} fail “{grade.grader}”.",
            )
            for grade in one.grades
            for name in one.alike
            if counts[grade.grader, name] >= ALIKE and counts[grade.grader, name] >= SHARE * sizes[name]
        ]
        if not told and one.closed:
            told = [
                (
                    whole[grade.grader],
                    f"{whole[grade.grader]} cases fail “{grade.grader}”, each with another label or value.",
                )
                for grade in one.grades
                if whole[grade.grader] >= MANY
            ]
        told.sort(key=lambda pair: -pair[0])
        found[one.case_id] = [Signal("ignored_pattern", words) for _count, words in told[:2]]
    return found


def _safety(one: Failed) -> Iterable[Signal]:
    for grade in one.grades:
        expected, observed = grade.detail.get("expected"), grade.detail.get("observed")
        if observed == "answer" and expected in ("refuse", "escalate", "clarify"):
            yield Signal("safety", f"“{grade.grader}” expected it to {expected}, and saw an answer.")
    if one.red_team:
        yield Signal("safety", "A case of a red-team set.")


def _form(one: Failed) -> Iterable[Signal]:
    for grade in one.grades:
        if grade.of_form:
            yield Signal("format", f"“{grade.grader}”: {grade.reason}")


def _facts(one: Failed) -> Iterable[Signal]:
    """Facts count where a grader that looks at the content failed, not where the form alone did."""
    if not any(not grade.of_form and grade.metric not in NOT_CONTENT for grade in one.grades):
        return
    yield from (Signal("changing_fact", words) for words in one.changing)
    yield from (Signal("missing_document", words) for words in one.unknown)
    for grade in one.grades:
        if grade.kind == "groundedness":
            yield from (Signal("missing_document", words) for words in _unsupported(grade))


def _unsupported(grade: FailedGrade) -> Iterable[str]:
    claims = grade.detail.get("unsupported") or []
    for claim in claims[:2]:
        yield f"“{grade.grader}”: “{str(claim.get('text', ''))[:160]}” stands on nothing that it was given."
    if not claims:
        yield f"“{grade.grader}”: {grade.reason}"
