"""The page of a run: how far it is, what it measured, its outputs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.candidates import queries as candidates
from app.core.clock import utcnow
from app.datasets import queries as datasets
from app.evals import behaviors, breakdown_view, calls, instructions_view, queries, reuses
from app.evals.behaviors import BehaviorView
from app.evals.breakdown_view import BreakdownView
from app.evals.calls import Unknown
from app.evals.catalogue import METRICS
from app.evals.forms import OutputFilter
from app.evals.instructions_view import InstructionsView
from app.evals.judges.panel import JudgePanel, panel
from app.evals.metric_rows import MetricRow, metric_row
from app.evals.models import LIVE, EvalRun
from app.evals.output_page import OutputRow, output_row, shown_grades
from app.evals.reuses import Reused
from app.projects.access import Access
from app.web.forms import FormState
from app.web.snippets import Snippet, call

PAGE = 25


@dataclass(frozen=True)
class Standing:
    """How far a run is and what may be done about it: the part that is fetched again each second."""

    slug: str
    run: EvalRun
    unknown: Unknown
    eta: float | None  # seconds
    failed: int  # outputs whose call failed
    can_change: bool
    reused: Sequence[Reused]

    @property
    def title(self) -> str:
        return f"Run {self.run.number}"

    @property
    def live(self) -> bool:
        return self.run.status in LIVE


@dataclass(frozen=True)
class RunPage(Standing):
    candidate: str
    candidate_id: str
    uploaded: bool
    test_set: str
    test_set_id: str
    uses: int
    metrics: Sequence[MetricRow]
    behaviors: BehaviorView | None
    judges: JudgePanel | None
    instructions: InstructionsView | None
    breakdown: BreakdownView | None
    counts: dict[str, int]
    outputs: Sequence[OutputRow]
    older: str | None
    wanted: OutputFilter
    tags: Sequence[str]
    graders: str  # JSON, for grading again
    snippets: Sequence[Snippet]
    form: FormState

    @property
    def filtered(self) -> bool:
        return any((self.wanted.outcome, self.wanted.status, self.wanted.behavior, self.wanted.tag))


def standing(session: Session, access: Access, run: EvalRun) -> Standing:
    failed = 0 if run.status in LIVE else queries.outcome_counts(session, run.id)["failed"]
    unknown = calls.unknown(session, run.id)
    reused = reuses.of_run(session, run)
    return Standing(access.project.slug, run, unknown, eta(run), failed, access.can("engineer"), reused)


def one(session: Session, access: Access, run: EvalRun, wanted: OutputFilter, form: FormState | None = None) -> RunPage:
    candidate = candidates.get(session, access.project.id, run.candidate_id)
    test_set = datasets.find_set(session, access.project.id, run.test_set_id)
    found = queries.outputs(session, run.id, wanted, cursor=wanted.cursor, limit=PAGE)
    grades = shown_grades(session, access, run, [output.id for _case, output in found.items])
    counts = queries.outcome_counts(session, run.id)
    return RunPage(
        slug=access.project.slug,
        run=run,
        candidate=candidate.name,
        candidate_id=candidate.id,
        uploaded=candidate.origin == "upload",
        test_set=test_set.name if test_set else "",
        test_set_id=run.test_set_id,
        uses=datasets.uses(session, run.test_set_id),
        metrics=[metric_row(m) for m in run.metrics or [] if m["key"] in METRICS],
        behaviors=behaviors.view(session, run.id) if run.metrics else None,
        judges=panel(session, run, access.user.id) if run.metrics else None,
        instructions=instructions_view.view(run.metrics or []),
        breakdown=breakdown_view.view(session, access.project.slug, run),
        counts=counts,
        failed=counts["failed"],
        unknown=calls.unknown(session, run.id),
        eta=eta(run),
        outputs=[output_row(case, output, grades[output.id]) for case, output in found.items],
        older=found.next_cursor,
        wanted=wanted,
        tags=queries.tags(session, run.test_set_id),
        snippets=snippets_of(access.project.slug, run, candidate.origin == "upload"),
        graders=json.dumps([grader_object(g) for g in run.graders], indent=2, ensure_ascii=False),
        form=form or FormState(),
        can_change=access.can("engineer"),
        reused=reuses.of_run(session, run),
    )


def grader_object(snapshot: dict[str, Any]) -> dict[str, Any]:
    """A grader of a run as it may be given again: its definition, with what it counts for and which version it is."""
    kept = {name: snapshot[name] for name in ("metric", "pass_threshold", "version") if snapshot.get(name) is not None}
    return {"name": snapshot["name"], "definition": snapshot["definition"], **kept}


def snippets_of(slug: str, run: EvalRun, uploaded: bool) -> list[Snippet]:
    """To read the run, and to start the same one again where its candidate can be asked."""
    path = f"/api/v1/projects/{slug}/eval-runs"
    found = call(f"{path}/{run.id}", "answer['status'], answer['metrics']", what="read it")
    found += call(f"{path}/{run.id}/outputs", "[one['text'] for one in answer['items']]", what="its outputs")
    if uploaded:
        return found
    kept = ("candidate_id", "test_set_id", "concurrency", "repeats", "stream", "reuse_identical")
    body = {name: getattr(run, name) for name in kept}
    body["graders"] = [grader_object(grader) for grader in run.graders]
    return found + call(path, "answer['id'], answer['status']", body, "start the same again")


def eta(run: EvalRun) -> float | None:
    """Seconds until the end at the pace so far; None before anything has come back."""
    if run.status != "running" or run.started_at is None or not run.done:
        return None
    return (utcnow() - run.started_at).total_seconds() / run.done * (run.total - run.done)
