"""Typed context of the page of erasures."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from app.accounts import queries as accounts
from app.erasure import queries
from app.erasure.service import Look
from app.projects.access import Access
from app.web.forms import FormState
from app.web.words import plural


@dataclass(frozen=True)
class Done:
    at: datetime
    who: str
    reason: str
    rows: int
    places: str


@dataclass(frozen=True)
class ErasurePage:
    """``found`` is what was looked up and not erased yet; the form keeps what was typed."""

    slug: str
    done: Sequence[Done]
    found: Look | None = None
    form: FormState = field(default_factory=FormState)
    title: str = "Erase a person's data"

    @property
    def sentence(self) -> str:
        if self.found is None:
            return (
                "Find everything that names a person, then put tombstones in its place, in sealed and frozen rows too."
            )
        if not self.found.total:
            return "Nothing in this project names this person."
        return f"{plural(self.found.total, 'row')} of this project would be erased, for good."

    @property
    def elsewhere(self) -> list[str]:
        """What lies outside Holdout, or in models, and so has to be dealt with by hand."""
        told = []
        for version, fine_tune, file in self.found.trained if self.found else ():
            if fine_tune:
                where = f"; the provider keeps the uploaded file {file}" if file else ""
                told.append(f"Fine-tune #{fine_tune} was trained on {version}{where}: its model may have learned it.")
            else:
                told.append(f"{version} holds it: the version can no longer be exported or trained on.")
        return told


def page(session: Session, access: Access, found: Look | None = None, form: FormState | None = None) -> ErasurePage:
    rows = queries.listing(session, access.project.id)
    names = accounts.names(session, {row.created_by for row in rows if row.created_by})
    done = [
        Done(
            row.created_at,
            names.get(row.created_by or "", "somebody"),
            row.reason,
            sum(row.erased.values()),
            ", ".join(f"{number:,} {label}" for label, number in row.erased.items()),
        )
        for row in rows
    ]
    return ErasurePage(access.project.slug, done, found, form or FormState())
