"""Reading judgements as graders take them."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from app.evals.graders.judging import Judgement
from app.evals.judges.models import JudgementRow
from app.evals.models import EvalRun

ByJudge = Mapping[str, Sequence[Judgement]]


def of_run(session: Session, run_id: str) -> dict[str, ByJudge]:
    """By output id: what each judge said of it, one judgement for each turn, in order."""
    return _by_output(session, JudgementRow.run_id == run_id)


def of_outputs(session: Session, output_ids: Sequence[str]) -> dict[str, ByJudge]:
    return _by_output(session, JudgementRow.output_id.in_(output_ids))


def manifest(session: Session, run: EvalRun) -> dict[str, Any]:
    """What the manifest of a judged run says beside its graders: the models that answered, and a hash of all they said.
    Nothing for a run without judges."""
    rows = session.execute(
        select(
            JudgementRow.output_id,
            JudgementRow.judge,
            JudgementRow.turn,
            JudgementRow.status,
            JudgementRow.score,
            JudgementRow.label,
            JudgementRow.model_returned,
        )
        .where(JudgementRow.run_id == run.id)
        .order_by(JudgementRow.output_id, JudgementRow.judge, JudgementRow.turn)
    ).all()
    if not rows:
        return {}
    models: dict[str, set[str]] = {}
    for row in rows:
        models.setdefault(row.judge, set()).update([row.model_returned] if row.model_returned else [])
    said = orjson.dumps([list(row[:6]) for row in rows])
    return {
        "judges": {judge: sorted(names) for judge, names in sorted(models.items())},
        "judgements_sha256": hashlib.sha256(said).hexdigest(),
    }


def _by_output(session: Session, which: ColumnElement[bool]) -> dict[str, ByJudge]:
    columns = (
        JudgementRow.output_id,
        JudgementRow.judge,
        JudgementRow.status,
        JudgementRow.score,
        JudgementRow.label,
        JudgementRow.reason,
        JudgementRow.problem,
    )
    query = select(*columns).where(which).order_by(JudgementRow.output_id, JudgementRow.judge, JudgementRow.turn)
    found: dict[str, dict[str, list[Judgement]]] = {}
    for row in session.execute(query):
        said = Judgement(row.status, row.score, row.label, row.reason, row.problem)
        found.setdefault(row.output_id, {}).setdefault(row.judge, []).append(said)
    return dict(found)
