"""What the list of fine-tunes can be narrowed by: all of it stands in the address."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Query
from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.candidates.models import Candidate
from app.core.ids import is_id
from app.finetunes.models import FineTune
from app.finetunes.rules import METHODS, OPEN
from app.gateway.models import Provider

Text = Annotated[str, Query(max_length=300)]
STATUSES = [*OPEN, "succeeded", "failed", "cancelled"]


@dataclass(frozen=True)
class Filter:
    status: str = ""
    method: str = ""
    provider_id: str = ""
    base_model: str = ""
    created_by: str = ""
    q: str = ""

    @property
    def query(self) -> str:
        """As it stands in the address."""
        return urlencode({name: value for name, value in asdict(self).items() if value})

    def narrow(self, query: Select[Any]) -> Select[Any]:
        """``query`` selects fine-tunes, joined with providers and candidates."""
        for name in ("status", "method", "base_model"):
            if value := getattr(self, name):
                query = query.where(getattr(FineTune, name) == value)
        for name in ("provider_id", "created_by"):
            if value := getattr(self, name):
                # an id that is none fits nothing, rather than everything
                query = query.where(getattr(FineTune, name) == value if is_id(value) else FineTune.id.is_(None))
        return query.where(self._searched()) if self.q.strip() else query

    def _searched(self) -> ColumnElement[bool]:
        wanted = self.q.strip().lower()
        columns = (
            FineTune.base_model, FineTune.fine_tuned_model, FineTune.provider_job_id, Provider.name, Candidate.name,
        )  # fmt: skip
        found = [func.strpos(func.lower(column), wanted) > 0 for column in columns]
        number = wanted.removeprefix("fine-tune").strip()
        if number.isascii() and number.isdecimal() and len(number) < 18:
            found.append(FineTune.number == int(number))
        return or_(*found)


def _read(
    status: Text = "",
    method: Text = "",
    provider_id: Text = "",
    base_model: Text = "",
    created_by: Text = "",
    q: Text = "",
) -> Filter:
    return Filter(status, method, provider_id, base_model, created_by, q)


FilterDep = Annotated[Filter, Depends(_read)]


@dataclass(frozen=True)
class Choices:
    """What there is to narrow by in this project."""

    providers: Sequence[tuple[str, str]]
    base_models: Sequence[str]
    people: Sequence[tuple[str, str]]
    methods: Sequence[tuple[str, str]] = tuple((key, word) for key, word, _says in METHODS)
    statuses: Sequence[tuple[str, str]] = tuple((one, one.replace("_", " ")) for one in STATUSES)


def choices(session: Session, project_id: str) -> Choices:
    mine = FineTune.project_id == project_id
    providers = select(Provider.id, Provider.name).where(Provider.id.in_(select(FineTune.provider_id).where(mine)))
    people = select(User.id, User.name, User.email).where(User.id.in_(select(FineTune.created_by).where(mine)))
    models = select(FineTune.base_model).where(mine).distinct().order_by(FineTune.base_model).limit(100)
    return Choices(
        providers=[(row.id, row.name) for row in session.execute(providers.order_by(Provider.name))],
        base_models=list(session.scalars(models)),
        people=[(row.id, row.name or row.email) for row in session.execute(people.order_by(User.email))],
    )
