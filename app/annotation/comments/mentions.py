"""Members who are named in a comment are told: in the app, and by mail and webhook where these are set up."""

from collections.abc import Sequence

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.annotation.comments.mentioning import Named, mentioned
from app.annotation.comments.models import Comment, Mention
from app.core.clock import utcnow
from app.examples.models import Example
from app.projects import queries as projects
from app.projects.access import Access
from app.projects.models import Project
from app.projects.notifications import service as notifications

SHOWN = 50


def tell_named(session: Session, access: Access, comment: Comment, number: int) -> None:
    """Whoever is named now and was not before; never oneself, and nobody outside the project. What the comment says is
    not sent: it may be kept from them until they have judged the example too."""
    members = [row[0] for row in projects.members(session, access.project.id) if row[0].id != access.user.id]
    by_id = {one.id: one for one in members if one.disabled_at is None}
    people = [Named(one.id, one.name, one.email) for one in by_id.values()]
    for user_id in mentioned(comment.text, people):
        row = {"comment_id": comment.id, "user_id": user_id, "project_id": access.project.id}
        fresh = insert(Mention).values(row).on_conflict_do_nothing().returning(Mention.user_id)
        if session.scalar(fresh):
            _tell(session, access, comment, number, by_id[user_id])


def _tell(session: Session, access: Access, comment: Comment, number: int, person: User) -> None:
    project: Project = access.project
    url = notifications.address(project, f"/examples/{comment.example_id}/comments")
    subject = f"{access.user.name} names you in a comment on #{number}"
    text = (
        f"{person.name}, {access.user.name} named you in a comment on example #{number} of {project.name}.\n\n{url}\n"
    )
    facts = {"example": comment.example_id, "comment": comment.id, "by": access.user.email, "url": url}
    once = f"mention:{comment.id}:{person.id}"
    notifications.tell(session, project, person, "comment.mention", subject, text, once=once, **facts)


def forget(session: Session, comment_id: str) -> None:
    """The comment was taken back."""
    session.execute(delete(Mention).where(Mention.comment_id == comment_id))


def see(session: Session, user_id: str, example_id: str) -> None:
    """Whoever looks at a thread has seen where they are named in it."""
    query = update(Mention).where(Mention.user_id == user_id, Mention.seen_at.is_(None))
    of_thread = select(Comment.id).where(Comment.example_id == example_id)
    session.execute(query.where(Mention.comment_id.in_(of_thread)).values(seen_at=utcnow()))


def unseen(session: Session, project_id: str, user_id: str) -> int:
    query = select(func.count()).select_from(Mention)
    own = (Mention.project_id == project_id, Mention.user_id == user_id, Mention.seen_at.is_(None))
    return session.scalar(query.where(*own)) or 0


def listed(session: Session, project_id: str, user_id: str) -> Sequence[Row[Mention, Comment, str, int]]:
    """(mention, comment, who wrote it, number of the example): unseen ones first, then newest first."""
    return session.execute(
        select(Mention, Comment, User.name, Example.number)
        .join(Comment, Comment.id == Mention.comment_id)
        .join(User, User.id == Comment.author_id)
        .join(Example, Example.id == Comment.example_id)
        .where(Mention.project_id == project_id, Mention.user_id == user_id, Example.deleted_at.is_(None))
        .order_by(Mention.seen_at.is_not(None), Mention.comment_id.desc())
        .limit(SHOWN)
    ).all()
