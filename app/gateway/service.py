"""Verbs of providers: register, change, disable, ask for a check, and what the first start registers."""

import logging
from importlib.util import find_spec

from pydantic import SecretStr
from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.accounts.models import User
from app.core.clock import utcnow
from app.core.errors import Conflict, Invalid
from app.core.settings import get_settings
from app.gateway import keys, queries
from app.gateway.forms import NewProvider, ProviderChange
from app.gateway.models import Provider
from app.gateway.origins import tidy_base_url
from app.jobs.queue import enqueue

log = logging.getLogger(__name__)
KEY_AGAIN = "Enter the key again: it was given for the old address and is not sent to another."
OPENAI_URL = "https://api.openai.com/v1"
SETTINGS = {"requests_per_minute", "tokens_per_minute", "hourly_rate"}
LOCAL_ENGINE, LOCAL_KIND = "Local engine", "local_engine"


def create(session: Session, user: User, new: NewProvider) -> Provider:
    """Register a provider and have it checked. Its address may be called from now on."""
    if queries.by_name(session, new.name):
        raise Conflict(f"There is already a provider “{new.name}” (disabled ones count).")
    _only_for_machines(new.kind, new.hourly_rate)
    provider = Provider(
        name=new.name,
        base_url=new.base_url,
        kind=new.kind,
        max_concurrency=new.max_concurrency,
        requests_per_minute=new.requests_per_minute,
        tokens_per_minute=new.tokens_per_minute,
        hourly_rate=new.hourly_rate,
        created_by=user.id,
        models=[],
    )
    session.add(provider)
    session.flush()
    _set_key(provider, new.api_key)
    record(session, "register", "provider", provider.id, actor_id=user.id, base_url=new.base_url)
    request_check(session, provider)
    return provider


def change(session: Session, user: User, provider: Provider, changes: ProviderChange) -> Provider:
    """Change what was given. A key is bound to its address, so a new address without a key is refused."""
    given = changes.model_fields_set
    moved = "base_url" in given and changes.base_url is not None and changes.base_url != provider.base_url
    if moved and provider.kind == LOCAL_KIND and provider.created_by is None:
        raise Invalid.field("base_url", "The local engine's address comes from HOLDOUT_ENGINE_URL.")
    if moved and provider.key_ciphertext and changes.api_key is None:
        raise Invalid.field("api_key", KEY_AGAIN)
    if changes.name and changes.name != provider.name:
        if queries.by_name(session, changes.name):
            raise Conflict(f"There is already a provider “{changes.name}”.")
        provider.name = changes.name
    if moved and changes.base_url:
        provider.base_url, provider.models = changes.base_url, []
    if changes.api_key is not None:
        _set_key(provider, changes.api_key)
    provider.max_concurrency = changes.max_concurrency or provider.max_concurrency
    _only_for_machines(provider.kind, changes.hourly_rate)
    for name in SETTINGS & given:
        setattr(provider, name, getattr(changes, name))
    record(session, "change", "provider", provider.id, actor_id=user.id, fields=sorted(given))
    if moved or changes.api_key is not None:
        request_check(session, provider)
    return provider


def _only_for_machines(kind: str, hourly_rate: float | None) -> None:
    if hourly_rate is not None and kind != LOCAL_KIND:
        raise Invalid.field("hourly_rate", "Only a machine of your own has an hourly rate: this provider bills tokens.")


def disable(session: Session, user: User, provider: Provider) -> None:
    """No call goes there any more, and its key is forgotten; candidates and runs that used it stay."""
    provider.disabled_at = utcnow()
    provider.key_ciphertext = provider.key_last4 = None
    record(session, "disable", "provider", provider.id, actor_id=user.id)


def request_check(session: Session, provider: Provider) -> None:
    """Have the worker list the provider's models; ``check_status`` and ``check_error`` tell how it went."""
    provider.check_status, provider.check_error = "queued", None
    enqueue(session, "gateway.check", key=f"check:{provider.id}", provider_id=provider.id)


def seed(session: Session) -> None:
    """Register the local engine, and the provider that OPENAI_API_KEY or OPENAI_BASE_URL name. Safe to repeat."""
    settings = get_settings()
    key = SecretStr(settings.engine_key) if settings.engine_key else None
    _seed_one(session, queries.local_engine(session), LOCAL_ENGINE, settings.local_engine_url, key, LOCAL_KIND)
    if settings.openai_api_key or settings.openai_base_url:
        base_url = settings.openai_base_url or OPENAI_URL
        name = "OpenAI" if base_url.startswith(OPENAI_URL) else "Provider of OPENAI_BASE_URL"
        secret = SecretStr(settings.openai_api_key) if settings.openai_api_key else None
        _seed_one(session, queries.by_name(session, name), name, base_url, secret, "openai")


def _seed_one(
    session: Session, provider: Provider | None, name: str, url: str, key: SecretStr | None, kind: str
) -> None:
    try:
        base_url = tidy_base_url(url)
    except Invalid as error:
        log.warning("%s is not registered (%s): %s", name, url, error)
        return
    if provider is None:
        provider = Provider(name=name, base_url=base_url, kind=kind, models=[])
        session.add(provider)
        session.flush()
    elif provider.disabled_at:
        return
    provider.base_url = base_url
    _set_key(provider, key)
    if kind != LOCAL_KIND or get_settings().engine_url or find_spec("torch"):
        request_check(session, provider)  # on a core install there is no engine to ask


def _set_key(provider: Provider, key: SecretStr | None) -> None:
    secret = key.get_secret_value() if key else ""
    provider.key_ciphertext = keys.encrypt(provider.id, provider.base_url, secret) if secret else None
    provider.key_last4 = secret[-4:] if len(secret) >= 12 else None
