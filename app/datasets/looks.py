"""What is looked at before a version is frozen. Checks are a later stage than datasets: they bring their look here.

Without one nothing is frozen: a version must not be made of what nobody looked at because a module was not loaded.
"""

from collections.abc import Callable

from sqlalchemy.orm import Session

from app.projects.models import Project

Look = Callable[[Session, Project], int]
_looks: list[Look] = []


def register(look: Look) -> None:
    """``look`` looks at what ``plan_queries.PLAN`` takes and was not looked at yet; it answers how much that was."""
    _looks.append(look)


def look_at_plan(session: Session, project: Project) -> int:
    """How many examples of the plan were looked at only now: with any, the plan has to be made anew."""
    if not _looks:
        raise RuntimeError("no checks are loaded: import app.models")
    return sum(look(session, project) for look in _looks)
