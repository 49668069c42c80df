"""What the collection's page shows of its vectors."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from app.candidates.knowledge.embedding import queries, service
from app.candidates.knowledge.embedding.embedder import LOCAL, Embedder
from app.candidates.knowledge.embedding.models import Embedding
from app.candidates.knowledge.embedding.service import Missing
from app.candidates.knowledge.models import Collection
from app.checks.semantic import model
from app.gateway import queries as providers
from app.projects.access import Access
from app.web.forms import FormState
from app.web.words import plural

SHOWN = 3


@dataclass(frozen=True)
class WorkView:
    """``unknown``: calls that wait for a decision, and what they may have cost."""

    work: Embedding
    model: str
    unknown: int
    unknown_cost: float

    @property
    def live(self) -> bool:
        return self.work.status in service.OPEN

    @property
    def can_resume(self) -> bool:
        return self.work.kind == "passages" and self.work.status in ("failed", "cancelled")


@dataclass(frozen=True)
class Vectors:
    """``embedder``: the model that is chosen, by name; empty for words only."""

    slug: str
    collection: Collection
    embedder: str
    kind: str
    missing: Missing | None
    works: Sequence[WorkView]
    providers: Sequence[tuple[str, str]]
    has_local: bool
    can_change: bool
    form: FormState = field(default_factory=FormState)
    local: str = LOCAL.model

    @property
    def title(self) -> str:
        return self.collection.name

    @property
    def live(self) -> bool:
        return any(one.live for one in self.works)

    @property
    def busy(self) -> bool:
        """Whether vectors of passages are being made, or wait for a person."""
        return any(
            one.work.kind == "passages" and one.work.status in (*service.OPEN, "needs_decision") for one in self.works
        )

    @property
    def answer(self) -> str:
        if self.missing is None:
            return "Searched by words only."
        if self.missing.passages:
            return f"Not found by their meaning yet, for want of a vector: {plural(self.missing.passages, 'passage')}."
        return "Every passage has its vector: searches go by words and meaning."


def vectors(session: Session, access: Access, collection: Collection, form: FormState | None = None) -> Vectors:
    embedder = Embedder.of(collection.embedding) if collection.embedding else None
    kind = "none" if embedder is None else "local" if embedder.is_local else "provider"
    return Vectors(
        slug=access.project.slug,
        collection=collection,
        embedder=embedder.model if embedder else "",
        kind=kind,
        missing=service.missing(session, collection),
        works=_works(session, collection.id),
        providers=[(one.id, one.name) for one in providers.active(session)],
        has_local=model.available(),
        can_change=access.can("engineer"),
        form=form or FormState(),
    )


def _works(session: Session, collection_id: str) -> list[WorkView]:
    """What is open, and what was stopped last."""
    open_ones = list(queries.open_ones(session, collection_id))
    ended = [one for one in queries.listed(session, collection_id, SHOWN) if one.status in ("failed", "cancelled")]
    lost = queries.unknown(session, [one.id for one in open_ones])
    return [
        WorkView(one, Embedder.of(one.embedder).model, *lost.get(one.id, (0, 0.0))) for one in [*open_ones, *ended[:1]]
    ]
