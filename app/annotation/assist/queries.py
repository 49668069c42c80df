"""SQL of model batches."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import CursorResult, Row, and_, func, select, text
from sqlalchemy.orm import Session

from app.annotation.assist.models import ModelBatch, ModelBatchItem
from app.core.errors import NotFound
from app.core.ids import is_id
from app.datasets.models import TestCase
from app.examples.forms import ExampleFilter
from app.examples.models import Example, Revision
from app.examples.queries import conditions, id_of_cursor, one_of, one_of_ids, test_side
from app.web.paging import Slice, cut

PLAN = text("""
insert into paid_calls (id, project_id, provider_id, subject_id, purpose, item, attempt, state, cost_estimate)
select gen_random_uuid(), b.project_id, b.provider_id, b.id, b.kind, i.example_id, 1, 'planned',
  given.estimate
from model_batches b join model_batch_items i on i.batch_id = b.id
join unnest(cast(:ids as uuid[]), cast(:estimates as float8[])) as given(id, estimate) on given.id = i.example_id
where b.id = :batch on conflict do nothing
""")
# the newest attempt of each call whose answer was lost on the way
RESEND = text("""
insert into paid_calls (id, project_id, provider_id, subject_id, purpose, item, attempt, state, cost_estimate)
select gen_random_uuid(), project_id, provider_id, subject_id, purpose, item, attempt + 1, 'planned', cost_estimate
from paid_calls where subject_id = :batch and state = 'unknown'
""")
LOSE = text("""
update model_batch_items set state = 'lost', reason = 'No answer arrived, though the call may have been billed.'
where batch_id = :batch and state = 'waiting' and example_id in
  (select item::uuid from paid_calls where subject_id = :batch and state = 'unknown')
""")
DECIDE = text("""
update paid_calls set state = 'accepted', decided_by = :user, finished_at = clock_timestamp()
where subject_id = :batch and state = 'unknown'
""")
UNKNOWN = text("""
select count(*), coalesce(sum(cost_estimate), 0)::float8 from paid_calls
where subject_id = :batch and state = 'unknown'
""")


def get(session: Session, project_id: str, batch_id: str, kind: str, *, lock: bool = False) -> ModelBatch:
    found = None
    if is_id(batch_id):
        query = select(ModelBatch).where(
            ModelBatch.project_id == project_id, ModelBatch.id == batch_id, ModelBatch.kind == kind
        )
        if lock:
            query = query.with_for_update().execution_options(populate_existing=True)
        found = session.scalar(query)
    if found is None:
        raise NotFound("This batch")
    return found


def page(session: Session, project_id: str, kind: str, cursor: str | None, limit: int) -> Slice[ModelBatch]:
    """Newest first."""
    query = select(ModelBatch).where(ModelBatch.project_id == project_id, ModelBatch.kind == kind)
    after = id_of_cursor(cursor)
    if after is not None:
        query = query.where(ModelBatch.id < after)
    rows = session.scalars(query.order_by(ModelBatch.id.desc()).limit(limit + 1)).all()
    return cut(rows, limit, lambda row: (row.id,))


def items(session: Session, batch_id: str, limit: int) -> Sequence[Row[ModelBatchItem, Example]]:
    """(item, its example), those that failed first."""
    query = select(ModelBatchItem, Example).join(Example, Example.id == ModelBatchItem.example_id)
    query = query.where(ModelBatchItem.batch_id == batch_id)
    return session.execute(query.order_by(ModelBatchItem.state != "failed", Example.number).limit(limit)).all()


def chosen(session: Session, project_id: str, wanted: ExampleFilter, limit: int) -> Sequence[Row[Example, Revision]]:
    """(example, current revision) of what the filter matches on the training side, oldest first."""
    current = and_(Revision.example_id == Example.id, Revision.number == Example.revision)
    query = select(Example, Revision).join(Revision, current).where(*conditions(project_id, wanted))
    return session.execute(query.where(Example.split == "train").order_by(Example.number).limit(limit)).all()


def count_held_out(session: Session, project_id: str, wanted: ExampleFilter) -> int:
    """How many that match stand on the test side, and so are never sent anywhere."""
    query = select(func.count()).select_from(Example).where(*conditions(project_id, wanted), Example.split == "test")
    return session.scalar(query) or 0


def held_out(session: Session, project_id: str, units: Sequence[str]) -> set[str]:
    """Those of the units that stand on the test side, or in a test set that is still a draft."""
    asked = select(TestCase.fingerprint_unit).where(
        TestCase.project_id == project_id, one_of(TestCase.fingerprint_unit, units)
    )
    return test_side(session, project_id, units) | set(session.scalars(asked))


def known(session: Session, project_id: str, units: Sequence[str]) -> set[str]:
    """Those of the units that an example of the project asks already."""
    query = select(Example.fingerprint_unit).where(
        Example.project_id == project_id, Example.deleted_at.is_(None), one_of(Example.fingerprint_unit, units)
    )
    return set(session.scalars(query))


def plan(session: Session, batch_id: str, estimates: Sequence[tuple[str, float | None]]) -> None:
    """A planned call for each item (example id, what it may cost at most)."""
    ids, dollars = [one for one, _cost in estimates], [cost for _one, cost in estimates]
    session.execute(PLAN, {"batch": batch_id, "ids": ids, "estimates": dollars})


def unknown(session: Session, batch_id: str) -> tuple[int, float]:
    """Calls that may have been billed without an answer, and what they may have cost."""
    count, dollars = session.execute(UNKNOWN, {"batch": batch_id}).one()
    return int(count), float(dollars)


def resend_unknown(session: Session, batch_id: str, user_id: str) -> None:
    session.execute(RESEND, {"batch": batch_id})
    session.execute(DECIDE, {"batch": batch_id, "user": user_id})


def accept_unknown(session: Session, batch_id: str, user_id: str) -> int:
    """Take the loss. Answers how many items have no answer."""
    lost: CursorResult[Any] = session.execute(LOSE, {"batch": batch_id})  # type: ignore[assignment]
    session.execute(DECIDE, {"batch": batch_id, "user": user_id})
    return int(lost.rowcount)


def numbers(session: Session, ids: Sequence[str]) -> dict[str, int]:
    query = select(Example.id, Example.number).where(one_of_ids(Example.id, ids))
    return {row[0]: row[1] for row in session.execute(query)}
