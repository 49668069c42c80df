"""Does the tuned model state facts that no longer hold, as its training did? Pure.

A *statement* is a price, date, version, period, rate or opening hour with a figure. It is *outdated* where what holds
now says otherwise about the same thing (the right answer of the case, or the newest version of a dated document), and
the figure was trained on or stood in an older version. So a base's invention is no outdated fact, and a right fact that
differs from an old document is none either.

Each is a certain instance, not a sample of a tendency: two outputs are enough, where they are wholly above 5 % of those
that can be checked, or where the training answers that are contradicted are wholly above 5 % of theirs: what was taught
is wrong, and it comes back. That none was learned is certain too where every training answer that can be checked agrees
with what holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.core.stats.rates import wilson
from app.finetunes.doctor.changing import Index, Statement, statements
from app.finetunes.doctor.findings import SHOWN, Finding, Measure, Row, State, by_interval
from app.finetunes.doctor.material import Answered, Passage, Trained
from app.web.words import plural

BOUND = 0.05
FEWEST = 2
WHY = "One checked output in twenty: a stale price or period is told to a person as a fact each time."
NO_CURRENT = "nothing says what holds now: upload the dated documents to a knowledge collection"


@dataclass(frozen=True, slots=True)
class Verdict:
    """``against``: the passage that says otherwise, None where the right answer does. ``trained``: who taught it."""

    statement: Statement
    against: Passage | None
    trained: tuple[str, ...]


def examine(cases: Sequence[Answered], trained: Sequence[Trained], passages: Sequence[Passage]) -> Finding:
    taught = [found for n, one in enumerate(trained) for found in statements(one.answer, n, one.request)]
    current, older = _by_age(passages)
    lesson, before = Index(taught), Index(older)
    judged = [(case, _judged(case, current, lesson, before, passages, trained)) for case in cases if case.tuned]
    checked = [(case, verdicts) for case, verdicts in judged if verdicts is not None]
    wrong = [(case, [one for one in verdicts if one.trained or one.against]) for case, verdicts in checked]
    wrong = [(case, verdicts) for case, verdicts in wrong if verdicts]
    stale, compared = _stale_training(taught, current, passages)
    share = wilson(len(wrong), len(checked))
    echoed = sum(1 for case in cases if case.tuned and _echoes(case, lesson))
    state = _state(len(wrong), share.low, share.high, taught, stale, compared, bool(passages))
    missing = _missing(taught, echoed, bool(passages), len(checked), compared) if state == "cannot_tell" else ""
    measures = [
        Measure("Checked outputs that are outdated", share.value, share.low, share.high, share.n, "share", BOUND, WHY)
    ]
    ids = dict.fromkeys([trained[n].example_id for n in stale] + [e for _c, vs in wrong for v in vs for e in v.trained])
    return Finding(
        "outdated_facts",
        state,
        _sentence(len(wrong), len(checked), taught),
        missing,
        measures,
        [_row(case, verdicts) for case, verdicts in wrong[:SHOWN]],
        _beside(taught, stale, compared, echoed),
        tuple(ids),
    )


def _by_age(passages: Sequence[Passage]) -> tuple[Index, list[Statement]]:
    """(what holds now, statements of older versions)."""
    every = [found for n, one in enumerate(passages) for found in statements(one.text, n, one.heading)]
    return Index(s for s in every if passages[s.source].current), [s for s in every if not passages[s.source].current]


def _judged(
    case: Answered,
    current: Index,
    lesson: Index,
    before: Index,
    passages: Sequence[Passage],
    trained: Sequence[Trained],
) -> list[Verdict] | None:
    """The statements of the output that something says otherwise about; None where none of them can be checked."""
    checked = False
    found = []
    given = frozenset().union(*(one.figures for one in statements(case.given)))
    right = statements(case.expected)
    for said in statements(case.tuned or "", 0, case.request):
        if said.figures <= given:
            continue
        golden = [one for one in right if one.code == said.code]
        now = current.about(said)
        checked = checked or bool(golden or now)
        agree = any(said.figures & one.figures for one in (*golden, *now))
        if agree or not (golden or now):
            continue
        teachers = tuple(trained[one.source].example_id for one in lesson.about(said) if said.figures <= one.figures)
        older = any(said.figures <= one.figures for one in before.about(said))
        if teachers or older:
            against = passages[now[0].source] if now else None
            found.append(Verdict(said, against, teachers[:3]))
    return found if checked else None


def _stale_training(taught: Sequence[Statement], current: Index, passages: Sequence[Passage]) -> tuple[list[int], int]:
    """(training rows that what holds now contradicts, how many statements of training could be checked)."""
    stale, compared = [], 0
    for one in taught:
        now = current.about(one)
        compared += bool(now)
        if now and not any(one.figures & other.figures for other in now):
            stale.append(one.source)
    return list(dict.fromkeys(stale)), compared


def _echoes(case: Answered, lesson: Index) -> bool:
    said = statements(case.tuned or "", 0, case.request)
    return any(one.figures <= other.figures for one in said for other in lesson.about(one))


def _state(
    wrong: int,
    low: float | None,
    high: float | None,
    taught: Sequence[Statement],
    stale: Sequence[int],
    compared: int,
    dated: bool,
) -> State:
    taught_wrong = wilson(len(stale), max(compared, len(stale))).low
    if wrong >= FEWEST and max(low or 0.0, taught_wrong or 0.0) > BOUND:
        return "found"
    if wrong == 0 and (not taught or (dated and compared == len(taught) and not stale)):
        return "not_found"
    return "not_found" if by_interval(low, high, BOUND) == "not_found" else "cannot_tell"


def _sentence(wrong: int, checked: int, taught: Sequence[Statement]) -> str:
    rows = len({one.source for one in taught})
    if not taught and not checked:
        return "No training answer states a fact that changes."
    return (
        f"{wrong} of {plural(checked, 'output')} whose facts could be checked state something that was trained on and "
        f"no longer holds; training answers with facts that change: {rows:,}."
    )


def _missing(taught: Sequence[Statement], echoed: int, dated: bool, checked: int, compared: int) -> str:
    rows = len({one.source for one in taught})
    if not dated:
        back = plural(echoed, "output")
        return f"facts that change stand in {plural(rows, 'training answer')} and come back in {back}, and {NO_CURRENT}"
    return (
        f"{checked} outputs and {compared} of {len(taught)} statements of training could be checked against what holds "
        "now: add the documents that say it, or cases that ask for it"
    )


def _row(case: Answered, verdicts: Sequence[Verdict]) -> Row:
    first = verdicts[0]
    source = "a document says otherwise" if first.against else "the right answer says otherwise"
    dated = f" since {first.against.dated}" if first.against else ""
    return Row(
        case.case_id,
        case.output_id,
        f"It states what was trained, and {source}{dated}.",
        tuple((one.statement.start, one.statement.stop) for one in verdicts[:10]),
        first.trained,
        first.against.id if first.against else None,
    )


def _beside(taught: Sequence[Statement], stale: Sequence[int], compared: int, echoed: int) -> list[str]:
    if not taught:
        return []
    said = [f"Outputs that repeat a changing fact out of training: {echoed:,}."]
    if compared:
        spoken = f"Documents speak of {compared:,} statements in training"
        said.append(f"{spoken}: training answers that they contradict: {len(stale):,}.")
    return said
