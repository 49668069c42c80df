"""Typed context of the examples that are like one."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.checks.semantic import service as semantic
from app.examples import queries as examples
from app.examples.models import Example
from app.examples.queries import one_of_ids
from app.projects.access import Access

SHOWN = 10


@dataclass(frozen=True)
class Alike:
    """Another example and how alike its request is, 0..1; ``by``: meaning or words."""

    example: Example
    similarity: float
    by: str


@dataclass(frozen=True)
class SimilarPage:
    slug: str
    example: Example
    alike: Sequence[Alike]

    @property
    def title(self) -> str:
        return f"Like #{self.example.number}"

    @property
    def base(self) -> str:
        return f"/p/{self.slug}/examples"

    @property
    def answer(self) -> str:
        by = {one.by for one in self.alike}
        return f"Requests that are closest by {' and '.join(sorted(by))}." if by else "No other request is like it."


def similar(session: Session, access: Access, example_id: str, limit: int = SHOWN) -> SimilarPage:
    """The closest first."""
    example = examples.get(session, access.project.id, example_id)
    found = semantic.similar(session, access.project.id, example.id, limit)
    query = select(Example).where(one_of_ids(Example.id, [one.example_id for one in found]))
    rows = {row.id: row for row in session.scalars(query.where(Example.deleted_at.is_(None)))}
    alike = [Alike(rows[one.example_id], one.similarity, one.by) for one in found if one.example_id in rows]
    return SimilarPage(access.project.slug, example, alike)
