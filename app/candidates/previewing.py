"""What would be sent for a request, without sending it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.candidates.few_shot import queries as few_shot
from app.candidates.knowledge.embedding.vectors import NoVectors
from app.candidates.knowledge.pinning import Pinned, pinned
from app.candidates.knowledge.rules import Found
from app.candidates.models import Candidate
from app.candidates.rules import request_messages, request_of


@dataclass(frozen=True)
class Sent:
    """``found``: what was retrieved; None for a candidate without retrieval. ``note``: where it was searched in another
    way than a run would."""

    messages: list[dict[str, Any]]
    found: Sequence[Found] | None
    note: str = ""


def preview(session: Session, candidate: Candidate, messages: Sequence[dict[str, Any]]) -> Sent:
    searches = pinned(session, candidate.retrieval)
    request = request_of(messages)
    found, note = look(session, searches, request) if searches else (None, "")
    sources = searches.sources(request, found or []) if searches else None
    shots = [shot.messages for shot in few_shot.of_candidate(session, candidate.id)]
    shown = request_messages(messages, candidate.system_prompt, candidate.prompt_template, shots, sources)
    return Sent(shown, found, note)


def look(session: Session, searches: Pinned, request: str) -> tuple[list[Found], str]:
    """What a search finds without asking anybody: by words, and a note, where only a provider has the vector."""
    try:
        return searches.find(session, request), ""
    except NoVectors as error:
        return searches.by_words(session, request), f"{error} Searched by words here; a run asks for it."
