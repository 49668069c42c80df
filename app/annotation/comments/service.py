"""Verbs of comment threads."""

from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.annotation.comments import mentions
from app.annotation.comments.models import Comment
from app.core.clock import utcnow
from app.core.errors import Forbidden
from app.examples.models import Example
from app.projects.access import Access


def say(session: Session, access: Access, example: Example, text: str) -> Comment:
    comment = Comment(
        project_id=access.project.id,
        example_id=example.id,
        revision=example.revision,
        author_id=access.user.id,
        text=text.replace("\r\n", "\n"),
    )
    session.add(comment)
    session.flush()
    session.refresh(comment)
    mentions.tell_named(session, access, comment, example.number)
    return comment


def reword(session: Session, access: Access, comment: Comment, text: str) -> Comment:
    """Only one's own words can be changed. Whom they name only now is told."""
    if comment.author_id != access.user.id:
        raise Forbidden("Only the person who wrote a comment can change it.")
    comment.text, comment.edited_at = text.replace("\r\n", "\n"), utcnow()
    mentions.tell_named(session, access, comment, session.get_one(Example, comment.example_id).number)
    return comment


def take_back(session: Session, access: Access, comment: Comment) -> None:
    """By its author, or by an admin of the project. Its text is gone; that there was one stays."""
    if comment.author_id != access.user.id and not access.can("admin"):
        raise Forbidden("Only the person who wrote a comment, or an admin of the project, can take it back.")
    comment.text, comment.deleted_at = "", utcnow()
    mentions.forget(session, comment.id)
    keys = {"actor_id": access.user.id, "project_id": access.project.id, "example_id": comment.example_id}
    record(session, "take-back", "comment", comment.id, **keys)
