"""Typed contexts of the pages of model batches: the list, what is asked, how it goes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from app.annotation.assist import queries, service
from app.annotation.assist.estimate import Estimate
from app.annotation.assist.kinds import Kind
from app.annotation.assist.models import ModelBatch
from app.examples import queries as examples
from app.examples.forms import SelectionFilter
from app.gateway import queries as providers
from app.projects.access import Access
from app.web.forms import FormState
from app.web.words import plural

PAGE = 50
SHOWN = 5
ITEMS = 200


@dataclass(frozen=True)
class Words:
    """What a kind is called on its pages, and the questions that they answer in their first line."""

    kind: str
    title: str
    new: str
    answer: str
    how: str
    made: str
    nothing: str


WORDS = {
    "variations": Words(
        "variations",
        "Variations",
        "New variations",
        "What did a model write, what came in, and what was dropped?",
        "A connected model asks for the same in other words. What it writes waits for review like everything else.",
        "variation",
        "Choose examples in the list, then “Vary”: a model writes other ways in which people would ask the same.",
    ),
    "suggestions": Words(
        "suggestions",
        "Suggestions",
        "New suggestions",
        "What did a model suggest to reviewers, and did they agree?",
        "A connected model says what it would mark. Reviewers see it as a suggestion, and decide themselves.",
        "suggestion",
        "Choose examples in the list, then “Suggest”: a model pre-fills behaviour, label or answer for the review.",
    ),
}


@dataclass(frozen=True)
class BatchRow:
    id: str
    model: str
    status: str
    figures: str
    cost: float | None
    created_at: datetime


@dataclass(frozen=True)
class Rate:
    """What people made of one model's suggestions."""

    model: str
    shown: int
    accepted: int
    edited: int
    rejected: int


@dataclass(frozen=True)
class ListPage:
    slug: str
    words: Words
    rows: Sequence[BatchRow]
    older: str | None
    can_start: bool
    rates: Sequence[Rate] = ()

    @property
    def title(self) -> str:
        return self.words.title


@dataclass(frozen=True)
class NewPage:
    slug: str
    words: Words
    query: str
    count: int
    shown: Sequence[tuple[int, str]]
    held_out: int
    providers: Sequence[tuple[str, str]]
    models: Sequence[tuple[str, str]]
    labels: bool
    form: FormState = field(default_factory=FormState)
    chosen: Mapping[str, Sequence[str]] = field(default_factory=dict)  # lists that were ticked
    estimate: Estimate | None = None
    left_out: Sequence[str] = ()

    @property
    def title(self) -> str:
        return self.words.new


@dataclass(frozen=True)
class ItemRow:
    example_id: str
    number: int
    request: str
    state: str
    figures: str


@dataclass(frozen=True)
class BatchPage:
    slug: str
    words: Words
    batch: ModelBatch
    provider: str
    figures: str
    dropped: str
    unknown: int
    unknown_cost: float
    items: Sequence[ItemRow]
    can_change: bool

    @property
    def title(self) -> str:
        return f"{self.words.title} by {self.batch.model}"

    @property
    def live(self) -> bool:
        return self.batch.status in service.OPEN


def listing(session: Session, access: Access, kind: Kind, cursor: str | None, rates: Sequence[Rate] = ()) -> ListPage:
    found = queries.page(session, access.project.id, kind.name, cursor, PAGE)
    rows = [BatchRow(b.id, b.model, b.status, figures(b), b.cost, b.created_at) for b in found.items]
    base = f"/p/{access.project.slug}/{kind.name}"
    older = f"{base}?cursor={found.next_cursor}" if found.next_cursor else None
    return ListPage(access.project.slug, WORDS[kind.name], rows, older, access.can("engineer"), rates)


def new(
    session: Session,
    access: Access,
    kind: Kind,
    wanted: SelectionFilter,
    query: str,
    *,
    form: FormState | None = None,
    chosen: Mapping[str, Sequence[str]] | None = None,
    estimate: Estimate | None = None,
    left_out: Mapping[str, int] | None = None,
) -> NewPage:
    project = access.project
    training = wanted.model_copy(update={"split": "train"})
    first = queries.chosen(session, project.id, wanted, SHOWN)
    known = providers.active(session)
    return NewPage(
        slug=project.slug,
        words=WORDS[kind.name],
        query=query,
        count=examples.count(session, project.id, training, None),
        shown=[(example.number, example.request[:200]) for example, _content in first],
        held_out=queries.count_held_out(session, project.id, wanted),
        providers=[(one.id, one.name) for one in known],
        models=[(str(model["id"]), one.name) for one in known for model in one.models],
        labels=bool(project.labels),
        form=form or FormState(),
        chosen=chosen or {},
        estimate=estimate,
        left_out=[f"{plural(count, 'example')} {why}" for why, count in (left_out or {}).items()],
    )


def one(session: Session, access: Access, batch: ModelBatch) -> BatchPage:
    unknown, dollars = queries.unknown(session, batch.id)
    rows = queries.items(session, batch.id, ITEMS)
    return BatchPage(
        slug=access.project.slug,
        words=WORDS[batch.kind],
        batch=batch,
        provider=providers.by_id(session, batch.provider_id).name,
        figures=figures(batch),
        dropped=", ".join(dropped_words(batch.dropped)),
        unknown=unknown,
        unknown_cost=dollars,
        items=[
            ItemRow(item.example_id, e.number, e.request[:160], item.state, item.reason or _item_figures(item, batch))
            for item, e in rows
        ],
        can_change=access.can("engineer"),
    )


def figures(batch: ModelBatch) -> str:
    """``12 of 40 · 31 variations · 5 dropped · 1 failed``"""
    dropped = sum(batch.dropped.values())
    parts = [f"{batch.done:,} of {batch.total:,}", plural(batch.made, WORDS[batch.kind].made)]
    parts += [f"{dropped:,} dropped"] if dropped else []
    parts += [f"{batch.failed:,} failed"] if batch.failed else []
    return " · ".join(parts)


def _item_figures(item: object, batch: ModelBatch) -> str:
    made, dropped = getattr(item, "made", 0), getattr(item, "dropped", {})
    parts = [plural(made, WORDS[batch.kind].made)] if made else []
    return " · ".join(parts + [f"dropped: {word}" for word in dropped_words(dropped)])


def dropped_words(dropped: Mapping[str, int]) -> list[str]:
    """``2 asked by a test set``: what was dropped and why, in words."""
    words = {
        "in_test_set": "asked by a test set",
        "like_test_set": "nearly a case of a test set",
        "duplicate": "asked by another example already",
        "near_duplicate": "nearly the same as another example",
        "unusable": "that cannot be stored",
    }
    return [f"{count:,} {words.get(reason, reason)}" for reason, count in Counter(dropped).most_common() if count]
