"""All SQL of the doctor."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, func, select, text
from sqlalchemy.orm import Session

from app.candidates.knowledge.models import Collection, Document, DocumentVersion
from app.candidates.knowledge.models import Passage as PassageRow
from app.core.ids import is_id
from app.datasets.models import DatasetVersionItem, TestCase
from app.evals.models import EvalRun, Output, RunBlind
from app.examples.models import Example, Revision
from app.examples.queries import one_of_ids
from app.finetunes.doctor.material import Passage
from app.finetunes.doctor.models import Examination
from app.finetunes.models import FineTune

MOST_PASSAGES = 20_000
OPEN = ("queued", "running")
# passages of a collection's documents; ``current``: of the newest version that is offered
PASSAGES = text("""
select p.id::text, d.name, v.dated::text, p.heading, p.text,
  v.id = first_value(v.id) over (partition by d.id order by v.dated desc, v.id desc) as current
from knowledge_passages p join knowledge_versions v on v.id = p.version_id
join knowledge_documents d on d.id = v.document_id join knowledge_collections c on c.id = d.collection_id
where c.project_id = cast(:project as uuid) and c.archived_at is null and d.removed_at is null
  and v.removed_at is null and p.text ~ '[0-9]'
order by v.dated desc, p.id limit :limit
""")


def latest(session: Session, fine_tune_id: str) -> Examination | None:
    query = select(Examination).where(Examination.fine_tune_id == fine_tune_id)
    return session.scalar(query.order_by(Examination.id.desc()).limit(1))


def last_finished(session: Session, fine_tune_id: str) -> Examination | None:
    query = select(Examination).where(Examination.fine_tune_id == fine_tune_id, Examination.status == "succeeded")
    return session.scalar(query.order_by(Examination.id.desc()).limit(1))


def open_one(session: Session, fine_tune_id: str) -> Examination | None:
    query = select(Examination).where(Examination.fine_tune_id == fine_tune_id, Examination.status.in_(OPEN))
    return session.scalar(query)


def locked(session: Session, examination_id: str) -> Examination | None:
    query = select(Examination).where(Examination.id == examination_id).with_for_update()
    return session.scalar(query.execution_options(populate_existing=True))


def made_of(session: Session, candidate_id: str) -> FineTune | None:
    """The fine-tune that made this candidate."""
    query = select(FineTune).where(FineTune.candidate_id == candidate_id)
    return session.scalars(query.order_by(FineTune.number)).first() if is_id(candidate_id) else None


def concerned(session: Session, candidate_id: str, limit: int) -> Sequence[FineTune]:
    """Fine-tunes whose candidate, or whose baseline, this is; newest first."""
    query = select(FineTune).where(
        FineTune.candidate_id.is_not(None),
        (FineTune.candidate_id == candidate_id) | (FineTune.baseline_candidate_id == candidate_id),
    )
    return session.scalars(query.order_by(FineTune.id.desc()).limit(limit)).all()


def trained(session: Session, version_id: str, limit: int) -> Sequence[Row[str, int, list[Any], str | None]]:
    """(example id, number, messages, behaviour) of a version's rows in order."""
    query = (
        select(Example.id, Example.number, Revision.messages, Revision.behavior)
        .join(DatasetVersionItem, DatasetVersionItem.example_id == Example.id)
        .join(Revision, Revision.id == DatasetVersionItem.revision_id)
        .where(DatasetVersionItem.dataset_version_id == version_id)
    )
    return session.execute(query.order_by(DatasetVersionItem.position).limit(limit)).all()


def cases(session: Session, set_id: str, limit: int) -> Sequence[TestCase]:
    query = select(TestCase).where(TestCase.test_set_id == set_id).order_by(TestCase.position).limit(limit)
    return session.scalars(query).all()


def outputs(session: Session, run_id: str) -> dict[str, tuple[str, str | None, str]]:
    """By case (output id, its text, its status) of the first repeat."""
    query = select(Output.case_id, Output.id, Output.text, Output.status)
    rows = session.execute(query.where(Output.run_id == run_id, Output.repeat == 0))
    return {case_id: (output_id, said, status) for case_id, output_id, said, status in rows}


def passages(session: Session, project_id: str) -> list[Passage]:
    """Those with a figure, of all collections that are in use; the newest first."""
    rows = session.execute(PASSAGES, {"project": project_id, "limit": MOST_PASSAGES})
    return [Passage(*row) for row in rows]


def knowledge_state(session: Session, project_id: str) -> str:
    """Changes with every version of a document that comes or goes."""
    query = (
        select(func.count(), func.max(DocumentVersion.created_at))
        .join(Document, Document.id == DocumentVersion.document_id)
        .join(Collection, Collection.id == Document.collection_id)
        .where(Collection.project_id == project_id, Collection.archived_at.is_(None))
        .where(Document.removed_at.is_(None), DocumentVersion.removed_at.is_(None))
    )
    return str(tuple(session.execute(query).one()))


def shown_outputs(session: Session, output_ids: Sequence[str]) -> dict[str, Output]:
    return {row.id: row for row in session.scalars(select(Output).where(one_of_ids(Output.id, output_ids)))}


def shown_cases(session: Session, case_ids: Sequence[str]) -> dict[str, TestCase]:
    return {row.id: row for row in session.scalars(select(TestCase).where(one_of_ids(TestCase.id, case_ids)))}


def shown_examples(
    session: Session, version_id: str, example_ids: Sequence[str]
) -> dict[str, Row[str, int, list[Any], str | None]]:
    """By id (id, number, messages, behaviour) as they were frozen."""
    query = (
        select(Example.id, Example.number, Revision.messages, Revision.behavior)
        .join(DatasetVersionItem, DatasetVersionItem.example_id == Example.id)
        .join(Revision, Revision.id == DatasetVersionItem.revision_id)
        .where(DatasetVersionItem.dataset_version_id == version_id, one_of_ids(Example.id, example_ids))
    )
    return {row[0]: row for row in session.execute(query)}


def shown_passages(session: Session, passage_ids: Sequence[str]) -> dict[str, Row[str, str, str, date, str, str]]:
    """By id (id, text, name of the document, date, its collection and document ids)."""
    query = (
        select(
            PassageRow.id, PassageRow.text, Document.name, DocumentVersion.dated, Document.collection_id, Document.id
        )
        .join(DocumentVersion, DocumentVersion.id == PassageRow.version_id)
        .join(Document, Document.id == DocumentVersion.document_id)
        .where(one_of_ids(PassageRow.id, passage_ids))
    )
    return {row[0]: row for row in session.execute(query)}


def runs(session: Session, run_ids: Sequence[str]) -> dict[str, EvalRun]:
    return {row.id: row for row in session.scalars(select(EvalRun).where(one_of_ids(EvalRun.id, run_ids)))}


def votes_blind(session: Session, user_id: str, run_ids: Sequence[str]) -> bool:
    query = select(RunBlind.run_id).where(RunBlind.user_id == user_id, one_of_ids(RunBlind.run_id, run_ids))
    return session.scalar(query.limit(1)) is not None
