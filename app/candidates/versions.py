"""The versions of a prompt: candidates that were cloned from one another, and what each changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.candidates import queries
from app.candidates.few_shot import queries as few_shot
from app.candidates.few_shot.models import CandidateShot
from app.candidates.models import Candidate
from app.core.stats.words import and_list
from app.examples.differences import Segment, changed, words
from app.web.words import plural


@dataclass(frozen=True)
class Version:
    """``changes``: against the candidate that it was cloned from, in words."""

    number: int
    name: str
    url: str
    at: datetime
    current: bool
    archived: bool
    changes: str


@dataclass(frozen=True)
class Difference:
    """One part of the prompt against the same part of the version before."""

    label: str
    segments: Sequence[Segment]


@dataclass(frozen=True)
class Lineage:
    """``before``: name of the version that this one was cloned from, whose prompt ``differences`` compares with."""

    versions: Sequence[Version]
    before: str | None
    differences: Sequence[Difference]


def lineage(session: Session, slug: str, candidate: Candidate) -> Lineage:
    """Oldest first. A candidate without relatives has itself alone."""
    family = queries.family(session, candidate)
    shots = few_shot.by_candidate(session, [one.id for one in family])
    by_id = {one.id: one for one in family}
    versions = []
    for number, one in enumerate(family, 1):
        source = by_id.get(one.cloned_from or "")
        said = _changes(source, one, shots) if source else "the first"
        url = f"/p/{slug}/candidates/{one.id}"
        archived = one.archived_at is not None
        versions.append(Version(number, one.name, url, one.created_at, one.id == candidate.id, archived, said))
    before = by_id.get(candidate.cloned_from or "")
    return Lineage(versions, before.name if before else None, _differences(before, candidate) if before else [])


def _differences(before: Candidate, after: Candidate) -> list[Difference]:
    parts = (
        ("System prompt", before.system_prompt, after.system_prompt),
        ("Template", before.prompt_template, after.prompt_template),
    )
    found = [Difference(label, words(old or "", new or "")) for label, old, new in parts]
    return [one for one in found if changed(one.segments)]


def _changes(before: Candidate, after: Candidate, shots: dict[str, list[CandidateShot]]) -> str:
    """ "system prompt, 2 worked examples": what is not the same; "nothing but the name"."""
    names = {
        "system_prompt": "system prompt",
        "prompt_template": "template",
        "model": "model",
        "provider_id": "provider",
        "parameters": "parameters",
        "price": "price",
        "retrieval": "what it searches",
    }
    found = [label for name, label in names.items() if getattr(before, name) != getattr(after, name)]
    mine = [(shot.example_id, shot.revision) for shot in shots[after.id]]
    if mine != [(shot.example_id, shot.revision) for shot in shots[before.id]]:
        found.append(plural(len(mine), "worked example") if mine else "no worked examples")
    return and_list(found) or "nothing but the name"
