"""Comment threads under ``/api/v1``."""

from datetime import datetime

from pydantic import BaseModel

from app.annotation.comments import mentions, queries, service
from app.annotation.comments.forms import NewComment
from app.annotation.comments.models import Comment
from app.annotation.queries import hidden_people
from app.examples import queries as examples
from app.projects.access import Annotator, Viewer
from app.web.idempotency import api_router
from app.web.paging import ListAnswer
from app.web.session import SessionDep

router = api_router("annotation")
BASE = "/projects/{slug}/examples/{example_id}/comments"


class MentionOut(BaseModel):
    """A comment that names you. Looking at its thread makes it seen."""

    comment_id: str
    example_id: str
    example_number: int
    by: str
    at: datetime
    seen_at: datetime | None


class CommentOut(BaseModel):
    """``deleted_at``: it was taken back, and its text is empty."""

    id: str
    example_id: str
    revision: int
    author_id: str
    text: str
    created_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None

    @classmethod
    def of(cls, comment: Comment) -> "CommentOut":
        return cls.model_validate(comment, from_attributes=True)


@router.get(BASE)
def list_comments(session: SessionDep, access: Viewer, example_id: str) -> ListAnswer[CommentOut]:
    """Oldest first. What is said by people whose open annotation you may not see yet is left out."""
    example = examples.get(session, access.project.id, example_id)
    mentions.see(session, access.user.id, example.id)
    unseen = hidden_people(session, access.project.id, example.id, access.user.id)
    rows = queries.thread(session, access.project.id, example.id)
    return ListAnswer(items=[CommentOut.of(one) for one, _who in rows if one.author_id not in unseen])


@router.post(BASE, status_code=201)
def comment_on_example(session: SessionDep, access: Annotator, example_id: str, new: NewComment) -> CommentOut:
    example = examples.get(session, access.project.id, example_id)
    return CommentOut.of(service.say(session, access, example, new.text))


@router.patch(BASE + "/{comment_id}")
def reword_comment(
    session: SessionDep, access: Annotator, example_id: str, comment_id: str, new: NewComment
) -> CommentOut:
    comment = queries.get(session, access.project.id, example_id, comment_id)
    return CommentOut.of(service.reword(session, access, comment, new.text))


@router.delete(BASE + "/{comment_id}", status_code=204)
def take_back_comment(session: SessionDep, access: Annotator, example_id: str, comment_id: str) -> None:
    """By its author, or by an admin of the project."""
    service.take_back(session, access, queries.get(session, access.project.id, example_id, comment_id))


@router.get("/projects/{slug}/mentions")
def list_mentions(session: SessionDep, access: Viewer) -> ListAnswer[MentionOut]:
    """Where comments name you: unseen ones first, the newest 50."""
    rows = mentions.listed(session, access.project.id, access.user.id)
    return ListAnswer(
        items=[
            MentionOut(
                comment_id=comment.id,
                example_id=comment.example_id,
                example_number=number,
                by=who,
                at=mention.created_at,
                seen_at=mention.seen_at,
            )
            for mention, comment, who, number in rows
        ]
    )
