"""The first start of an instance, and every later one: schema, providers, a person, the demo."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.accounts.models import User
from app.core.db import transaction
from app.core.migrate import migrate
from app.gateway import service as gateway
from app.projects.models import Project

FIRST_ADMIN = "admin@localhost"


def prepare_instance(url: str, base_url: str, *, demo: bool) -> str:
    """Answer a one-time sign-in link for the first instance admin. Everything it makes, it makes once."""
    migrate(url)
    with transaction() as session:
        gateway.seed(session)
        admin = first_admin(session)
        is_empty = session.scalar(select(func.count()).select_from(Project)) == 0
    if demo and is_empty:
        from app.demo.load import load_demo

        load_demo(admin.id)
    with transaction() as session:
        token = accounts.make_sign_in_link(session, admin)
    return f"{base_url.rstrip('/')}/sign-in/{token}"


def first_admin(session: Session) -> User:
    query = select(User).where(User.is_instance_admin, User.disabled_at.is_(None)).order_by(User.created_at).limit(1)
    return session.scalar(query) or accounts.add_user(session, FIRST_ADMIN, "Admin", is_instance_admin=True)
