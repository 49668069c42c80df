"""Graders with a judge."""

from typing import Any

from sqlalchemy import select

from app.evals.judges.models import JudgementRow
from app.evals.models import EvalRun, Grade, Output
from tests.evals.conftest import Bench

PROMPT = [
    {"role": "system", "content": "Rate the reply."},
    {"role": "user", "content": "{{item.input}}\n\n{{sample.output_text}}"},
]


def scorer(bench: Bench, kind: str = "steady", **fields: Any) -> dict[str, Any]:
    """A ``score_model`` whose model is a judge of that kind at the bench's provider."""
    bench.double.script.judges[f"judge-{kind}"] = kind
    given = {"type": "score_model", "name": "judge", "model": f"judge-{kind}", "input": PROMPT}
    return given | {"provider": bench.candidate.provider_id} | fields


def labeller(bench: Bench, kind: str = "steady", **fields: Any) -> dict[str, Any]:
    labels = {"type": "label_model", "labels": ["good", "bad"], "passing_labels": ["good"]}
    return scorer(bench, kind) | labels | fields


def judgements(bench: Bench, run: EvalRun) -> list[JudgementRow]:
    query = select(JudgementRow).where(JudgementRow.run_id == run.id)
    return list(bench.session.scalars(query.order_by(JudgementRow.output_id, JudgementRow.turn)))


def grades(bench: Bench, run: EvalRun, name: str = "judge") -> list[Grade]:
    query = select(Grade).join(Output, Output.id == Grade.output_id)
    return list(bench.session.scalars(query.where(Output.run_id == run.id, Grade.grader == name).order_by(Output.id)))


def judge_requests(bench: Bench) -> list[dict[str, Any]]:
    """What reached judges, as it came."""
    return [r["body"] for r in bench.double.requests if r.get("body", {}).get("model", "").startswith("judge-")]
