"""Typed contexts of the candidate pages."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.candidates import queries
from app.candidates.few_shot import queries as few_shot
from app.candidates.knowledge import queries as knowledge
from app.candidates.knowledge.models import Collection, Snapshot
from app.candidates.knowledge.pinning import snapshot_of
from app.candidates.knowledge.ranking import HOW, Ranking
from app.candidates.models import Candidate
from app.candidates.previewing import Sent, preview
from app.candidates.versions import Lineage, lineage
from app.core.clock import utcnow
from app.gateway.models import Provider
from app.gateway.shutdowns import shutdown
from app.projects.access import Access
from app.web.forms import FormState

SHOWN_PARAMETERS = ("temperature", "max_tokens", "top_p", "seed")
RETRIEVAL = ("collection_id", "top_k", "as_of", "ranking")


@dataclass(frozen=True)
class Row:
    id: str
    name: str
    provider: str
    model: str
    origin: str
    is_baseline: bool
    created_at: datetime


@dataclass(frozen=True)
class ListPage:
    slug: str
    rows: Sequence[Row]
    has_baseline: bool
    can_change: bool
    title: str = "Candidates"


@dataclass(frozen=True)
class Kept:
    """The worked examples that a clone can take over: of whom, and how many."""

    source: str
    count: int


@dataclass(frozen=True)
class NewPage:
    slug: str
    providers: Sequence[tuple[str, str]]
    models: Sequence[tuple[str, str]]  # (model, provider) as the last checks found them, to choose from while typing
    collections: Sequence[tuple[str, str]]  # (id, name) of those that hold something
    start: dict[str, Any]
    cloned_from: str | None
    kept: Kept | None
    form: FormState = field(default_factory=FormState)
    title: str = "New candidate"


@dataclass(frozen=True)
class WorkedExample:
    number: int | None
    url: str
    revision: int
    messages: Sequence[dict[str, Any]]


@dataclass(frozen=True)
class Searched:
    """What the candidate searches."""

    collection: Collection
    snapshot: Snapshot
    top_k: int
    as_of: str | None
    ranked: str


@dataclass(frozen=True)
class CandidatePage:
    slug: str
    candidate: Candidate
    provider: str
    shots: Sequence[WorkedExample]
    lineage: Lineage
    is_baseline: bool
    ends: str  # when its provider shuts its model down, where that is near or past
    can_change: bool
    searched: Searched | None
    q: str
    sent: Sent | None  # for the request that was typed

    @property
    def title(self) -> str:
        return self.candidate.name


def candidates(session: Session, access: Access) -> ListPage:
    baseline = queries.baseline(session, access.project.id)
    rows = [
        Row(c.id, c.name, name or "", c.model, c.origin, baseline is not None and c.id == baseline.id, c.created_at)
        for c, name in queries.listed(session, access.project.id)
    ]
    return ListPage(access.project.slug, rows, baseline is not None, access.can("engineer"))


def new(session: Session, access: Access, source: Candidate | None, form: FormState | None = None) -> NewPage:
    providers = queries.providers(session)
    models = [(str(model["id"]), provider.name) for provider in providers for model in provider.models]
    return NewPage(
        access.project.slug,
        [(p.id, p.name) for p in providers],
        models,
        [(row.id, row.name) for row in knowledge.listed(session, access.project.id) if _searchable(row)],
        start_values(source),
        source.id if source else None,
        _kept(session, source),
        form or FormState(),
        "Edit as a new candidate" if source else "New candidate",
    )


def _kept(session: Session, source: Candidate | None) -> Kept | None:
    count = len(few_shot.of_candidate(session, source.id)) if source else 0
    return Kept(source.name, count) if source and count else None


def _searchable(row: Any) -> bool:
    return row.archived_at is None and row.documents > 0


def start_values(source: Candidate | None) -> dict[str, Any]:
    """What the form begins with: nothing, or the candidate that is cloned."""
    names = ("name", "provider_id", "model", "system_prompt", "prompt_template")
    values = {name: (getattr(source, name) or "") if source else "" for name in names}
    values["keep_system"] = "false" if source and source.system_prompt is not None else "true"
    parameters = source.parameters if source else {"temperature": 0, "max_tokens": 256}
    values |= {name: parameters.get(name, "") for name in SHOWN_PARAMETERS}
    price = (source.price if source else None) or {}
    values |= {"price_input": price.get("input", ""), "price_output": price.get("output", "")}
    retrieval = (source.retrieval if source else None) or {}
    values |= {name: retrieval.get(name) or "" for name in RETRIEVAL}
    if source:
        values["name"] = f"{source.name} (edited)"
    return values


def one(session: Session, access: Access, candidate: Candidate, q: str = "") -> CandidatePage:
    provider = queries.provider(session, candidate.provider_id or "")
    baseline = queries.baseline(session, access.project.id)
    is_baseline = baseline is not None and baseline.id == candidate.id
    name = provider.name if provider else ("uploaded outputs" if candidate.origin == "upload" else "switched off")
    slug = access.project.slug
    return CandidatePage(
        slug=slug,
        candidate=candidate,
        provider=name,
        shots=_shots(session, slug, candidate.id),
        lineage=lineage(session, slug, candidate),
        is_baseline=is_baseline,
        ends=_ends(provider, candidate.model),
        can_change=access.can("engineer"),
        searched=_searched(session, candidate),
        q=q,
        sent=preview(session, candidate, [{"role": "user", "content": q}]) if q.strip() else None,
    )


def _ends(provider: Provider | None, model: str) -> str:
    today = utcnow().date()
    found = shutdown(provider.base_url, provider.models, model) if provider else None
    return found.sentence(today) if found and found.is_near(today) else ""


def _shots(session: Session, slug: str, candidate_id: str) -> list[WorkedExample]:
    numbers = few_shot.numbers(session, candidate_id)
    return [
        WorkedExample(
            numbers.get(shot.example_id), f"/p/{slug}/examples/{shot.example_id}", shot.revision, shot.messages
        )
        for shot in few_shot.of_candidate(session, candidate_id)
    ]


def _searched(session: Session, candidate: Candidate) -> Searched | None:
    if candidate.retrieval is None:
        return None
    said = candidate.retrieval
    collection, snapshot = snapshot_of(session, said)
    return Searched(collection, snapshot, said["top_k"], said["as_of"], _ranked(said))


def _ranked(retrieval: dict[str, Any]) -> str:
    """“words and meaning, by small-embedder”."""
    ranking = Ranking.of(retrieval)
    return HOW[ranking.how] + (f", by {ranking.embedder.model}" if ranking.embedder else "")
