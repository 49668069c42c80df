"""Providers under ``/api/v1``. No answer ever holds a key."""

from datetime import datetime
from typing import Any

from fastapi import Response
from pydantic import BaseModel

from app.accounts.access import Identity, InstanceAdmin, SignedIn
from app.core.errors import Forbidden
from app.gateway import queries, service
from app.gateway.forms import NewProvider, ProviderChange
from app.gateway.models import Provider
from app.projects.rules import at_least
from app.web.idempotency import api_router
from app.web.paging import ListAnswer
from app.web.session import SessionDep

router = api_router("providers")


class ModelOut(BaseModel):
    id: str
    kind: str | None = None


class ProviderName(BaseModel):
    """What engineers see of a provider."""

    id: str
    name: str
    kind: str
    models: list[ModelOut]


class ProviderOut(ProviderName):
    base_url: str
    key_last4: str | None
    has_key: bool
    max_concurrency: int
    requests_per_minute: int | None
    tokens_per_minute: int | None
    hourly_rate: float | None
    status: str | None
    error: str | None
    checked_at: datetime | None
    created_at: datetime


def _out(provider: Provider) -> ProviderOut:
    return ProviderOut(
        **_name(provider).model_dump(),
        base_url=provider.base_url,
        key_last4=provider.key_last4,
        has_key=provider.key_ciphertext is not None,
        max_concurrency=provider.max_concurrency,
        requests_per_minute=provider.requests_per_minute,
        tokens_per_minute=provider.tokens_per_minute,
        hourly_rate=provider.hourly_rate,
        status=provider.check_status,
        error=provider.check_error,
        checked_at=provider.checked_at,
        created_at=provider.created_at,
    )


def _name(provider: Provider) -> ProviderName:
    models = [ModelOut.model_validate(model) for model in provider.models]
    return ProviderName(id=provider.id, name=provider.name, kind=provider.kind, models=models)


def _sees_all(session: SessionDep, identity: Identity) -> bool:
    """Instance admins see everything, engineers of any project see names and models, others nothing."""
    token = identity.token
    if token and token.role and not at_least(token.role, "engineer"):
        raise Forbidden("This needs the role engineer in a project.")
    if identity.user.is_instance_admin:
        return token is None or (token.project_id is None and token.role in (None, "admin"))
    if not queries.is_engineer_somewhere(session, identity.user.id):
        raise Forbidden("This needs the role engineer in a project.")
    return False


@router.get("/providers")
def list_providers(session: SessionDep, identity: SignedIn) -> ListAnswer[ProviderOut | ProviderName]:
    shape: Any = _out if _sees_all(session, identity) else _name
    return ListAnswer(items=[shape(provider) for provider in queries.active(session)])


@router.post("/providers", status_code=201)
def create(session: SessionDep, admin: InstanceAdmin, new: NewProvider) -> ProviderOut:
    return _out(service.create(session, admin.user, new))


@router.get("/providers/{provider_id}")
def get(session: SessionDep, identity: SignedIn, provider_id: str) -> ProviderOut | ProviderName:
    sees_all = _sees_all(session, identity)
    provider = queries.usable(session, provider_id)
    return _out(provider) if sees_all else _name(provider)


@router.patch("/providers/{provider_id}")
def change(session: SessionDep, admin: InstanceAdmin, provider_id: str, changes: ProviderChange) -> ProviderOut:
    return _out(service.change(session, admin.user, queries.usable(session, provider_id), changes))


@router.delete("/providers/{provider_id}", status_code=204)
def disable(session: SessionDep, admin: InstanceAdmin, provider_id: str) -> Response:
    service.disable(session, admin.user, queries.usable(session, provider_id))
    return Response(status_code=204)


@router.post("/providers/{provider_id}/check", status_code=202)
def check(session: SessionDep, admin: InstanceAdmin, provider_id: str) -> ProviderOut:
    """The worker asks; poll the provider for ``status`` and, where it failed, the provider's own ``error``."""
    provider = queries.usable(session, provider_id)
    service.request_check(session, provider)
    return _out(provider)


@router.get("/providers/{provider_id}/models")
def models(session: SessionDep, identity: SignedIn, provider_id: str) -> ListAnswer[ModelOut]:
    """As the last check found them."""
    _sees_all(session, identity)
    return ListAnswer(items=_name(queries.usable(session, provider_id)).models)
