"""Filters of the list under a name, for the whole team."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field
from sqlalchemy import Row, bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.accounts.models import User
from app.core.errors import Conflict, Forbidden, Invalid, NotFound
from app.core.ids import is_id
from app.examples.forms import ExampleFilter
from app.examples.models import SavedFilter
from app.projects.access import Access
from app.web.forms import StrictModel

MAX_SAVED = 100  # in one project: more would be no help to anybody


class NewSavedFilter(StrictModel):
    name: str = Field(min_length=1, max_length=60)
    filter: ExampleFilter


class SavedFilterChange(StrictModel):
    name: str | None = Field(None, min_length=1, max_length=60)
    filter: ExampleFilter | None = None


ALL_OF = (
    select(SavedFilter, User.name)
    .outerjoin(User, User.id == SavedFilter.created_by)
    .where(SavedFilter.project_id == bindparam("project"))
    .order_by(SavedFilter.name)
    .limit(MAX_SAVED)
)


def all_of(session: Session, project_id: str) -> Sequence[Row[SavedFilter, str | None]]:
    """(saved filter, who saved it), by name."""
    return session.execute(ALL_OF, {"project": project_id}).all()


def get(session: Session, project_id: str, saved_id: str) -> SavedFilter:
    found = session.get(SavedFilter, saved_id) if is_id(saved_id) else None
    if found is None or found.project_id != project_id:
        raise NotFound("This saved filter")
    return found


def save(session: Session, access: Access, new: NewSavedFilter) -> SavedFilter:
    """Raises Conflict if the name is taken, Invalid if the filter limits nothing."""
    if len(all_of(session, access.project.id)) >= MAX_SAVED:
        raise Conflict(f"This project has {MAX_SAVED} saved filters. Remove one first.")
    saved = SavedFilter(
        project_id=access.project.id, name=new.name, filter=_limits(new.filter), created_by=access.user.id
    )
    return _store(session, access, saved, "save")


def change(session: Session, access: Access, saved: SavedFilter, given: SavedFilterChange) -> SavedFilter:
    """Another name, or another filter under the same name."""
    _check_may(access, saved)
    saved.name = given.name or saved.name
    saved.filter = _limits(given.filter) if given.filter is not None else saved.filter
    return _store(session, access, saved, "change")


def remove(session: Session, access: Access, saved: SavedFilter) -> None:
    _check_may(access, saved)
    _record(session, access, saved, "remove")
    session.delete(saved)
    session.flush()


def _limits(wanted: ExampleFilter) -> dict[str, Any]:
    limits = {name: value for name, value in wanted.model_dump().items() if value not in (None, "")}
    if not limits:
        raise Invalid.field("filter", "This filter limits nothing: choose something first.")
    return limits


def _check_may(access: Access, saved: SavedFilter) -> None:
    if saved.created_by != access.user.id and not access.can("engineer"):
        raise Forbidden("Only the person who saved a filter, or an engineer of the project, can change it.")


def _store(session: Session, access: Access, saved: SavedFilter, action: str) -> SavedFilter:
    name = saved.name
    try:
        with session.begin_nested():
            session.add(saved)
            session.flush()
    except IntegrityError as error:
        raise Conflict(f"There is already a saved filter “{name}”.") from error
    _record(session, access, saved, action)
    return saved


def _record(session: Session, access: Access, saved: SavedFilter, action: str) -> None:
    who = {"actor_id": access.user.id, "project_id": access.project.id}
    record(session, action, "saved-filter", saved.id, **who, name=saved.name)
