"""SQL of worked examples. What stands in a test set, or near one of its cases, is never among them."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Row, Select, Text, and_, cast, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.candidates.few_shot.forms import FewShot
from app.candidates.few_shot.models import CandidateShot
from app.datasets.models import TestCase
from app.examples.models import Example, Revision, SplitAssignment
from app.examples.queries import one_of_ids

LOOKED_AT = 500  # examples in the drawn order: those that cannot be shown as turns are passed over
Content = Row[Example, Revision]


def asked_in_tests(test_set_id: str | None = None) -> ColumnElement[bool]:
    """A condition on Example: a case (of this set, or of any, drafts included) asks the same, stands in the same
    group, or is a near-duplicate."""
    mine, other = aliased(SplitAssignment), aliased(SplitAssignment)
    in_set = [TestCase.test_set_id == test_set_id] if test_set_id else []
    same = or_(TestCase.fingerprint_unit == Example.fingerprint_unit, TestCase.group_unit == Example.group_unit)
    directly = exists().where(TestCase.project_id == Example.project_id, same, *in_set)
    nearly = (
        select(TestCase.id)
        .join(other, and_(other.project_id == TestCase.project_id, other.unit == TestCase.fingerprint_unit))
        .join(mine, and_(mine.project_id == other.project_id, mine.cluster == other.cluster))
        .where(mine.project_id == Example.project_id, mine.unit == Example.fingerprint_unit, *in_set)
        .exists()
    )
    return or_(directly, nearly)


def usable(project_id: str) -> list[ColumnElement[bool]]:
    """What may stand in a prompt: approved, on the training side, free of findings that must not be trained on."""
    return [
        Example.project_id == project_id,
        Example.deleted_at.is_(None),
        Example.status == "approved",
        Example.split == "train",
        Example.blocked == [],
        ~asked_in_tests(),
    ]


def drawn(session: Session, project_id: str, wanted: FewShot) -> Sequence[Content]:
    """(example, current revision) in the order of the draw."""
    query = _with_content().where(*usable(project_id))
    if wanted.tag:
        query = query.where(Example.tags.contains([wanted.tag]))
    if wanted.behavior:
        query = query.where(Example.behavior == wanted.behavior)
    order = func.hashtextextended(cast(Example.id, Text), wanted.seed)
    return session.execute(query.order_by(order, Example.id).limit(LOOKED_AT)).all()


def named(session: Session, project_id: str, ids: Sequence[str]) -> dict[str, Content]:
    """By id those of the examples that may be used."""
    rows = session.execute(_with_content().where(*usable(project_id), one_of_ids(Example.id, ids)))
    return {row[0].id: row for row in rows}


def _with_content() -> Select[Example, Revision]:
    current = and_(Revision.example_id == Example.id, Revision.number == Example.revision)
    return select(Example, Revision).join(Revision, current)


def of_candidate(session: Session, candidate_id: str) -> Sequence[CandidateShot]:
    query = select(CandidateShot).where(CandidateShot.candidate_id == candidate_id)
    return session.scalars(query.order_by(CandidateShot.position)).all()


def by_candidate(session: Session, candidate_ids: Sequence[str]) -> dict[str, list[CandidateShot]]:
    found: dict[str, list[CandidateShot]] = {one: [] for one in candidate_ids}
    query = select(CandidateShot).where(CandidateShot.candidate_id.in_(candidate_ids))
    for row in session.scalars(query.order_by(CandidateShot.candidate_id, CandidateShot.position)):
        found[row.candidate_id].append(row)
    return found


def numbers(session: Session, candidate_id: str) -> dict[str, int]:
    """The examples' own numbers, by id."""
    query = select(Example.id, Example.number).join(CandidateShot, CandidateShot.example_id == Example.id)
    rows = session.execute(query.where(CandidateShot.candidate_id == candidate_id))
    return {row[0]: row[1] for row in rows}


def leaked(session: Session, candidate_id: str, test_set_id: str) -> Sequence[int]:
    """Numbers of the candidate's worked examples that a case of this set asks too, exactly or nearly."""
    query = select(Example.number).join(CandidateShot, CandidateShot.example_id == Example.id)
    query = query.where(CandidateShot.candidate_id == candidate_id, asked_in_tests(test_set_id))
    return session.scalars(query.order_by(Example.number)).all()
