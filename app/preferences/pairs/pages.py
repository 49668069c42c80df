"""Typed context of the page that turns votes into preference pairs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from app.preferences import cast
from app.preferences.models import PreferenceRound
from app.preferences.pairs import service
from app.preferences.pairs.forms import PairFilter
from app.preferences.pairs.service import Pairs
from app.projects.access import Access
from app.web.forms import FormState

FORMATS = (("openai_preference", "OpenAI preference"), ("trl", "TRL"), ("jsonl", "our own lines, with the votes"))


@dataclass(frozen=True)
class PairsPage:
    """``held_out``: pairs that stay out because a sealed test set asks their prompt."""

    slug: str
    round: PreferenceRound
    wanted: PairFilter
    found: Pairs
    people: Sequence[tuple[str, str]]
    can_make: bool
    form: FormState = field(default_factory=FormState)
    title: str = "Pairs for training"

    @property
    def held_out(self) -> int:
        return self.found.left_out["held_out"]

    @property
    def formats(self) -> list[tuple[str, str]]:
        """(label, address of the file) with this filter."""
        base = f"/p/{self.slug}/rounds/{self.round.id}/pairs/export"
        asked = self.wanted.model_dump(exclude_none=True, exclude_defaults=True)
        return [(label, f"{base}?{urlencode(asked | {'format': name}, doseq=True)}") for name, label in FORMATS]


def pairs(
    session: Session, access: Access, round_: PreferenceRound, wanted: PairFilter, form: FormState | None = None
) -> PairsPage:
    people = {vote.reviewer: vote.reviewer_name for vote in cast.of_closed(session, round_).votes}
    return PairsPage(
        access.project.slug,
        round_,
        wanted,
        service.of_round(session, round_, wanted),
        sorted(people.items(), key=lambda one: one[1]),
        access.can("engineer"),
        form or FormState(),
    )
