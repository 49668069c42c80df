"""Typed contexts of the checklist, and of the sample that is read before signing."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from app.checks import scan_queries
from app.checks.readiness import rules, service, signing
from app.checks.readiness.coverage import Covered
from app.checks.readiness.items import LABELS
from app.checks.readiness.links import url_of
from app.checks.readiness.service import Checklist
from app.checks.readiness.sizes import Size, band
from app.core.errors import NotFound
from app.datasets import split_queries
from app.examples.pages import MessageView, message_views
from app.projects.access import Access
from app.projects.rules import GOAL_WORDS
from app.web.charts import Axis
from app.web.forms import FormState

TAGS_SHOWN = 12


@dataclass(frozen=True)
class Row:
    """A point as the page shows it; ``signed`` that there is a signature to withdraw."""

    key: str
    state: str
    label: str
    measured: str
    required: str
    url: str
    need: str | None
    signed: bool


@dataclass(frozen=True)
class BandMark:
    """Percent of the chart's width: where the band begins and ends, and how far the approved examples reach."""

    low: float
    high: float
    reached: float
    low_text: str
    high_text: str


@dataclass(frozen=True)
class Scanning:
    """A scan under way."""

    done: int
    total: int


@dataclass(frozen=True)
class ChecklistPage:
    slug: str
    ready: bool
    title: str
    answer: str
    first: str
    passed: int
    rows: Sequence[Row]
    size: Size
    band: BandMark
    goal: str
    behaviors: Sequence[Covered]
    tags: Sequence[Covered]
    tags_missing: int
    to_review: int
    scan: Scanning | None
    can_scan: bool
    may_sign: bool


@dataclass(frozen=True)
class SampleItem:
    id: str
    number: int
    messages: Sequence[MessageView]
    target: int | None


@dataclass(frozen=True)
class SamplePage:
    slug: str
    item: str
    question: str
    examples: Sequence[SampleItem]
    seed: int
    may_sign: bool
    form: FormState = field(default_factory=FormState)

    @property
    def title(self) -> str:
        return LABELS[self.item]


QUESTIONS = {
    "realistic_requests": "Would each of these requests come in, in these words, in production?",
    "exact_behavior": "Is each of these answers exactly what production should say?",
}


def checklist(session: Session, access: Access) -> ChecklistPage:
    found = service.checklist(session, access.project)
    answer, first = rules.sentence(found.items)
    tags = found.tags
    running = scan_queries.open_scan(session, access.project.id)
    return ChecklistPage(
        slug=access.project.slug,
        ready=found.ready,
        title="Checklist",
        answer=answer,
        first=first,
        passed=found.passed,
        rows=rows(access.project.slug, found),
        size=found.size,
        band=band_mark(found.size),
        goal=f"{GOAL_WORDS[access.project.goal]}: {band(access.project.goal)}",
        behaviors=found.behaviors,
        tags=tags[:TAGS_SHOWN],
        tags_missing=sum(one.missing for one in tags),
        to_review=found.facts.to_review,
        scan=Scanning(running.done, running.total) if running else None,
        can_scan=access.can("annotator") and running is None,
        may_sign=access.may_sign_off,
    )


def rows(slug: str, found: Checklist) -> list[Row]:
    made = []
    for item in found.items:
        signed = found.facts.signed.get(item.key)
        stands = signed is not None and signed.action != "withdraw"
        made.append(
            Row(item.key, item.state, item.label, item.measured, item.required, url_of(slug, item), item.need, stands)
        )
    return made


def band_mark(size: Size) -> BandMark:
    """The chart ends a quarter beyond the band, or beyond what is there."""
    high = size.high or size.low * 2
    axis = Axis(0, max(high * 1.25, size.approved * 1.05))
    end = 100.0 if size.high is None else axis.at(high)
    text = f"{size.high:,}" if size.high else ""
    return BandMark(axis.at(size.low), end, axis.at(size.approved), f"{size.low:,}", text)


def sample(session: Session, access: Access, item: str, seed: int, form: FormState | None = None) -> SamplePage:
    """The examples to read, in random order. NotFound for a point that nobody signs."""
    if item not in signing.SIGNED:
        raise NotFound("This point")
    ids = service.sample(session, access.project, seed)
    found = split_queries.contents(session, access.project.id, ids)
    examples = []
    for one_id in ids:
        example, revision = found[one_id]
        shown = [message for message in revision.messages if message.get("role") not in ("system", "developer")]
        target = len(shown) - 1 if shown and shown[-1].get("role") == "assistant" else None
        examples.append(SampleItem(one_id, example.number, message_views(shown), target))
    may_sign = access.may_sign_off
    return SamplePage(access.project.slug, item, QUESTIONS[item], examples, seed, may_sign, form or FormState())
