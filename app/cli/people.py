"""``holdout user`` and ``holdout token``."""

from app.accounts import queries as accounts
from app.accounts import service
from app.cli.projects import project_named
from app.core.db import transaction
from app.core.errors import Invalid, NotFound
from app.projects.models import Member
from app.projects.rules import ROLES


def add_user(email: str, role: str, project_slug: str | None) -> str:
    """Answer a one-time sign-in token. Without a project only the role admin makes sense: the instance admin."""
    if role not in ROLES:
        raise Invalid(f"--role must be one of {', '.join(ROLES)}")
    if project_slug is None and role != "admin":
        raise Invalid("without --project the role must be admin (the instance admin)")
    with transaction() as session:
        user = accounts.user_by_email(session, email) or service.add_user(session, email)
        if project_slug is None:
            user.is_instance_admin = True
        else:
            project = project_named(session, project_slug)
            session.flush()
            session.merge(Member(project_id=project.id, user_id=user.id, role=role))
        return service.make_sign_in_link(session, user)


def create_token(email: str, name: str) -> str:
    with transaction() as session:
        user = accounts.user_by_email(session, email)
        if user is None:
            raise NotFound(f"The person {email}")
        return service.make_token(session, user, name)[1]


def erase_user(email: str) -> None:
    with transaction() as session:
        user = accounts.user_by_email(session, email)
        if user is None:
            raise NotFound(f"The person {email}")
        service.erase_account(session, user)
