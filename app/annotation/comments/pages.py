"""Typed contexts of comment threads."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from app.annotation.comments import mentions, queries
from app.annotation.queries import hidden_people
from app.examples import queries as examples
from app.projects.access import Access
from app.web.forms import FormState
from app.web.words import plural


@dataclass(frozen=True)
class CommentView:
    id: str
    who: str
    text: str
    revision: int
    at: datetime
    edited: bool
    gone: bool
    own: bool
    can_remove: bool
    editing: bool


@dataclass(frozen=True)
class ThreadPage:
    """``hidden``: how many comments stay unseen until this person has judged the example too."""

    slug: str
    example_id: str
    number: int
    comments: Sequence[CommentView]
    hidden: int
    can_write: bool
    focus: bool  # the field takes the cursor: the thread was opened in order to write
    form: FormState = field(default_factory=FormState)

    @property
    def base(self) -> str:
        return f"/p/{self.slug}/examples/{self.example_id}/comments"

    @property
    def title(self) -> str:
        return f"Comments on #{self.number}"


def thread(
    session: Session,
    access: Access,
    example_id: str,
    *,
    focus: bool = False,
    form: FormState | None = None,
    editing: str | None = None,
) -> ThreadPage:
    """``editing``: the comment whose text stands in a field."""
    example = examples.get(session, access.project.id, example_id)
    unseen = hidden_people(session, access.project.id, example.id, access.user.id)
    rows = queries.thread(session, access.project.id, example.id)
    me, admin = access.user.id, access.can("admin")
    views = [
        CommentView(
            id=one.id,
            who=who,
            text=one.text,
            revision=one.revision,
            at=one.created_at,
            edited=one.edited_at is not None,
            gone=one.deleted_at is not None,
            own=one.author_id == me,
            can_remove=one.author_id == me or admin,
            editing=one.id == editing and one.author_id == me,
        )
        for one, who in rows
        if one.author_id not in unseen
    ]
    return ThreadPage(
        slug=access.project.slug,
        example_id=example.id,
        number=example.number,
        comments=views,
        hidden=len(rows) - len(views),
        can_write=access.can("annotator"),
        focus=focus,
        form=form or FormState(),
    )


@dataclass(frozen=True)
class MentionView:
    number: int
    url: str
    who: str
    at: datetime
    seen: bool


@dataclass(frozen=True)
class MentionsPage:
    slug: str
    rows: Sequence[MentionView]
    title: str = "Comments that name you"

    @property
    def answer(self) -> str:
        fresh = sum(not row.seen for row in self.rows)
        return f"{plural(fresh, 'comment')} to look at." if fresh else "You have looked at all of them."


def mentioned(session: Session, access: Access) -> MentionsPage:
    base = f"/p/{access.project.slug}/examples"
    rows = mentions.listed(session, access.project.id, access.user.id)
    return MentionsPage(
        access.project.slug,
        [
            MentionView(number, f"{base}/{comment.example_id}/comments", who, one.created_at, one.seen_at is not None)
            for one, comment, who, number in rows
        ],
    )
