"""What is stored about the failed cases of a run, gathered as the rules take it."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.annotation.agreement import queries as agreement
from app.comparisons import queries as comparisons
from app.comparisons.material import of_run
from app.core.stats.words import and_list
from app.datasets.models import TestCase, TestSet
from app.decisions.adviser import facts, queries, rules
from app.decisions.adviser.causes import Cause
from app.decisions.adviser.rules import Failed, FailedGrade, Proposal
from app.evals.models import EvalRun, Output
from app.projects.models import Project

METHOD = 1  # to be raised with every change of ``facts``: what was kept under another number is not read
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


@dataclass(frozen=True)
class Found:
    """``cases``: how many of the set could be judged."""

    cases: int
    failures: Sequence[Failure]


def gather(session: Session, project: Project, run: EvalRun, test_set: TestSet) -> Found:
    success = of_run(session, run, test_set).success
    ids = [case_id for case_id, share in success.items() if share <= PASSED]
    cases = queries.cases(session, ids)
    sizes = Counter(name for row in queries.common(session, test_set.id) for name in _alike(*row[1:]))
    failed = _failed(session, project, run, test_set, cases)
    proposed = rules.proposals(failed, sizes)
    said = queries.said(session, project.id, [case.content_hash for case in cases.values()])
    by_case = {one.case_id: one for one in failed}
    ordered = sorted(cases.values(), key=lambda case: case.position)
    return Found(len(success), [_failure(case, by_case[case.id], proposed[case.id], said) for case in ordered])


def _failure(case: TestCase, one: Failed, proposal: Proposal, said: Mapping[str, Any]) -> Failure:
    row, who = said.get(case.content_hash, (None, ""))
    return Failure(
        case_id=case.id,
        position=case.position,
        tags=case.tags,
        graders=[grade.grader for grade in one.grades],
        content_hash=case.content_hash,
        answered=one.answered,
        proposal=proposal,
        confirmed=Confirmed(row.cause, who, row.set_at, row.run_id) if row else None,
    )


def _failed(
    session: Session, project: Project, run: EvalRun, test_set: TestSet, cases: Mapping[str, TestCase]
) -> list[Failed]:
    ids = list(cases)
    outputs = queries.outputs(session, run.id, ids)
    grades = queries.failed_grades(session, run.id)
    kinds = {str(one["name"]): str(one["definition"].get("type", "")) for one in run.graders}
    texts = _facts(session, project.id, run, cases, outputs)
    disputes = _disputes(session, project, cases)
    return [
        Failed(
            case_id=case.id,
            answered=any(output.status == "complete" for output in outputs.get(case.id, ())),
            grades=[
                FailedGrade(grade.grader, kinds.get(grade.grader, ""), grade.metric, grade.reason, grade.detail)
                for grade in grades.get(case.id, ())
            ],
            red_team=test_set.kind == "red_team",
            changing=texts[case.id][0],
            unknown=texts[case.id][1],
            alike=_alike(case.tags, case.behavior or case.expected.get("behavior"), case.expected.get("label")),
            closed="label" in case.expected or "json" in case.expected,
            dispute=disputes.get(case.id),
        )
        for case in cases.values()
    ]


def _alike(tags: Sequence[str], behavior: str | None, label: str | None) -> list[str]:
    """What a case has in common with others, in words."""
    found = [f"the tag “{tag}”" for tag in tags]
    found += [f"expected behaviour {behavior}"] if behavior else []
    return found + ([f"the label “{label}”"] if label else [])


Texts = Mapping[str, tuple[Sequence[str], Sequence[str]]]


def _facts(
    session: Session,
    project_id: str,
    run: EvalRun,
    cases: Mapping[str, TestCase],
    outputs: Mapping[str, Sequence[Output]],
) -> Texts:
    """By case (facts that change, facts that nothing given holds): read out of the texts once for each grading of a
    run, and kept."""
    stamp = [METHOD, "adviser", run.id, run.manifest_hash, str(run.finished_at)]
    key = hashlib.sha256(json.dumps(stamp).encode()).hexdigest() if run.manifest_hash else None
    kept = comparisons.kept(session, key) if key else None
    if kept is not None and kept.keys() >= cases.keys():
        return {case_id: (pair[0], pair[1]) for case_id, pair in kept.items()}
    found: dict[str, tuple[Sequence[str], Sequence[str]]] = {}
    for case in cases.values():
        said = next((output.text or "" for output in outputs.get(case.id, ()) if output.status == "complete"), "")
        expected = str(case.expected.get("text") or "")
        changing = facts.changing(case.messages, expected, said)
        found[case.id] = (changing, facts.unknown(case.messages, expected, said) if expected else [])
    if key:
        comparisons.keep(session, project_id, key, {case_id: list(pair) for case_id, pair in found.items()})
    return found


def _disputes(session: Session, project: Project, cases: Mapping[str, TestCase]) -> dict[str, str]:
    """By case how people differ: opinions on its example, or an example that asks the same and expects otherwise."""
    found = {
        case_id: f"Example #{number} asks the same and expects something else."
        for case_id, number in queries.conflicting(session, list(cases)).items()
    }
    examples = {case.example_id: case.id for case in cases.values() if case.example_id}
    opinions: dict[tuple[str, int], list[tuple[str, str | None, str | None]]] = {}
    for example, revision, _who, *said in agreement.opinions(session, project.id, project.overlap):
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
