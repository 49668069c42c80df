"""Typed contexts of the pages about votes from elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from app.core.settings import get_settings
from app.preferences.forms import DEFAULT_CRITERIA
from app.preferences.imported import queries
from app.preferences.imported.models import VoteFile
from app.preferences.imported.queries import Counts
from app.preferences.models import PreferenceRound
from app.projects.access import Access
from app.web.forms import FormState


@dataclass(frozen=True)
class NewPage:
    slug: str
    max_mb: int
    form: FormState = field(default_factory=FormState)
    criteria: str = DEFAULT_CRITERIA
    title: str = "Import votes"


@dataclass(frozen=True)
class ImportedPage:
    """What came into one round so far. Who won is not in it: that is for after the close."""

    slug: str
    round: PreferenceRound
    counts: Counts
    reviewers: Sequence[tuple[str, int, int]]
    candidates: Sequence[tuple[str, int]]
    files: Sequence[VoteFile]
    can_change: bool
    max_mb: int
    form: FormState

    @property
    def title(self) -> str:
        return self.round.name

    @property
    def closed(self) -> bool:
        return self.round.closed_at is not None


def new(access: Access, form: FormState | None = None) -> NewPage:
    return NewPage(access.project.slug, get_settings().max_upload_mb, form or FormState())


def one(session: Session, access: Access, round_: PreferenceRound, form: FormState | None = None) -> ImportedPage:
    return ImportedPage(
        access.project.slug,
        round_,
        queries.counts(session, round_.id),
        [(name, votes, pairs) for name, votes, pairs in queries.reviewers(session, round_.id)],
        queries.candidates(session, round_.id),
        queries.files(session, round_.id),
        access.can("engineer") and round_.closed_at is None,
        get_settings().max_upload_mb,
        form or FormState(),
    )
