"""All SQL of providers. The ledger's is in ``ledger.py``."""

from collections.abc import Sequence

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.core.errors import NotFound
from app.core.ids import is_id
from app.gateway.models import Provider
from app.projects.models import Member

ENGINEERS = ("engineer", "admin")


def active(session: Session) -> Sequence[Provider]:
    """Providers that can be used, the local engine first, then by name."""
    query = select(Provider).where(Provider.disabled_at.is_(None))
    return session.scalars(query.order_by(Provider.kind != "local_engine", Provider.name)).all()


def by_id(session: Session, provider_id: str) -> Provider:
    """A provider, disabled ones included. NotFound where there is none."""
    provider = session.get(Provider, provider_id) if is_id(provider_id) else None
    if provider is None:
        raise NotFound("This provider")
    return provider


def usable(session: Session, provider_id: str) -> Provider:
    provider = by_id(session, provider_id)
    if provider.disabled_at:
        raise NotFound("This provider")
    return provider


def by_name(session: Session, name: str) -> Provider | None:
    return session.scalar(select(Provider).where(Provider.name == name))


def local_engine(session: Session) -> Provider | None:
    """The one that ``HOLDOUT_ENGINE_URL`` names; an admin may have registered others beside it."""
    own = select(Provider).where(Provider.kind == "local_engine", Provider.created_by.is_(None))
    return session.scalar(own.order_by(Provider.created_at).limit(1))


def is_engineer_somewhere(session: Session, user_id: str) -> bool:
    query = select(exists().where(Member.user_id == user_id, Member.role.in_(ENGINEERS)))
    return bool(session.scalar(query))
