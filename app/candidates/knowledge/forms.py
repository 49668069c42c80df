"""What may be asked of collections."""

from datetime import date
from typing import Literal

from pydantic import Field, field_validator

from app.web.forms import StrictModel

# configurations of Postgres's text search; simple: words as they are written, for any other language
LANGUAGES = (
    "english", "danish", "dutch", "finnish", "french", "german", "italian", "norwegian", "portuguese", "romanian",
    "russian", "spanish", "swedish", "turkish", "simple",
)  # fmt: skip
MOST_FOUND = 50
OLDEST = date(1900, 1, 1)


class NewCollection(StrictModel):
    name: str = Field(min_length=1, max_length=120)
    language: str = "english"

    @field_validator("language")
    @classmethod
    def _known(cls, language: str) -> str:
        if language not in LANGUAGES:
            raise ValueError(f"{language} is not one of {', '.join(LANGUAGES)}.")
        return language


class Search(StrictModel):
    """``as_of``: what held on that day; newest versions where it is left out."""

    q: str = Field(min_length=1, max_length=20_000)
    as_of: date | None = None
    top_k: int = Field(5, ge=1, le=MOST_FOUND)
    ranking: Literal["words", "vectors", "both"] | None = None


class NewRetrieval(StrictModel):
    """A candidate's search: ``top_k`` passages of the collection as it is now, or as it was on ``as_of``.
    ``ranking``: left out, by both where the collection has a model for vectors, else by words."""

    collection_id: str
    top_k: int = Field(ge=1, le=MOST_FOUND)
    as_of: date | None = None
    ranking: Literal["words", "vectors", "both"] | None = None


class Standing(StrictModel):
    """Whether a document is offered to new searches."""

    state: Literal["offered", "removed"]


def written_date(written: str) -> date | None:
    """A date of a form or an address; None where nothing is written. Raises ValueError in words for people."""
    if not written.strip():
        return None
    try:
        found = date.fromisoformat(written.strip())
    except ValueError as error:
        raise ValueError("Write a date like 2026-01-31.") from error
    if found < OLDEST:
        raise ValueError("Write a date from 1900 on.")
    return found
