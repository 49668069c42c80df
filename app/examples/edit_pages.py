"""The page that edits one example, and what it shows when somebody else was faster."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from app.accounts import queries as accounts
from app.core.errors import Invalid
from app.examples import edit_forms, queries
from app.examples.chat import ROLES
from app.examples.edit_forms import MAX_MESSAGES, MessageField
from app.examples.models import Example, Revision
from app.examples.pages import MessageView, message_views
from app.projects.access import Access
from app.web.forms import FormState, refused

BEHAVIOR_CHOICES = [
    ("", "not said"),
    ("answer", "answer"),
    ("refuse", "refuse"),
    ("clarify", "ask back"),
    ("escalate", "escalate"),
]


@dataclass(frozen=True)
class Theirs:
    """The revision that was made meanwhile."""

    number: int
    author: str
    messages: Sequence[MessageView]
    tags: Sequence[str]
    behavior: str | None


@dataclass(frozen=True)
class EditPage:
    slug: str
    example: Example
    revision: int  # the one that the next save names
    fields: Sequence[MessageField]
    values: dict[str, str]
    form: FormState = field(default_factory=FormState)
    theirs: Theirs | None = None
    too_long: bool = False
    behaviors: Sequence[tuple[str, str]] = tuple(BEHAVIOR_CHOICES)
    roles: Sequence[str] = ROLES

    @property
    def title(self) -> str:
        return f"Edit example #{self.example.number}"

    @property
    def base(self) -> str:
        return f"/p/{self.slug}/examples/{self.example.id}"


def edit(session: Session, access: Access, example: Example) -> EditPage:
    content = queries.revision(session, example.id, example.revision)
    return _page(access, example, content, edit_forms.message_fields(content.messages))


def refused_edit(
    session: Session, access: Access, example: Example, form: FormData, error: Invalid, *, stale: bool = False
) -> EditPage:
    """The form as it was typed, with the error; ``stale``: with the newer revision beside it, which the next save
    builds on."""
    content = queries.revision(session, example.id, example.revision)
    shown = refused(form, error)
    # the number of the revision and of the messages are the server's to say
    values = {name: value for name, value in shown.values.items() if name not in ("revision", "count")}
    theirs = _theirs(session, content) if stale else None
    fields = _typed_fields(form)
    return _page(access, example, content, fields, FormState(values, shown.errors, shown.message), theirs)


def _page(
    access: Access,
    example: Example,
    content: Revision,
    fields: Sequence[MessageField],
    form: FormState | None = None,
    theirs: Theirs | None = None,
) -> EditPage:
    return EditPage(
        slug=access.project.slug,
        example=example,
        revision=content.number,
        fields=fields,
        values=_values(content),
        form=form or FormState(),
        theirs=theirs,
        too_long=len(content.messages) > MAX_MESSAGES,
    )


def _values(content: Revision) -> dict[str, str]:
    expected: dict[str, Any] = content.expected or {}
    written = orjson.dumps(expected["json"], option=orjson.OPT_INDENT_2).decode() if "json" in expected else ""
    return {
        "tags": ", ".join(content.tags),
        "behavior": content.behavior or "",
        "label": str(expected.get("label", "")),
        "text": str(expected.get("text", "")),
        "json": written,
    }


def _typed_fields(form: FormData) -> list[MessageField]:
    """The message fields that the form had, in the same places."""
    fields: list[MessageField] = []
    for index in range(MAX_MESSAGES + edit_forms.NEW_MESSAGES):
        name = f"messages.{index}"
        if f"{name}.json" in form:
            fields.append(MessageField(index, "", None, str(form[f"{name}.json"])))
        elif f"{name}.content" in form:
            content = str(form[f"{name}.content"])
            role = str(form.get(f"{name}.role", "user"))
            fields.append(MessageField(index, role, content, is_new=not content.strip()))
    return fields


def _theirs(session: Session, content: Revision) -> Theirs:
    names = accounts.names(session, {content.author_id} if content.author_id else set())
    return Theirs(
        number=content.number,
        author=names.get(content.author_id or "", "Somebody"),
        messages=message_views(content.messages),
        tags=content.tags,
        behavior=content.behavior,
    )
