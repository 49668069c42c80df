"""The two things that a run asks for, as the store needs to know them: outputs of cases, and judgements of outputs."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """``purpose`` of its calls in the ledger; ``insert`` stores a JSON list of rows, ``planned`` lists its calls, and
    ``count`` proves the lease while it counts what came in."""

    purpose: str
    insert: str
    planned: str
    count: str


# columns with their types for jsonb_to_recordset
OUTPUT_COLUMNS = {
    "id": "uuid",
    "run_id": "uuid",
    "case_id": "uuid",
    "repeat": "int",
    "call_id": "uuid",
    "status": "text",
    "text": "text",
    "tool_calls": "jsonb",
    "finish_reason": "text",
    "model_returned": "text",
    "input_tokens": "int",
    "output_tokens": "int",
    "latency_ms": "double precision",
    "first_token_ms": "double precision",
    "cost": "numeric",
    "error": "text",
    "request_sha256": "bytea",
    "reused_from": "uuid",
}
JUDGEMENT_COLUMNS = {
    "id": "uuid",
    "run_id": "uuid",
    "output_id": "uuid",
    "judge": "text",
    "turn": "text",
    "call_id": "uuid",
    "status": "text",
    "score": "double precision",
    "label": "text",
    "reason": "text",
    "problem": "text",
    "answer": "text",
    "model_returned": "text",
    "input_tokens": "int",
    "output_tokens": "int",
    "latency_ms": "double precision",
    "cost": "numeric",
}


def _insert(table: str, columns: Mapping[str, str]) -> str:
    names = ", ".join(columns)
    typed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    return f"insert into {table} ({names}) select * from jsonb_to_recordset(%s::jsonb) as x({typed})"  # noqa: S608


def _planned(joined: str, order: str) -> str:
    return (
        "select c.id::text, c.item, c.provider_id::text, c.cost_estimate::float8 "  # noqa: S608
        f"from paid_calls c {joined} "
        f"where c.subject_id = %s and c.purpose = %s and c.state = 'planned' order by {order}"
    )


def _count(done: str, failed: str, own_cost: str) -> str:
    return (
        f"update eval_runs set {done} = {done} + %(rows)s, {failed} = {failed} + %(bad)s, {own_cost}"  # noqa: S608
        "cost = case when %(known)s::float8 is null then cost else coalesce(cost, 0) + %(cost)s end, "
        "lease_expires_at = clock_timestamp() + make_interval(secs => %(lease_seconds)s) "
        "where id = %(run)s and lease = %(lease)s and status = 'running' "
        "returning cancel_requested_at is not null, budget::float8, coalesce(cost, 0)::float8"
    )


OUTPUTS = Stage(
    "eval",
    _insert("outputs", OUTPUT_COLUMNS),
    _planned(
        "join test_cases t on t.id = split_part(c.item, ':', 1)::uuid", "split_part(c.item, ':', 2)::int, t.position"
    ),
    _count("done", "failed", ""),
)
JUDGEMENTS = Stage(
    "judge",
    _insert("judgements", JUDGEMENT_COLUMNS),
    _planned("join outputs o on o.id = split_part(c.item, ':', 1)::uuid", "o.created_at, c.item"),
    _count(
        "judge_done",
        "judge_failed",
        "judge_cost = case when %(known)s::float8 is null then judge_cost "
        "else coalesce(judge_cost, 0) + %(cost)s end, ",
    ),
)
PURPOSES = (OUTPUTS.purpose, JUDGEMENTS.purpose)
