"""Typed contexts of the project list and the project's settings."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from app.projects import queries
from app.projects.access import Access
from app.projects.models import Project
from app.projects.rules import GOAL_WORDS, ROLES
from app.web.forms import FormState

GOAL_CHOICES = [(key, words) for key, words in GOAL_WORDS.items()]


@dataclass(frozen=True)
class ListPage:
    projects: Sequence[Project]
    title: str = "Projects"


@dataclass(frozen=True)
class NewPage:
    form: FormState = field(default_factory=FormState)
    goals: Sequence[tuple[str, str]] = tuple(GOAL_CHOICES)
    title: str = "New project"


@dataclass(frozen=True)
class MemberRow:
    id: str
    name: str
    email: str
    role: str
    may_sign_off: bool  # by their own permission; admins may in any case
    may_settle: bool  # by their own permission; engineers and admins may in any case


@dataclass(frozen=True)
class SettingsPage:
    project: Project
    members: Sequence[MemberRow]
    can_change: bool
    form: FormState
    link: str | None  # a fresh sign-in link, shown once
    link_for: str | None
    goals: Sequence[tuple[str, str]] = tuple(GOAL_CHOICES)
    roles: Sequence[str] = ROLES
    title: str = "Settings"


def settings(
    session: Session,
    access: Access,
    *,
    form: FormState | None = None,
    link: str | None = None,
    link_for: str | None = None,
) -> SettingsPage:
    found = queries.members(session, access.project.id)
    rows = [MemberRow(u.id, u.name, u.email, m.role, m.may_sign_off, m.may_settle) for u, m in found]
    return SettingsPage(access.project, rows, access.can("admin"), form or FormState(), link, link_for)
