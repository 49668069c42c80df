"""What a version would take, and why it would leave out the rest: one statement, so that no row comes into memory.

An example gets the first reason that holds; of equal prompts the one with the lowest number goes in.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    MetaData,
    Subquery,
    Table,
    Text,
    and_,
    case,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.orm import Session, aliased

from app.core.db import Id
from app.datasets.models import DatasetVersionExclusion, DatasetVersionItem
from app.datasets.near.link_queries import near_sealed_cases
from app.datasets.rules import Exclusion
from app.examples.forms import ExampleFilter
from app.examples.models import Example, Revision, SplitAssignment
from app.examples.queries import conditions

# what a freeze took a look at, once: a person may approve something between two statements
PLAN = Table(
    "freeze_plan",
    MetaData(),
    Column("example_id", Id),
    Column("number", BigInteger),
    Column("revision", Integer),
    Column("revision_id", Id),
    Column("fingerprint_unit", Text),
    Column("group_unit", Text),
    Column("reason", Text),
    Column("position", Integer),
)
EXPIRED = "approval for training expired: on "
_CREATE = """
create temporary table freeze_plan (
  example_id uuid, number bigint, revision int, revision_id uuid, fingerprint_unit text, group_unit text, reason text,
  position int
) on commit drop
"""


def judged(project_id: str, wanted: ExampleFilter, status: str, now: datetime) -> Subquery:
    """Every example that the filter matches, whatever its status, with ``reason`` (null: it goes in).

    ``now`` decides whether an approval of what the checks found still holds.
    """
    prompt_side, group_side = aliased(SplitAssignment), aliased(SplitAssignment)
    held_out = or_(prompt_side.split.is_distinct_from("train"), group_side.split.is_distinct_from("train"))
    near_a_case = Revision.fingerprint_unit.in_(near_sealed_cases(project_id))
    own = (
        select(
            Example.id.label("example_id"),
            Example.number,
            Example.revision,
            Revision.id.label("revision_id"),
            Revision.fingerprint_unit,
            Revision.group_unit,
            Revision.content_hash,
            case(
                (held_out, literal("on the test side")),
                (near_a_case, literal("near-duplicate of a test case")),
                (Example.status != status, _not(status) + func.replace(Example.status, "_", " ")),
                (Example.blocked != [], Example.blocked[1]),
                (Example.allowed_until <= now, literal(EXPIRED) + func.to_char(Example.allowed_until, "FMDD Mon YYYY")),
                (Revision.messages[-1]["role"].astext.is_distinct_from("assistant"), literal("no assistant answer")),
            ).label("why"),
        )
        .join(Revision, and_(Revision.example_id == Example.id, Revision.number == Example.revision))
        .outerjoin(prompt_side, _stands(prompt_side, Example.fingerprint_unit))
        .outerjoin(group_side, _stands(group_side, Example.group_unit))
        .where(*conditions(project_id, wanted.model_copy(update={"status": None})))
        .subquery()
    )
    equal: dict[str, Any] = {
        "partition_by": [own.c.fingerprint_unit, own.c.why.is_(None)],
        "order_by": own.c.number,
    }
    first = func.first_value(own.c.number).over(**equal)
    first_content = func.first_value(own.c.content_hash).over(**equal)
    number = func.concat("#", first)
    reason = case(
        (own.c.why.is_not(None), own.c.why),
        (first == own.c.number, None),
        (first_content == own.c.content_hash, func.concat("exact duplicate: of ", number)),
        else_=func.concat("same request, other answer: ", number, " came first"),
    )
    columns = [own.c[column.name] for column in PLAN.c if column.name not in ("reason", "position")]
    return select(*columns, reason.label("reason")).subquery()


def _not(status: str) -> Any:
    return literal(f"not {status.replace('_', ' ')}: ")


def _stands(side: Any, unit: Any) -> Any:
    return and_(side.project_id == Example.project_id, side.unit == unit)


def kinds(session: Session, rows: Subquery | Table) -> tuple[int, list[tuple[str, int]]]:
    """(how many go in, how many are left out for which kind of reason, the commonest first)."""
    kind = func.split_part(rows.c.reason, ":", 1)
    query = select(kind, func.count()).group_by(kind).order_by(func.count().desc(), kind)
    found = [(name, number) for name, number in session.execute(query)]
    return sum(number for name, number in found if name is None), [(n, number) for n, number in found if n is not None]


def left_out(session: Session, rows: Subquery | Table, limit: int) -> list[Exclusion]:
    query = select(rows.c.example_id, rows.c.number, rows.c.reason).where(rows.c.reason.is_not(None))
    return [Exclusion(*row) for row in session.execute(query.order_by(rows.c.number).limit(limit))]


def take_down(session: Session, rows: Subquery) -> None:
    """Write the plan into ``PLAN``, with the position of what goes in, for the rest of the transaction."""
    session.execute(text("drop table if exists pg_temp.freeze_plan"))
    session.execute(text(_CREATE))
    place = func.row_number().over(partition_by=rows.c.reason.is_(None), order_by=rows.c.number)
    position = case((rows.c.reason.is_(None), place))
    columns = [column.name for column in PLAN.c]
    session.execute(insert(PLAN).from_select(columns, select(*(rows.c[n] for n in columns[:-1]), position)))
    session.execute(text("analyze freeze_plan"))


def insert_planned(session: Session, version_id: str, project_id: str) -> None:
    """The items and exclusions of a new version. Outside any savepoint: afterwards the database takes no more."""
    version = literal(version_id, Id)
    items = select(
        version, PLAN.c.position, literal(project_id, Id), PLAN.c.example_id, PLAN.c.revision_id,
        PLAN.c.fingerprint_unit, PLAN.c.group_unit, literal_column("'train'"),
    ).where(PLAN.c.reason.is_(None)).order_by(PLAN.c.position)  # fmt: skip
    names = [
        "dataset_version_id", "position", "project_id", "example_id", "revision_id",
        "fingerprint_unit", "group_unit", "split",
    ]  # fmt: skip
    session.execute(insert(DatasetVersionItem).from_select(names, items))
    reasons = select(version, PLAN.c.example_id, PLAN.c.reason).where(PLAN.c.reason.is_not(None))
    columns = ["dataset_version_id", "example_id", "reason"]
    session.execute(insert(DatasetVersionExclusion).from_select(columns, reasons))
