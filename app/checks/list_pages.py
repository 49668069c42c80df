"""Typed contexts of the findings of one kind, of one example, and of clusters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Row
from sqlalchemy.orm import Session

from app.checks import pages, queries, rules
from app.checks.forms import FindingFilter
from app.checks.models import Finding
from app.checks.pages import Notice
from app.checks.pool.seen import Member, best_first
from app.checks.remedies import MAX_AT_ONCE
from app.checks.rules import KINDS, Action, Kind, code_words
from app.checks.spans import Segment, in_context
from app.examples import differences
from app.examples.models import Example, Revision
from app.examples.rules import text_of
from app.projects.access import Access
from app.web.forms import FormState

PAGE = 50
CLUSTERS = 20
SHOWN_MEMBERS = 12
LONG = 600  # characters of a text in a cluster


@dataclass(frozen=True)
class FindingRow:
    id: str
    kind: str
    code: str
    words: str
    where: str  # which message
    segments: Sequence[Segment]
    replacement: str | None
    state: str
    until: datetime | None
    decided: str  # who accepted it, and why
    example_id: str
    number: int
    status: str
    actions: Sequence[Action]
    stale: bool  # the example has changed since; it is looked at again in the background
    other_id: str | None
    other_number: int | None


@dataclass(frozen=True)
class MemberRow:
    """One example of a cluster. ``keep`` marks the best; texts show what differs from it."""

    example_id: str
    finding_id: str | None
    number: int
    status: str
    tags: Sequence[str]
    words: str
    request: Sequence[Any]
    answer: Sequence[Any]  # empty: the same as that of the best
    expects: str
    keep: bool


@dataclass(frozen=True)
class Cluster:
    name: str
    members: Sequence[MemberRow]
    more: int
    first_finding: str
    findings: Sequence[str]


@dataclass(frozen=True)
class ListPage:
    slug: str
    kind: Kind
    state: str
    code: str | None
    codes: Sequence[tuple[str, str, int, bool]]  # words, address, how many, chosen
    tabs: Sequence[tuple[str, str, bool, int | None]]
    rows: Sequence[FindingRow]
    clusters: Sequence[Cluster]
    total: int
    more: bool
    older: str | None
    bulk: Sequence[Action]
    can_decide: bool
    back: str
    notice: Notice | None
    form: FormState = field(default_factory=FormState)
    step: int = MAX_AT_ONCE

    @property
    def base(self) -> str:
        return f"/p/{self.slug}/checks/{self.kind.key}"

    @property
    def title(self) -> str:
        return self.kind.title


@dataclass(frozen=True)
class ExamplePage:
    slug: str
    example_id: str
    number: int
    rows: Sequence[FindingRow]
    can_decide: bool
    back: str
    title: str = "Findings"


def listed(
    session: Session,
    access: Access,
    kind: str,
    wanted: FindingFilter,
    *,
    cursor: str | None = None,
    changed: str | None = None,
    form: FormState | None = None,
) -> ListPage:
    facts, project_id, slug = KINDS[kind], access.project.id, access.project.slug
    state = wanted.state or "open"
    wanted = wanted.model_copy(update={"kind": kind, "state": state})
    base = f"/p/{slug}/checks/{kind}"
    kept = {name: value for name, value in (("state", wanted.state), ("code", wanted.code)) if value}
    total = queries.count(session, project_id, wanted)
    rows: Sequence[FindingRow] = []
    found_clusters: list[Cluster] = []
    if facts.together and state == "open":
        names = queries.clusters(session, project_id, wanted, after=cursor, limit=CLUSTERS + 1)
        found_clusters = clusters(session, access, kind, names[:CLUSTERS])
        next_cursor = names[CLUSTERS - 1] if len(names) > CLUSTERS else None
    else:
        found = queries.page(session, project_id, wanted, cursor=cursor, limit=PAGE)
        rows, next_cursor = _rows(session, access, found.items), found.next_cursor
    back = f"{base}?{urlencode(kept)}"
    return ListPage(
        slug=slug,
        kind=facts,
        state=state,
        code=wanted.code,
        codes=_codes(session, project_id, kind, state, base, wanted.code),
        tabs=_tabs(session, project_id, kind, state, base),
        rows=rows,
        clusters=found_clusters,
        total=min(total, queries.COUNTED),
        more=total > queries.COUNTED,
        older=f"{base}?{urlencode(kept | {'cursor': next_cursor})}" if next_cursor else None,
        bulk=[rules.ACTIONS[key] for key in (facts.actions if state == "open" else ("reopen",)) if key != "choose"],
        can_decide=access.can("annotator"),
        back=back,
        notice=pages.notice(session, access, changed, back),
        form=form or FormState(),
    )


def _codes(
    session: Session, project_id: str, kind: str, state: str, base: str, chosen: str | None
) -> list[tuple[str, str, int, bool]]:
    rows = [row for row in queries.summary(session, project_id) if row[0] == kind and row[2] == state]
    if len(rows) < 2 and chosen is None:
        return []
    every = [("all", f"{base}?{urlencode({'state': state})}", sum(row[3] for row in rows), chosen is None)]
    return every + [
        (code_words(row[1]), f"{base}?{urlencode({'state': state, 'code': row[1]})}", row[3], chosen == row[1])
        for row in sorted(rows, key=lambda row: (-row[3], row[1]))
    ]


def _tabs(
    session: Session, project_id: str, kind: str, state: str, base: str
) -> list[tuple[str, str, bool, int | None]]:
    counts: dict[str, int] = {}
    for row in queries.summary(session, project_id):
        if row[0] == kind:
            counts[row[2]] = counts.get(row[2], 0) + row[3]
    return [
        ("Open", base, state == "open", counts.get("open", 0)),
        ("Accepted", f"{base}?state=accepted", state == "accepted", counts.get("accepted", 0)),
        ("Resolved", f"{base}?state=resolved", state == "resolved", None),
    ]


def _rows(session: Session, access: Access, found: Sequence[Row[Finding, Example]]) -> list[FindingRow]:
    ids = {row[0].example_id for row in found} | {row[0].other_example_id for row in found if row[0].other_example_id}
    contents = queries.contents(session, access.project.id, ids)
    said = queries.decisions(session, [row[0].id for row in found])
    return [_finding(access, row[0], contents, said) for row in found if row[0].example_id in contents]


def _finding(
    access: Access, one: Finding, contents: Mapping[str, Row[Example, Revision]], said: Mapping[str, Row[Any, Any]]
) -> FindingRow:
    example, revision = contents[one.example_id]
    other = contents.get(one.other_example_id or "")
    stale = one.revision != example.revision
    messages = revision.messages
    index = one.message_index if one.message_index is not None and one.message_index < len(messages) else None
    text = text_of(messages[index].get("content")) if index is not None else example.answer or example.request
    start, stop = (None, None) if stale else (one.start, one.stop)
    may = rules.actions(one.kind, one.code, maskable=one.replacement is not None and not stale, state=one.state)
    return FindingRow(
        id=one.id,
        kind=one.kind,
        code=code_words(one.code),
        words=one.words,
        where=f"{messages[index]['role']}" if index is not None else "",
        segments=in_context(text, start, stop, code_words(one.code)),
        replacement=one.replacement,
        state=one.state,
        until=one.until,
        decided=_decided(said.get(one.id)),
        example_id=one.example_id,
        number=example.number,
        status=example.status,
        actions=[action for action in may if rules.may_decide(action, access.can, access.may_sign_off)],
        stale=stale,
        other_id=one.other_example_id,
        other_number=other[0].number if other else None,
    )


def _decided(row: Row[Any, Any] | None) -> str:
    if row is None:
        return ""
    decision, name = row
    action = rules.ACTIONS.get(decision.action)
    past = action.past if action else {"expire": "the approval ended", "undo": "taken back"}.get(decision.action, "")
    reason = f": {decision.reason}" if decision.reason else ""
    return f"{name or 'Holdout'} – {past}{reason}"


def clusters(session: Session, access: Access, kind: str, names: Sequence[str]) -> list[Cluster]:
    """Each cluster with the one to keep first, and how the others differ from it."""
    found = queries.in_clusters(session, access.project.id, kind, "open", names)
    ids = {one.example_id for one in found} | {one.other_example_id for one in found if one.other_example_id}
    contents = queries.contents(session, access.project.id, ids)
    result = []
    for name in names:
        own = [one for one in found if one.cluster == name]
        inside = {one.example_id for one in own} | {one.other_example_id for one in own if one.other_example_id}
        members = best_first(_member(contents[one][0]) for one in inside if one in contents)
        if own and members:
            result.append(_cluster(name, own, members, contents))
    return result


def _member(example: Example) -> Member:
    return Member(example.id, example.number, example.revision, example.status, example.fingerprint_unit, "")


def _cluster(
    name: str, own: Sequence[Finding], members: Sequence[Member], contents: Mapping[str, Row[Example, Revision]]
) -> Cluster:
    best = contents[members[0].example_id]
    by_example = {one.example_id: one for one in own}
    rows = [
        _row(contents[member.example_id], best, by_example.get(member.example_id), keep=not place)
        for place, member in enumerate(members[:SHOWN_MEMBERS])
    ]
    return Cluster(name, rows, max(len(members) - SHOWN_MEMBERS, 0), own[0].id, [one.id for one in own])


def _row(
    row: Row[Example, Revision], best: Row[Example, Revision], finding: Finding | None, *, keep: bool
) -> MemberRow:
    example, revision = row
    wanted = revision.expected or {}
    expects = [str(value) for value in (wanted.get("label"), wanted.get("behavior") or revision.behavior) if value]
    return MemberRow(
        example_id=example.id,
        finding_id=finding.id if finding else None,
        number=example.number,
        status=example.status,
        tags=example.tags if keep else [tag for tag in example.tags if tag not in best[0].tags],
        words=finding.words if finding else "",
        request=_against(best[0].request, example.request),
        answer=_against(best[0].answer, example.answer) if keep or example.answer != best[0].answer else [],
        expects=" · ".join(expects),
        keep=keep,
    )


def _against(best: str, text: str) -> Sequence[Any]:
    return differences.words(best[:LONG], text[:LONG])


def of_example(session: Session, access: Access, example: Example, back: str) -> ExamplePage:
    """What is open or accepted in one example: a part of its own page and of the review."""
    found = queries.of_example(session, example.id)
    ids = {example.id} | {one.other_example_id for one in found if one.other_example_id}
    contents = queries.contents(session, access.project.id, ids)
    said = queries.decisions(session, [one.id for one in found])
    rows = [_finding(access, one, contents, said) for one in found]
    return ExamplePage(access.project.slug, example.id, example.number, rows, access.can("annotator"), back)
