"""The project that a command names by its slug."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import Invalid
from app.projects import queries
from app.projects.models import Project

_SHOWN = 10


def project_named(session: Session, slug: str) -> Project:
    """Raises Invalid, naming those there are: who runs commands here may see all."""
    project = queries.by_slug(session, slug)
    if project is not None:
        return project
    slugs = session.scalars(select(Project.slug).order_by(Project.slug).limit(_SHOWN + 1)).all()
    if not slugs:
        raise Invalid(f"There is no project “{slug}”: there is none yet.")
    named = ", ".join(slugs[:_SHOWN]) + (", …" if len(slugs) > _SHOWN else "")
    raise Invalid(f"There is no project “{slug}”. There are: {named}.")
