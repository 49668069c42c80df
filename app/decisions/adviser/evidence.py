"""What is stored about the failed cases of a run, gathered as the rules take it."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from app.annotation.agreement import queries as agreement
from app.comparisons import queries as comparisons
from app.comparisons.material import of_run
from app.core.stats.words import and_list
from app.datasets.models import TestCase, TestSet
from app.decisions.adviser import facts, queries, rules
from app.decisions.adviser.causes import Cause
from app.decisions.adviser.rules import Failed, FailedGrade, Proposal, Signal
from app.evals.models import EvalRun
from app.projects.models import Project

METHOD = 1  # to be raised with every change of ``facts`` or ``rules``: what was kept under another number is not read
PASSED = 0.5  # share of the repeats: above it a case counts as passed, as everywhere


@dataclass(frozen=True)
class Confirmed:
    """What a person said. ``run_id``: of the run that they looked at, perhaps an earlier one than this."""

    cause: Cause
    who: str
    at: datetime
    run_id: str


@dataclass(frozen=True)
class Failure:
    """One failed case, in the order of the set."""

    case_id: str
    position: int
    tags: Sequence[str]
    graders: Sequence[str]
    content_hash: str
    answered: bool
    proposal: Proposal
    confirmed: Confirmed | None

    @property
    def cause(self) -> Cause | None:
        """As it counts: what a person said, else what the rules propose."""
        return self.confirmed.cause if self.confirmed else self.proposal.cause

    @property
    def state(self) -> str:
        return "confirmed" if self.confirmed else "proposed" if self.proposal.cause else "none"


class Row(NamedTuple):
    """What is kept of a failed case; ``signals``: (cause, words), all but what people differ about."""

    case_id: str
    position: int
    tags: Sequence[str]
    content_hash: str
    fingerprint_unit: str
    example_id: str | None
    answered: bool
    graders: Sequence[str]
    signals: Sequence[tuple[Cause, str]]


@dataclass(frozen=True)
class Found:
    """``cases``: how many of the set could be judged."""

    cases: int
    failures: Sequence[Failure]


def gather(session: Session, project: Project, run: EvalRun, test_set: TestSet) -> Found:
    """The failures of a run with what is proposed and what was said. What people differ about is read each time."""
    cases, rows = _kept_rows(session, project.id, run, test_set)
    said = queries.said(session, project.id, [row.content_hash for row in rows])
    disputes = _disputes(session, project, rows)
    return Found(cases, [_failure(row, disputes.get(row.case_id), said) for row in rows])


def _failure(row: Row, dispute: str | None, said: Mapping[str, Any]) -> Failure:
    word, who = said.get(row.content_hash, (None, ""))
    return Failure(
        case_id=row.case_id,
        position=row.position,
        tags=row.tags,
        graders=row.graders,
        content_hash=row.content_hash,
        answered=row.answered,
        proposal=rules.with_dispute([Signal(*one) for one in row.signals], dispute if row.answered else None),
        confirmed=Confirmed(word.cause, who, word.set_at, word.run_id) if word else None,
    )


def _kept_rows(session: Session, project_id: str, run: EvalRun, test_set: TestSet) -> tuple[int, list[Row]]:
    """(cases that could be judged, a row for each failed one): read once for each grading of a run, and kept."""
    stamp = [METHOD, "adviser", run.id, run.manifest_hash, str(run.finished_at)]
    key = hashlib.sha256(json.dumps(stamp).encode()).hexdigest() if run.manifest_hash else None
    kept = comparisons.kept(session, key) if key else None
    if kept is not None:
        return kept["cases"], [Row(*row) for row in kept["rows"]]
    cases, rows = _read(session, run, test_set)
    if key:
        comparisons.keep(session, project_id, key, {"cases": cases, "rows": [list(row) for row in rows]})
    return cases, rows


def _read(session: Session, run: EvalRun, test_set: TestSet) -> tuple[int, list[Row]]:
    success = of_run(session, run, test_set).success
    cases = queries.cases(session, [case_id for case_id, share in success.items() if share <= PASSED])
    sizes = Counter(name for row in queries.common(session, test_set.id) for name in _alike(*row[1:]))
    failed = {one.case_id: one for one in _failed(session, run, test_set, cases)}
    proposed = rules.proposals(list(failed.values()), sizes)
    ordered = sorted(cases.values(), key=lambda case: case.position)
    return len(success), [_row(case, failed[case.id], proposed[case.id]) for case in ordered]


def _row(case: TestCase, one: Failed, proposal: Proposal) -> Row:
    graders = [grade.grader for grade in one.grades]
    signals = [(signal.cause, signal.words) for signal in proposal.signals]
    return Row(
        case.id, case.position, case.tags, case.content_hash, case.fingerprint_unit, case.example_id,
        one.answered, graders, signals,
    )  # fmt: skip


def _failed(session: Session, run: EvalRun, test_set: TestSet, cases: Mapping[str, TestCase]) -> list[Failed]:
    outputs = queries.outputs(session, run.id, list(cases))
    grades = queries.failed_grades(session, run.id)
    kinds = {str(one["name"]): str(one["definition"].get("type", "")) for one in run.graders}
    found = []
    for case in cases.values():
        complete = [output for output in outputs.get(case.id, ()) if output.status == "complete"]
        changing, unknown = _facts(case, complete[0].text or "" if complete else "")
        found.append(
            Failed(
                case_id=case.id,
                answered=bool(complete),
                grades=[
                    FailedGrade(grade.grader, kinds.get(grade.grader, ""), grade.metric, grade.reason, grade.detail)
                    for grade in grades.get(case.id, ())
                ],
                red_team=test_set.kind == "red_team",
                changing=changing,
                unknown=unknown,
                alike=_alike(case.tags, case.behavior or case.expected.get("behavior"), case.expected.get("label")),
                closed="label" in case.expected or "json" in case.expected,
            )
        )
    return found


def _facts(case: TestCase, said: str) -> tuple[list[str], list[str]]:
    """(facts that change, facts that nothing given holds)."""
    expected = str(case.expected.get("text") or "")
    changing = facts.changing(case.messages, expected, said)
    return changing, facts.unknown(case.messages, expected, said) if expected else []


def _alike(tags: Sequence[str], behavior: str | None, label: str | None) -> list[str]:
    """What a case has in common with others, in words."""
    found = [f"the tag “{tag}”" for tag in tags]
    found += [f"expected behaviour {behavior}"] if behavior else []
    return found + ([f"the label “{label}”"] if label else [])


def _disputes(session: Session, project: Project, rows: Sequence[Row]) -> dict[str, str]:
    """By case how people differ: opinions on its example, or an example that asks the same and expects otherwise."""
    known = queries.asked_again(session, project.id, [row.fingerprint_unit for row in rows])
    again = [row.case_id for row in rows if row.fingerprint_unit in known]
    found = {
        case_id: f"Example #{number} asks the same and expects something else."
        for case_id, number in queries.conflicting(session, again).items()
    }
    examples = {row.example_id: row.case_id for row in rows if row.example_id}
    opinions: dict[tuple[str, int], list[tuple[str, str | None, str | None]]] = {}
    for example, revision, _who, *said in agreement.opinions(session, project.id, project.overlap) if examples else ():
        if example in examples:
            opinions.setdefault((example, revision), []).append((said[0], said[1], said[2]))
    for (example, _revision), given in opinions.items():
        words = _differ(given)
        if words:
            found[examples[example]] = words
    return found


def _differ(given: Sequence[tuple[str, str | None, str | None]]) -> str | None:
    """ "2 annotators differ: label “a” and “b”."; None where they agree."""
    for place, name in enumerate(("verdict", "behaviour", "label")):
        values = sorted({str(one[place]) for one in given if one[place]})
        if len(values) > 1:
            listed = and_list([f"“{value.replace('_', ' ')}”" for value in values])
            return f"{len(given)} annotators differ in the {name}: {listed}."
    return None
