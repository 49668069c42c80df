"""Typed contexts of the provider pages."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from app.gateway import queries
from app.gateway.models import Provider
from app.web.forms import FormState


@dataclass(frozen=True)
class ListPage:
    providers: Sequence[Provider]
    title: str = "Providers"

    @property
    def checking(self) -> bool:
        return any(is_checking(provider) for provider in self.providers)


@dataclass(frozen=True)
class EditPage:
    provider: Provider | None  # None: a new one
    form: FormState = field(default_factory=FormState)

    @property
    def title(self) -> str:
        return f"Change {self.provider.name}" if self.provider else "New provider"


@dataclass(frozen=True)
class ShowPage:
    provider: Provider

    @property
    def title(self) -> str:
        return self.provider.name

    @property
    def checking(self) -> bool:
        return is_checking(self.provider)


def is_checking(provider: Provider) -> bool:
    return provider.check_status in ("queued", "running")


def provider_list(session: Session) -> ListPage:
    return ListPage(queries.active(session))
