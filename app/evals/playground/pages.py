"""Typed context of a trial: outputs side by side, with what differs marked and what graders say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.annotation.assist import queries as assist
from app.annotation.assist.models import ModelBatch, ModelBatchItem
from app.candidates import queries as candidates
from app.candidates.knowledge.rules import Found, cited
from app.evals.graders import Grade, GraderSpec, parse_spec
from app.evals.playground import judging, queries, retrieving, service
from app.evals.playground.grading import grades
from app.evals.playground.judging import Said, Standing
from app.evals.playground.models import PlaygroundTrial
from app.examples.differences import Segment, words
from app.examples.models import Example, Revision
from app.examples.rules import answer_index, text_of
from app.projects.access import Access
from app.web.forms import FormState
from app.web.words import milliseconds, money, plural

LETTERS = "ABC"
PAGE = 50
LONGEST = 8_000  # characters of an output


@dataclass(frozen=True)
class GradeShown:
    grader: str
    word: str
    tone: str
    reason: str


@dataclass(frozen=True)
class Cell:
    """One output. ``segments``: against the first variant's, where there is one to compare with."""

    letter: str
    state: str
    text: str
    segments: Sequence[Segment] | None
    problem: str
    figures: str
    grades: Sequence[GradeShown]
    cited: Sequence[int] = ()


@dataclass(frozen=True)
class Asked:
    """One example with what each variant answered. ``found``: what a search gave all of them."""

    number: int
    url: str
    request: str
    expected: str
    cells: Sequence[Cell]
    found: Sequence[Found] | None = None


@dataclass(frozen=True)
class Shown:
    """One variant. ``segments``: its system prompt against the first one's. ``score``: "3 of 5 pass"."""

    letter: str
    position: int
    system_prompt: str | None
    segments: Sequence[Segment] | None
    template: str | None
    shots: Sequence[str]
    status: str
    score: str
    figures: str
    error: str


@dataclass(frozen=True)
class Graded:
    """What outputs are graded by: ``found`` by example, ``said`` by output."""

    specs: Sequence[GraderSpec]
    found: Mapping[str, Sequence[Found]]
    said: Mapping[str, Said]


@dataclass(frozen=True)
class TrialPage:
    slug: str
    trial_id: str
    candidate: str
    candidate_url: str
    answer: str
    model: str
    variants: Sequence[Shown]
    rows: Sequence[Asked]
    done: int
    total: int
    status: str
    live: bool
    judging: Standing | None
    cost: float | None
    budget: float | None
    unknown: int
    unknown_cost: float
    stopped: bool
    graders: Sequence[str]
    can_change: bool
    form: FormState
    title: str = "Prompts side by side"


@dataclass(frozen=True)
class TrialRow:
    url: str
    at: datetime
    candidate: str
    variants: int
    status: str
    figures: str


@dataclass(frozen=True)
class ListPage:
    slug: str
    rows: Sequence[TrialRow]
    older: str | None
    can_start: bool
    title: str = "Playground"


def listing(session: Session, access: Access, cursor: str | None) -> ListPage:
    found = queries.page(session, access.project.id, cursor, PAGE)
    base = f"/p/{access.project.slug}/candidates/playground"
    batches = queries.batches_of(session, [trial.id for trial, _name in found.items])
    rows = [_row(base, trial, name, batches[trial.id]) for trial, name in found.items]
    older = f"{base}?cursor={found.next_cursor}" if found.next_cursor else None
    return ListPage(access.project.slug, rows, older, access.can("engineer"))


def _row(base: str, trial: PlaygroundTrial, name: str, batches: Sequence[ModelBatch]) -> TrialRow:
    done, total = sum(one.done for one in batches), sum(one.total for one in batches)
    figures = f"{done} of {plural(total, 'output')}"
    return TrialRow(f"{base}/{trial.id}", trial.created_at, name, len(batches), status(batches), figures)


def trial(session: Session, access: Access, found: PlaygroundTrial, form: FormState | None = None) -> TrialPage:
    batches = queries.batches(session, found.id)
    source = candidates.get(session, access.project.id, found.candidate_id)
    specs = [parse_spec(raw) for raw in found.graders]
    lost = [assist.unknown(session, one.id) for one in batches]
    told = judging.said_of(judging.of_trial(session, found.id), specs)
    rows = _rows(session, access.project.slug, batches, Graded(specs, retrieving.of_trial(session, found.id), told))
    judges = judging.standing(session, found)
    live = queries.open_batches(batches)
    costs = [one.cost for one in batches if one.cost is not None]
    done, total = sum(one.done for one in batches), sum(one.total for one in batches)
    return TrialPage(
        slug=access.project.slug,
        trial_id=found.id,
        candidate=source.name,
        candidate_url=f"/p/{access.project.slug}/candidates/{source.id}",
        answer=f"{plural(len(batches), 'prompt')} on {plural(len(rows), 'training example')}: which answers better?",
        model=source.model,
        variants=[_variant(session, batches, place, rows) for place in range(len(batches))],
        rows=rows,
        done=done,
        total=total,
        status=status(batches),
        live=live or bool(judges and judges.live),
        judging=None if live else judges,
        cost=sum(costs) if costs else None,
        budget=found.budget,
        unknown=sum(count for count, _dollars in lost),
        unknown_cost=sum(dollars for _count, dollars in lost),
        stopped=any(one.status in service.RESUMABLE and one.done < one.total for one in batches),
        graders=[spec.name for spec in specs],
        can_change=access.can("engineer"),
        form=form or FormState(),
    )


def status(batches: Sequence[ModelBatch]) -> str:
    """Of the whole: what still goes on first, then what needs a person."""
    found = {one.status for one in batches}
    order = ("running", "queued", "needs_decision", "paused", "failed", "cancelled")
    return next((word for word in order if word in found), "succeeded")


def _variant(session: Session, batches: Sequence[ModelBatch], place: int, rows: Sequence[Asked]) -> Shown:
    batch, said, first = batches[place], batches[place].settings, batches[0].settings
    numbers = assist.numbers(session, [one[0] for one in said["few_shot"]])
    cells = [row.cells[place] for row in rows]
    graded = [cell for cell in cells if cell.grades]
    passed = sum(all(grade.tone == "good" for grade in cell.grades) for cell in graded)
    cost = f" · {money(batch.cost)}" if batch.cost is not None else ""
    differs = place > 0 and said["system_prompt"] != first["system_prompt"]
    return Shown(
        letter=LETTERS[place],
        position=place,
        system_prompt=said["system_prompt"],
        segments=words(first["system_prompt"] or "", said["system_prompt"] or "") if differs else None,
        template=said["prompt_template"],
        shots=[f"#{numbers[one[0]]}" for one in said["few_shot"] if one[0] in numbers],
        status=batch.status,
        score=f"{passed} of {len(graded)} pass" if graded else "",
        figures=f"{batch.done} of {batch.total}{cost}",
        error=batch.error or "",
    )


def _rows(
    session: Session,
    slug: str,
    batches: Sequence[ModelBatch],
    graded: Graded,
) -> list[Asked]:
    items: dict[str, dict[str, ModelBatchItem]] = {}
    examples: dict[str, tuple[Example, Revision]] = {}
    for item, example, content in queries.items(session, [one.id for one in batches]):
        items.setdefault(example.id, {})[item.batch_id] = item
        examples[example.id] = (example, content)
    return [_asked(slug, *examples[one], [items[one].get(batch.id) for batch in batches], graded) for one in examples]


def _asked(
    slug: str,
    example: Example,
    content: Revision,
    items: Sequence[ModelBatchItem | None],
    graded: Graded,
) -> Asked:
    end = answer_index(content.messages)
    first = items[0].answer if items and items[0] else None
    return Asked(
        number=example.number,
        url=f"/p/{slug}/examples/{example.id}",
        request=next((text_of(m.get("content")) for m in reversed(content.messages) if m.get("role") == "user"), ""),
        expected=text_of(content.messages[end].get("content")) if end is not None else "",
        cells=[_cell(place, item, content, first, graded) for place, item in enumerate(items)],
        found=graded.found.get(example.id),
    )


def _cell(
    place: int,
    item: ModelBatchItem | None,
    content: Revision,
    first: str | None,
    graded: Graded,
) -> Cell:
    if item is None:
        return Cell(LETTERS[place], "failed", "", None, "This variant was not asked this.", "", ())
    text = (item.answer or "")[:LONGEST]
    compared = place > 0 and bool(text) and bool(first)
    found, said = graded.found.get(item.example_id), graded.said.get(f"{item.batch_id}/{item.example_id}")
    given = [_grade(name, one) for name, one in grades(item, content, graded.specs, found, said)]
    state = "waiting" if item.state == "waiting" else "failed" if item.state in ("failed", "lost") else "done"
    segments = words((first or "")[:LONGEST], text) if compared else None
    numbers = cited(text) if found is not None else ()
    return Cell(LETTERS[place], state, text, segments, item.reason or "", _figures(item.measured), given, numbers)


def _grade(name: str, given: Grade) -> GradeShown:
    if given.passed is None:
        return GradeShown(name, "not gradable", "neutral", given.reason)
    return GradeShown(name, *(("pass", "good") if given.passed else ("fail", "bad")), given.reason)


def _figures(measured: dict[str, Any]) -> str:
    """ "412 ms · 120 + 34 tokens · $0.0001"."""
    parts = [milliseconds(measured["latency_ms"])] if measured.get("latency_ms") is not None else []
    if measured.get("input_tokens") is not None and measured.get("output_tokens") is not None:
        parts.append(f"{measured['input_tokens']:,} + {measured['output_tokens']:,} tokens")
    return " · ".join(parts + ([money(measured["cost"])] if measured.get("cost") is not None else []))
