"""Bringing what is stored into line with what was seen: new findings open, vanished ones are resolved.

What a person accepted stays accepted for as long as it is seen and the acceptance holds.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select, text
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.orm import Session

from app.checks import rules
from app.checks.models import Finding, FindingDecision
from app.checks.pool.seen import Seen
from app.core.ids import new_id
from app.examples.queries import one_of, one_of_ids

SHOWN = ("revision", "code", "message_index", "start", "stop", "replacement", "words", "evidence")
ACCEPTING = ("accept", "approve", "not_duplicate")
# What lists and versions read of an example. Rows are locked in the order of their ids, as bulk actions lock them.
SUMMARIES = text("""
with wanted as (
  select ids.id,
    coalesce(array_agg(distinct f.kind order by f.kind) filter (where f.state = 'open'), '{}') as kinds,
    coalesce(array_agg(distinct case
        when f.until is null then (cast(:reasons as jsonb) ->> f.kind) || ': ' || replace(f.code, '_', ' ')
        else 'approval for training expired: on ' || to_char(f.until, 'FMDD Mon YYYY') end)
      filter (where f.state = 'open' and cast(:reasons as jsonb) ? f.kind and f.code <> 'semantic'), '{}') as blocked,
    min(f.until) filter (where f.state = 'accepted' and cast(:reasons as jsonb) ? f.kind) as until
  from unnest(cast(:ids as uuid[])) ids(id) left join findings f on f.example_id = ids.id
  group by ids.id
), locked as (
  select w.* from examples e join wanted w on w.id = e.id
  where (e.findings, e.blocked) is distinct from (w.kinds, w.blocked) or e.allowed_until is distinct from w.until
  order by e.id for no key update of e
)
update examples e set findings = l.kinds, blocked = l.blocked, allowed_until = l.until
from locked l where e.id = l.id
""")
REASONS = {kind.key: kind.held_back for kind in rules.KINDS.values() if kind.blocks}


def lock(session: Session, project_id: str) -> None:
    """Until the transaction ends nobody else changes findings of this project.

    A scan goes from findings to examples, a person's decision from an example to the findings around it: without
    this the two could wait for each other. Take it after the lock on the splits, before any row.
    """
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"findings:{project_id}", 0))))


def reconcile(
    session: Session,
    project_id: str,
    example_ids: Collection[str],
    kinds: Collection[str],
    seen: Sequence[Seen],
    now: datetime,
) -> Counter[str]:
    """``seen`` is everything of these kinds in these examples. Answers how many are new, by kind."""
    stored = {(row.example_id, row.kind, row.key): row for row in _locked(session, example_ids, kinds)}
    wanted = {(one.example_id, one.found.kind, one.found.key): one for one in seen}
    returned = [row for key, row in stored.items() if key in wanted and row.state == "resolved"]
    accepted = _accepted(session, returned)
    for key, row in stored.items():
        if key in wanted:
            _update(row, wanted[key], accepted.get(row.id), now)
        elif row.state != "resolved":
            row.state, row.until, row.state_at = "resolved", None, now
    session.flush()
    fresh = [_values(project_id, one) for key, one in wanted.items() if key not in stored]
    if fresh:
        session.execute(insert(Finding).on_conflict_do_nothing(), fresh)
    summarise(session, example_ids)
    return Counter(row["kind"] for row in fresh) + Counter(row.kind for row in returned if row.state == "open")


def summarise(session: Session, example_ids: Collection[str]) -> None:
    """Write on the examples which kinds are open, and what keeps them out of versions."""
    from orjson import dumps

    session.flush()
    if example_ids:
        session.execute(SUMMARIES, {"ids": sorted(example_ids), "reasons": dumps(REASONS).decode()})


def _locked(session: Session, example_ids: Collection[str], kinds: Collection[str]) -> Sequence[Finding]:
    query = select(Finding).where(one_of_ids(Finding.example_id, sorted(example_ids)), one_of(Finding.kind, kinds))
    return session.scalars(query.execution_options(populate_existing=True)).all()


def _accepted(session: Session, rows: Sequence[Finding]) -> Mapping[str, tuple[datetime | None]]:
    """Until when an acceptance holds, by id, of those whose latest decision was one."""
    if not rows:
        return {}
    d = FindingDecision
    said = case((d.action == "undo", None), else_=d.action)
    query = (
        select(d.finding_id, said, d.expires_at)
        .where(one_of_ids(d.finding_id, [row.id for row in rows]))
        .ext(distinct_on(d.finding_id))
        .order_by(d.finding_id, d.id.desc())
    )
    return {row[0]: (row[2],) for row in session.execute(query) if row[1] in ACCEPTING}


def _update(row: Finding, one: Seen, accepted: tuple[datetime | None] | None, now: datetime) -> None:
    for name, value in _shown(one).items():
        if getattr(row, name) != value:
            setattr(row, name, value)
    if row.state == "resolved":
        holds = accepted is not None and rules.holds(accepted[0], now)
        row.state, row.state_at = "accepted" if holds else "open", now
        row.until = accepted[0] if accepted and holds else None


def _shown(one: Seen) -> dict[str, Any]:
    fields = {name: getattr(one.found, name) for name in SHOWN if name != "revision"}
    evidence = dict(one.found.evidence)
    return fields | {
        "evidence": evidence,
        "revision": one.revision,
        "cluster": one.cluster,
        "other_example_id": one.other,
    }


def _values(project_id: str, one: Seen) -> dict[str, Any]:
    keys = {"id": new_id(), "project_id": project_id, "example_id": one.example_id}
    return keys | {"kind": one.found.kind, "key": one.found.key, "state": "open"} | _shown(one)


def resolve_all(session: Session, example_ids: Collection[str], now: datetime) -> None:
    """Nothing that is open in these examples matters any more: they have left the training pool."""
    query = select(Finding).where(one_of_ids(Finding.example_id, sorted(example_ids)), Finding.state == "open")
    for row in session.scalars(query):
        row.state, row.state_at = "resolved", now
    summarise(session, example_ids)


def open_counts(session: Session, project_id: str) -> dict[str, int]:
    """Open findings by kind: what the rail, the overview and the page *Checks* say. Index only."""
    query = select(Finding.kind, func.count()).where(Finding.project_id == project_id, Finding.state == "open")
    return dict(session.execute(query.group_by(Finding.kind)).all())
