"""SQL of comment threads."""

from collections.abc import Sequence

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.annotation.comments.models import Comment
from app.core.errors import NotFound
from app.core.ids import is_id

SHOWN = 500


def thread(session: Session, project_id: str, example_id: str) -> Sequence[Row[Comment, str]]:
    """(comment, who), oldest first."""
    query = select(Comment, User.name).join(User, User.id == Comment.author_id)
    query = query.where(Comment.project_id == project_id, Comment.example_id == example_id)
    return session.execute(query.order_by(Comment.id).limit(SHOWN)).all()


def get(session: Session, project_id: str, example_id: str, comment_id: str) -> Comment:
    found = session.get(Comment, comment_id, with_for_update=True) if is_id(comment_id) else None
    if found is None or (found.project_id, found.example_id) != (project_id, example_id) or found.deleted_at:
        raise NotFound("This comment")
    return found
