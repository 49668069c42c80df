"""Finished runs with grades on sealed sets, made of rows: what a comparison needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.candidates.models import Baseline, Candidate
from app.core.ids import new_id
from app.datasets.models import TestCase, TestSet
from app.datasets.near import service as near
from app.datasets.queries import note_access
from app.evals.models import EvalRun, Grade, Output
from app.examples.models import SplitAssignment
from app.projects.models import Project

EQUAL = {
    "type": "string_check",
    "operation": "eq",
    "input": "{{sample.output_text}}",
    "reference": "{{item.expected.label}}",
}
LABEL = {"name": "label", "metric": "task_accuracy", "definition": EQUAL, "pass_threshold": 1.0}
BEHAVIOR = {
    "name": "behavior", "metric": "refusal_correctness", "definition": {"type": "behavior"}, "pass_threshold": 1.0,
}  # fmt: skip


@dataclass
class Bench:
    """A project with sealed sets and candidates; ``passes`` of a run name the cases that pass, by position."""

    session: Session
    project: Project
    sets: dict[str, TestSet] = field(default_factory=dict)
    cases: dict[str, list[TestCase]] = field(default_factory=dict)

    def test_set(
        self, size: int, name: str = "Held out", kind: str = "task", *, sealed: bool = True,
        tags: Mapping[int, Sequence[str]] | None = None, behaviors: Mapping[int, str] | None = None,
        group_of: int = 1,
    ) -> TestSet:  # fmt: skip
        """``size`` cases; ``group_of`` neighbours share a group."""
        test_set = TestSet(id=new_id(), project_id=self.project.id, name=name, kind=kind, size=size)
        self.session.add(test_set)
        self.session.flush()
        units = {f"fp:{name}:{n}": f"group:{name}:{n // group_of}" for n in range(size)}
        sides = [{"project_id": self.project.id, "unit": one, "split": "test"} for one in {*units, *units.values()}]
        self.session.execute(insert(SplitAssignment), sides)
        made = [
            TestCase(
                id=new_id(), project_id=self.project.id, test_set_id=test_set.id, position=n, fingerprint_unit=unit,
                group_unit=group, messages=[{"role": "user", "content": f"{name} question {n}?"}],
                expected={"label": f"right {n}"}, behavior=(behaviors or {}).get(n),
                tags=list((tags or {}).get(n, ())), content_hash=unit, split="test",
            )
            for n, (unit, group) in enumerate(units.items())
        ]  # fmt: skip
        self.session.add_all(made)
        self.session.flush()
        if sealed:
            near.bring_up_to_date(self.session, self.project.id)
            test_set.content_hash, test_set.sealed_at = "hash", self.project.created_at
        self.session.commit()
        self.sets[name], self.cases[name] = test_set, made
        return test_set

    def candidate(self, name: str, *, origin: str = "manual", baseline: bool = False) -> Candidate:
        candidate = Candidate(project_id=self.project.id, name=name, model=f"model-of-{name}", origin=origin)
        self.session.add(candidate)
        self.session.flush()
        if baseline:
            self.session.add(Baseline(project_id=self.project.id, candidate_id=candidate.id))
        self.session.commit()
        return candidate

    def run(
        self, candidate: Candidate, passes: Sequence[int], set_name: str = "Held out", *, status: str = "succeeded",
        graders: Sequence[dict[str, Any]] = (LABEL,), also: Mapping[str, Sequence[int]] | None = None,
        not_whole: Mapping[int, str] | None = None, latency: float | None = None, cost: float | None = None,
    ) -> EvalRun:  # fmt: skip
        """``passes``: for the first grader; ``also``: for the others, by grader. ``not_whole``: 'truncated', 'failed'
        or 'missing' by position."""
        cases, test_set = self.cases[set_name], self.sets[set_name]
        run = EvalRun(
            project_id=self.project.id, candidate_id=candidate.id, test_set_id=test_set.id, graders=list(graders),
            status=status, total=len(cases), done=len(cases),
        )  # fmt: skip
        self.session.add(run)
        self.session.flush()
        outputs, grades = [], []
        for case in cases:
            became = (not_whole or {}).get(case.position, "complete")
            if became == "missing":
                continue
            output = Output(
                id=new_id(), run_id=run.id, case_id=case.id, status=became,
                text=f"{candidate.name} says {case.position}", cost=cost,
                latency_ms=None if latency is None else latency + case.position,
            )  # fmt: skip
            outputs.append(output)
            for place, grader in enumerate(graders):
                passed = became == "complete" and case.position in (
                    passes if place == 0 else (also or {})[grader["name"]]
                )
                reason = f"{grader['name']} of {candidate.name}"
                of_grader = {"grader": grader["name"], "metric": grader["metric"], "reason": reason}
                grades.append(Grade(output_id=output.id, score=float(passed), passed=passed, **of_grader))
        self.session.add_all(outputs)
        self.session.flush()
        self.session.add_all(grades)
        note_access(self.session, test_set.id, "scored_run", user_id=None, run_id=run.id)
        self.session.commit()
        return run


def regressed(baseline_right: int, losses: int, gains: int) -> tuple[list[int], list[int]]:
    """Positions that pass on each side: the first ``losses`` of the baseline's are lost, ``gains`` after them won."""
    return list(range(baseline_right)), list(range(losses, baseline_right + gains))
