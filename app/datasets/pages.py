"""Typed contexts of the test set pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from app.accounts import queries as accounts
from app.core.instructions import readable
from app.datasets import edition_queries, editions, queries, service
from app.datasets import split_queries as splits
from app.datasets.editions import Changes
from app.datasets.models import TestCase, TestSet
from app.datasets.starters import catalogue
from app.datasets.suite import catalogue as suite_catalogue
from app.datasets.wear import wear
from app.examples.models import BEHAVIORS
from app.examples.rules import canonical, group_name, request_preview, text_of
from app.projects.access import Access
from app.web.forms import FormState
from app.web.words import plural

KINDS = (
    ("task", "Task", "what the model is there for"),
    ("edge", "Edge", "rare and difficult, and still to be solved"),
    ("red_team", "Red team", "to be refused, escalated or asked about"),
    ("general", "General", "other instructions, which tuning must not spoil"),
)
STRATA = (
    ("behavior", "expected behaviour"),
    ("label", "label"),
    ("tag", "tag (the rarest of each)"),
    ("language", "language (metadata “language”)"),
    ("source", "source"),
)
SAID = ("label", "text", "json", "tool_calls", "instructions")  # what a list shows of an expectation, the first of
PAGE = 50


@dataclass(frozen=True)
class SetRow:
    id: str
    name: str
    kind: str
    size: int
    sealed_at: datetime | None
    uses: int
    created_at: datetime
    edition: int = 1
    worn: str = ""  # the warning, where it has been chosen by too often
    optimism: float | None = None


@dataclass(frozen=True)
class ListPage:
    slug: str
    answer: str
    sets: Sequence[SetRow]
    can_change: bool
    older: str | None
    title: str = "Test sets"


@dataclass(frozen=True)
class NewPage:
    slug: str
    source: str  # fraction | examples | upload
    form: FormState
    approved: int
    drawable: int
    numbers: str = ""
    strata: Sequence[tuple[str, str]] = STRATA
    starters: int = field(default_factory=lambda: len(catalogue.templates()))
    suite: int = field(default_factory=lambda: len(suite_catalogue.prompts()))
    kinds: Sequence[tuple[str, str, str]] = KINDS
    title: str = "New test set"


@dataclass(frozen=True)
class CaseRow:
    id: str
    position: int
    request: str
    expected: str
    behavior: str | None
    tags: Sequence[str]
    number: int | None
    example_id: str | None
    erased: bool


@dataclass(frozen=True)
class Use:
    at: datetime
    who: str


@dataclass(frozen=True)
class SetPage:
    slug: str
    set: SetRow
    answer: str
    content_hash: str | None
    origin: Mapping[str, Any]
    cases: Sequence[CaseRow]
    shown: str
    behaviors: Sequence[tuple[str, int]]
    filters: Mapping[str, str]
    uses: Sequence[Use]
    older: str | None
    can_change: bool
    runs_in_line: int
    previous: tuple[str, str] | None  # (id, name)
    following: tuple[str, str] | None
    changes: Changes | None
    strata: Sequence[tuple[str, int, int]]
    form: FormState = field(default_factory=FormState)
    behavior_choices: Sequence[str] = BEHAVIORS

    @property
    def title(self) -> str:
        return self.set.name


@dataclass(frozen=True)
class Message:
    role: str
    content: str
    tool_calls: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class CasePage:
    slug: str
    set: SetRow
    case: CaseRow
    messages: Sequence[Message]
    expected: Sequence[tuple[str, str]]
    group: str | None
    content_hash: str
    can_change: bool
    form: FormState
    behaviors: Sequence[str] = BEHAVIORS

    @property
    def title(self) -> str:
        return f"Case {self.case.position}"


def set_row(test_set: TestSet, uses: int = 0, runs: int = 0) -> SetRow:
    """``runs``: scored on the set and on those that it takes its cases over from."""
    names = ("id", "name", "kind", "size", "sealed_at", "created_at", "edition")
    how = wear(runs, test_set.size)
    fields = {name: getattr(test_set, name) for name in names}
    return SetRow(uses=uses, worn=how.sentence, optimism=how.optimism, **fields)


def set_list(session: Session, access: Access, cursor: str | None) -> ListPage:
    found = queries.list_sets(session, access.project.id, cursor, PAGE)
    runs = edition_queries.runs_in_line(session, access.project.id)
    rows = [set_row(test_set, uses, runs[test_set.id]) for test_set, uses in found.items]
    sealed = [row for row in rows if row.sealed_at]
    answer = "What is measured on, and never trained on."
    if sealed:
        cases = plural(sum(row.size for row in sealed), "case")
        answer = (
            f"{plural(len(sealed), 'sealed set')} with {cases}, used {plural(sum(r.uses for r in sealed), 'time')}."
        )
    elif rows:
        answer = "Nothing is sealed yet: until then every case may still be trained on."
    older = f"?cursor={found.next_cursor}" if found.next_cursor else None
    return ListPage(access.project.slug, answer, rows, access.can("engineer"), older)


def new(
    session: Session, access: Access, source: str, *, form: FormState | None = None, ids: Sequence[str] = ()
) -> NewPage:
    approved, drawable = (
        len(service.drawing_pool(session, access.project.id, approved_only=only, tag=None))
        if source == "fraction"
        else 0
        for only in (True, False)
    )
    chosen = splits.contents(session, access.project.id, ids) if ids else {}
    numbers = ", ".join(str(row[0].number) for row in chosen.values())
    return NewPage(access.project.slug, source, form or FormState(), approved, drawable, numbers)


def one(
    session: Session,
    access: Access,
    test_set: TestSet,
    *,
    filters: Mapping[str, str] | None = None,
    cursor: str | None = None,
    form: FormState | None = None,
) -> SetPage:
    chosen = {name: text for name, text in (filters or {}).items() if text}
    found = queries.cases(session, test_set.id, **chosen, cursor=cursor, limit=PAGE)
    total = queries.count_cases(session, test_set.id, **chosen) if chosen else test_set.size
    counts = queries.behavior_counts(session, test_set.id)
    rows = queries.scored_runs(session, test_set.id, 10)
    names = accounts.names(session, {person for _at, person, _run in rows if person})
    runs = edition_queries.runs_in_line(session, access.project.id)[test_set.id]
    row = set_row(test_set, queries.uses(session, test_set.id), runs)
    previous = queries.find_set(session, access.project.id, test_set.previous_id) if test_set.previous_id else None
    following = edition_queries.successor(session, test_set.id)
    return SetPage(
        slug=access.project.slug,
        set=row,
        answer=_answer(row, _who(session, test_set.sealed_by)),
        content_hash=test_set.content_hash,
        origin=test_set.origin,
        cases=[case_row(case, number) for case, number in found.items],
        shown=plural(total, "case") + (" match" if chosen else ""),
        behaviors=[(name, counts[name]) for name in BEHAVIORS if name in counts],
        filters={"q": "", "behavior": "", "tag": ""} | chosen,
        uses=[Use(at, names.get(person or "", "somebody")) for at, person, _run in rows],
        older="?" + urlencode(chosen | {"cursor": found.next_cursor}) if found.next_cursor else None,
        can_change=access.can("engineer"),
        runs_in_line=runs,
        previous=(previous.id, previous.name) if previous else None,
        following=(following.id, following.name) if following else None,
        changes=editions.changes(session, test_set),
        strata=_strata(test_set.origin.get("strata")),
        form=form or FormState(),
    )


def _strata(stored: Any) -> list[tuple[str, int, int]]:
    """(stratum, in the pool, drawn), the largest first."""
    pool, drawn = stored or ({}, {})
    return [(name, pool[name], drawn.get(name, 0)) for name in sorted(pool, key=lambda one: (-pool[one], one))]


def one_case(
    access: Access, test_set: TestSet, case: TestCase, number: int | None, form: FormState | None = None
) -> CasePage:
    return CasePage(
        slug=access.project.slug,
        set=set_row(test_set),
        case=case_row(case, number),
        messages=[message(item) for item in case.messages],
        expected=[(name, _shown(value)) for name, value in readable(case.expected).items()],
        group=group_name(case.group_unit),
        content_hash=case.content_hash,
        can_change=access.can("engineer") and test_set.sealed_at is None,
        form=form or FormState(_typed(case)),
    )


def _typed(case: TestCase) -> dict[str, str]:
    """What is expected, as the form has it."""
    found = {name: _shown(value) for name, value in case.expected.items()}
    return found | {"tags": ", ".join(case.tags)}


def case_row(case: TestCase, number: int | None) -> CaseRow:
    expected = readable(case.expected)
    said = next((expected[name] for name in SAID if expected.get(name)), "")
    return CaseRow(
        case.id,
        case.position,
        request_preview(case.messages),
        _shown(said),
        case.behavior,
        case.tags,
        number,
        case.example_id,
        case.erasure_id is not None,
    )


def message(item: Mapping[str, Any]) -> Message:
    calls = [
        (str(call["function"].get("name")), str(call["function"].get("arguments", "")))
        for call in item.get("tool_calls") or ()
    ]
    return Message(str(item.get("role")), text_of(item.get("content")) or str(item.get("refusal") or ""), calls)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else canonical(value).decode()


def _who(session: Session, user_id: str | None) -> str:
    return accounts.names(session, {user_id}).get(user_id, "somebody") if user_id else "somebody"


def _answer(row: SetRow, who: str) -> str:
    if row.sealed_at is None:
        return "A draft: nothing is held out yet. Seal it before anything is trained."
    used = f"used {plural(row.uses, 'time')}" if row.uses else "not used yet"
    return (
        f"Sealed by {who}: {plural(row.size, 'case')}, {used}. Nothing in it can change, none of it can be trained on."
    )
