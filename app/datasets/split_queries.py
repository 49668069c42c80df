"""SQL of the two sides: which units belong together, where they stand, and moving them to the test side for good."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, func, or_, select, text, update
from sqlalchemy.orm import Session

from app.core.ids import is_id
from app.datasets.drawing import rarest
from app.datasets.models import DatasetVersion, DatasetVersionItem, TestCase
from app.examples.models import Example, Revision
from app.examples.queries import one_of
from app.projects.models import Project

Units = Iterable[str]


LINKS = text("""
select fingerprint_unit, group_unit from examples where project_id = :project and group_unit <> fingerprint_unit
union all
select e.fingerprint_unit, r.fingerprint_unit from examples e join revisions r on r.example_id = e.id
where e.project_id = :project and e.revision > 1 and r.fingerprint_unit <> e.fingerprint_unit
union all
select fingerprint_unit, group_unit from test_cases where project_id = :project and group_unit <> fingerprint_unit
union all
select unit, cluster from split_assignments where project_id = :project and cluster is not null and cluster <> unit
""")


def links(session: Session, project_id: str) -> list[tuple[str, str]]:
    """Pairs of units that belong together: an example's group and each of its prompts, a case's, near-duplicates.

    Of the examples of one prompt and no group, which are nearly all, there is nothing to fetch.
    """
    return [(first, second) for first, second in session.execute(LINKS, {"project": project_id})]


def frozen_units(session: Session, project_id: str) -> dict[str, int]:
    """Units that stand in a dataset version, with the number of the first such version."""
    rows = session.execute(
        select(DatasetVersionItem.fingerprint_unit, DatasetVersionItem.group_unit, func.min(DatasetVersion.number))
        .join(DatasetVersion, DatasetVersion.id == DatasetVersionItem.dataset_version_id)
        .where(DatasetVersion.project_id == project_id)
        .group_by(DatasetVersionItem.fingerprint_unit, DatasetVersionItem.group_unit)
    )
    found: dict[str, int] = {}
    for fingerprint, group, number in rows:
        for unit in (fingerprint, group):
            found[unit] = min(number, found.get(unit, number))
    return found


def units_in_cases(session: Session, project_id: str) -> Sequence[str]:
    return session.scalars(select(TestCase.fingerprint_unit).distinct().where(TestCase.project_id == project_id)).all()


def drawable(session: Session, project_id: str, *, approved_only: bool, tag: str | None) -> Sequence[Row[str, str]]:
    """(example id, fingerprint unit) of the examples that a case could be made of; approved ones and old ones first.

    Drafts and rejected examples are never drawn, nor is one without an answer or an expectation.
    """
    has_answer = Revision.messages[-1]["role"].astext == "assistant"
    query = (
        select(Example.id, Example.fingerprint_unit)
        .join(Revision, and_(Revision.example_id == Example.id, Revision.number == Example.revision))
        .where(
            Example.project_id == project_id,
            Example.deleted_at.is_(None),
            Example.split == "train",
            Example.status.in_(["approved"] if approved_only else ["approved", "to_review", "needs_work"]),
            or_(has_answer, Revision.expected.is_not(None)),
        )
        .order_by(Example.status != "approved", Example.number)
    )
    if tag:
        query = query.where(Example.tags.contains([tag]))
    return session.execute(query).all()


def strata(session: Session, project_id: str, by: str) -> dict[str, str]:
    """Which part of the mix each example counts for, by its behavior, label, language, source or rarest tag.

    Where nothing is expected, an answer that is one of the project's labels is the label.
    """
    current = and_(Revision.example_id == Example.id, Revision.number == Example.revision)
    language = func.coalesce(Revision.extra["language"].astext, Revision.extra["lang"].astext)
    columns: dict[str, Any] = {
        "behavior": Example.behavior,
        "label": func.coalesce(Revision.expected["label"].astext, _answered_label(project_id)),
        "language": language,
        "source": Example.source,
        "tag": Example.tags,
    }
    query = select(Example.id, columns[by]).join(Revision, current)
    query = query.where(Example.project_id == project_id, Example.deleted_at.is_(None))
    found: dict[str, Any] = dict(session.execute(query).all())
    if by == "tag":
        found = rarest({example_id: tags for example_id, tags in found.items() if tags})
    return {example_id: value for example_id, value in found.items() if value}


def _answered_label(project_id: str) -> ColumnElement[Any]:
    """The whole answer where it is one of the project's labels, else null."""
    answer = func.btrim(Example.answer, " \t\r\n")
    labels = select(Project.labels).where(Project.id == project_id).scalar_subquery()
    return case((labels.bool_op("?")(answer), answer))


def contents(session: Session, project_id: str, example_ids: Sequence[str]) -> dict[str, Row[Example, Revision]]:
    """(example, current revision) by example id; deleted ones are not there."""
    known = [example_id for example_id in example_ids if is_id(example_id)]
    query = (
        select(Example, Revision)
        .join(Revision, and_(Revision.example_id == Example.id, Revision.number == Example.revision))
        .where(Example.project_id == project_id, Example.deleted_at.is_(None), Example.id.in_(known))
    )
    return {row[0].id: row for row in session.execute(query)}


def move_to_test(session: Session, project_id: str, units: Units, *, alone: Units = ()) -> None:
    """Put units on the test side for good, with their near-duplicates; those not seen before are added there.

    ``alone``: units that are near to a case without being of its cluster; they leave theirs and go by themselves. The
    database brings the examples' own ``split`` up to date.
    """
    session.execute(
        text(
            "update split_assignments set split = 'test', cluster = null "
            "where project_id = :project and unit = any(:units) and split = 'train'"
        ),
        {"project": project_id, "units": list(alone)},
    )
    session.execute(
        text(
            "insert into split_assignments (project_id, unit, split) "
            "select cast(:project as uuid), unnest(cast(:units as text[])), 'test' "
            "on conflict (project_id, unit) do update set split = 'test' where split_assignments.split = 'train'"
        ),
        {"project": project_id, "units": sorted(units)},
    )


def of_units(units: Units) -> ColumnElement[bool]:
    listed = list(units)
    in_group = and_(Example.group_unit != Example.fingerprint_unit, one_of(Example.group_unit, listed))
    return or_(one_of(Example.fingerprint_unit, listed), in_group)


def count_leaving(session: Session, project_id: str, units: Units) -> int:
    """How many examples of the training pool would leave it with these units."""
    query = select(func.count()).select_from(Example).where(Example.project_id == project_id, of_units(units))
    return session.scalar(query.where(Example.split == "train", Example.deleted_at.is_(None))) or 0


def mark_cases_sealed(session: Session, set_id: str) -> None:
    session.execute(update(TestCase).where(TestCase.test_set_id == set_id).values(split="test"))


def copied_examples(session: Session, set_id: str) -> int:
    """How many examples of the training pool the set has copies of."""
    query = select(func.count()).select_from(TestCase).join(Example, Example.id == TestCase.example_id)
    query = query.where(TestCase.test_set_id == set_id, Example.split == "train", Example.deleted_at.is_(None))
    return session.scalar(query) or 0


def case_units(session: Session, set_id: str) -> Sequence[Row[str, str, str]]:
    """(case id, fingerprint unit, group unit) in order."""
    query = select(TestCase.id, TestCase.fingerprint_unit, TestCase.group_unit)
    return session.execute(query.where(TestCase.test_set_id == set_id).order_by(TestCase.position)).all()
