"""From stored runs, frozen rows and dated documents to the plain values that the rules look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from app.comparisons import queries as comparisons
from app.comparisons import worked_out
from app.comparisons.choice import NotReady, RunPair, in_order
from app.datasets import queries as datasets
from app.datasets.models import TestCase
from app.evals import queries as evals
from app.evals import retrieved
from app.evals.graders.behavior_rules import classify
from app.examples.chat import INSTRUCTION_ROLES
from app.examples.rules import answer_index, prompt, text_of
from app.finetunes import queries as tunes
from app.finetunes.curves.points import merged
from app.finetunes.doctor import general, memorised, outdated, overconfident, queries
from app.finetunes.doctor.findings import SHOWN, Finding, Row
from app.finetunes.doctor.material import Answered, LossPoint, Trained
from app.finetunes.doctor.nearest import Nearest
from app.finetunes.doctor.overconfident import HELD_BACK, Sides
from app.finetunes.models import FineTune

MOST_CASES = 2_000  # of one set
MOST_ROWS = 20_000  # of the version
GENERAL = "general_instruction_following"
CLAIMS = "hallucination_rate"


@dataclass(frozen=True)
class Evidence:
    """Every sealed set that both candidates have answered whole, with the latest run of each."""

    pairs: Sequence[RunPair]

    @property
    def basis(self) -> list[dict[str, str]]:
        return [
            {"test_set_id": one.test_set.id, "base_run": one.baseline.id, "tuned_run": one.candidate.id}
            for one in self.pairs
        ]


def evidence(session: Session, row: FineTune, base_id: str | None) -> Evidence:
    if row.candidate_id is None or base_id is None:
        return Evidence(())
    latest = comparisons.latest_runs(session, row.project_id, [base_id, row.candidate_id])
    pairs = []
    for one in in_order(datasets.sealed_sets(session, row.project_id)):
        before, after = latest.get((base_id, one.id)), latest.get((row.candidate_id, one.id))
        pairs += [RunPair(one, before, after)] if before and after else []
    return Evidence(pairs)


def examine(session: Session, row: FineTune, found: Evidence) -> list[Finding]:
    """All four modes, in their order."""
    cases = [case for pair in found.pairs for case in _answered(session, pair)]
    trained = _trained(session, row.dataset_version_id)
    points = merged(event.data for event in tunes.events(session, row.id, kind="metrics"))
    curve = [LossPoint(one["step"], one.get("train_loss"), one.get("valid_loss")) for one in points]
    suite, rest = [p for p in found.pairs if p.test_set.kind == "general"], found.pairs
    followed, lost = _general(session, row.project_id, suite)
    claims = _sides(session, row.project_id, [p for p in rest if p.test_set.kind != "general"], CLAIMS)
    findings = [
        memorised.examine(cases, trained, curve),
        general.examine(followed, lost),
        overconfident.examine(cases, claims, trained),
        outdated.examine(cases, trained, queries.passages(session, row.project_id)),
    ]
    return _with_nearest(findings, cases, trained)


def _with_nearest(findings: Sequence[Finding], cases: Sequence[Answered], trained: Sequence[Trained]) -> list[Finding]:
    nearest, asked = Nearest(trained), {case.case_id: case.request for case in cases}

    def near(one: Row) -> Row:
        return one if one.examples else replace(one, examples=nearest.to(asked.get(one.case_id, "")))

    return [replace(finding, rows=[near(one) for one in finding.rows]) for finding in findings]


def _answered(session: Session, pair: RunPair) -> list[Answered]:
    tuned, base = queries.outputs(session, pair.candidate.id), queries.outputs(session, pair.baseline.id)
    seen, seen_base = _observed(session, pair.candidate.id), _observed(session, pair.baseline.id)
    sources = retrieved.of_cases(session, pair.candidate.id)
    found = []
    for case in queries.cases(session, pair.test_set.id, MOST_CASES):
        ours, theirs = tuned.get(case.id), base.get(case.id)
        if ours is None:
            continue
        said, said_base = _whole(ours), _whole(theirs)
        behavior = case.behavior or case.expected.get("behavior")
        judged = behavior in HELD_BACK
        found.append(
            Answered(
                case_id=case.id,
                output_id=ours[0],
                group=case.group_unit,
                request=_request(case.messages),
                given="\n".join([*_texts(case.messages), *(one.text for one in sources.get(case.id, ()))]),
                expected=_expected(case),
                tuned=said,
                base=said_base,
                behavior=behavior,
                observed=(seen.get(case.id) or _behavior(said)) if judged else None,
                observed_base=(seen_base.get(case.id) or _behavior(said_base)) if judged else None,
            )
        )
    return found


def _whole(output: tuple[str, str | None, str] | None) -> str | None:
    return output[1] if output is not None and output[2] == "complete" else None


def _observed(session: Session, run_id: str) -> dict[str, str]:
    """By case what a behaviour grader of the run saw."""
    rows = [row for row in evals.behaviors(session, run_id) if row.repeat == 0 and row.detail]
    return {row.case_id: str(row.detail["observed"]) for row in rows if row.detail.get("observed")}


def _behavior(said: str | None) -> str | None:
    """Where no grader looked: by the rules of the behaviour grader."""
    return classify(said).behavior if said else None


def _expected(case: TestCase) -> str:
    return str(case.expected.get("text") or case.expected.get("label") or "")


def _texts(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    return [text_of(message.get("content")) for message in messages]


def _request(messages: Sequence[Mapping[str, Any]]) -> str:
    return "\n".join(_texts([one for one in messages if one.get("role") not in INSTRUCTION_ROLES]))


def _trained(session: Session, version_id: str) -> list[Trained]:
    found = []
    for example_id, number, messages, behavior in queries.trained(session, version_id, MOST_ROWS):
        index = answer_index(messages)
        answer = text_of(messages[index].get("content")) if index is not None else ""
        found.append(Trained(example_id, number, _request(prompt(messages)), answer, behavior))
    return found


def _general(session: Session, project_id: str, pairs: Sequence[RunPair]) -> tuple[Sides | None, list[Row]]:
    """The difference in following instructions, and cases that only the base followed."""
    try:
        found = worked_out.of_pairs(session, project_id, pairs) if pairs else None
    except NotReady:
        found = None
    if found is None or GENERAL not in found.differences:
        return None, []
    before, after = found.material.baseline.rates[GENERAL], found.material.candidate.rates[GENERAL]
    lost = [case for case in found.material.cases if before.get(case, 0) > after.get(case, 1)][:SHOWN]
    outputs = {case: one for pair in pairs for case, one in queries.outputs(session, pair.candidate.id).items()}
    words = "The base followed its instructions, and the tuned model does not."
    return found.differences[GENERAL], [Row(case, outputs[case][0], words) for case in lost if case in outputs]


def _sides(session: Session, project_id: str, pairs: Sequence[RunPair], key: str) -> Sides | None:
    try:
        return worked_out.of_pairs(session, project_id, pairs).differences.get(key) if pairs else None
    except NotReady:
        return None
