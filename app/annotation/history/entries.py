"""From rows to lines of the timeline."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.annotation.comments import queries as comments
from app.annotation.history import queries
from app.annotation.models import Annotation
from app.annotation.queries import hidden_people, of_example
from app.examples.bulk import WORDS
from app.examples.models import Example, Import, Revision
from app.web.words import duration, words

SAID = {"approve": "approved", "reject": "rejected", "needs_work": "said it needs work"}
SAME_MOMENT = timedelta(seconds=5)
SYSTEM = "Holdout"


@dataclass(frozen=True)
class Entry:
    """One line: ``kind`` is revision, annotation, status, finding or comment; ``revision`` is set where there is one.

    ``what`` is a sentence after the name of who did it, ``why`` their own words (a reason, a note, a comment).
    """

    kind: str
    at: datetime
    who: str
    what: str
    why: str = ""
    revision: int | None = None


def timeline(session: Session, project_id: str, example: Example, user_id: str) -> list[Entry]:
    """All of it as this person may see it, newest first."""
    unseen = hidden_people(session, project_id, example.id, user_id)
    said = of_example(session, project_id, example.id, user_id)
    found = [
        *_revisions(queries.revisions(session, example.id), queries.import_of(session, example)),
        *(_annotation(one, who) for one, who in said),
        *_statuses(queries.status_events(session, project_id, example.id), [one for one, _who in said]),
        *_bulk(queries.bulk_changes(session, project_id, example.id)),
        *_findings(session, project_id, example.id),
        *_comments(session, project_id, example.id, unseen),
    ]
    return sorted(found, key=lambda entry: entry.at, reverse=True)


def _revisions(rows: Sequence[Any], source: Import | None) -> Iterator[Entry]:
    older = [*(row[0] for row in rows[1:]), None]
    for (row, who), before in zip(rows, older, strict=True):
        if row.number == 1:
            what = f"imported it from {source.file_name}" if source else "added it"
        else:
            what = f"made revision {row.number}" + (f": {changes(before, row)}" if before is not None else "")
        yield Entry("revision", row.created_at, who or SYSTEM, what, row.reason, row.number)


def changes(before: Revision, after: Revision) -> str:
    """``messages, tags +refund −old``"""
    parts = [name for name in ("messages", "tools", "expected") if getattr(before, name) != getattr(after, name)]
    if before.non_preferred != after.non_preferred:
        parts.append("answer not preferred")
    if before.behavior != after.behavior:
        parts.append(f"behaviour {before.behavior or 'not said'} → {after.behavior or 'not said'}")
    came = [f"+{tag}" for tag in after.tags if tag not in before.tags]
    gone = [f"−{tag}" for tag in before.tags if tag not in after.tags]
    if came or gone:
        parts.append("tags " + " ".join([*came, *gone]))
    return ", ".join(parts) or "no change"


def _annotation(one: Annotation, who: str) -> Entry:
    what = f"{SAID[one.verdict]} revision {one.revision}"
    details = [f"label {one.label}"] if one.label else []
    details += [f"guideline v{one.guideline_version}"] if one.guideline_version else []
    details += [f"took {duration(one.seconds)}"] if one.seconds else []
    details += ["flagged for a second look"] if one.flagged else []
    what += f" ({', '.join(details)})" if details else ""
    return Entry("annotation", one.created_at, who, what, one.note, one.revision)


def _statuses(rows: Iterable[Any], said: Sequence[Annotation]) -> Iterator[Entry]:
    """A decision that an annotation tells of already is left out."""
    for event, who in rows:
        if not any(_same(one, event) for one in said):
            what = f"set the status to {words(str(event.detail.get('status', '')))}"
            if event.action == "undo":
                what = f"took a decision back: {words(str(event.detail.get('status', '')))} again"
            yield Entry("status", event.at, who or SYSTEM, what)


def _same(one: Annotation, event: Any) -> bool:
    who_and_what = (one.annotator_id, one.verdict) == (event.actor_id, event.action)
    return who_and_what and abs(event.at - one.created_at) < SAME_MOMENT


def _bulk(rows: Iterable[Any]) -> Iterator[Entry]:
    for row in rows:
        tag = f" “{row.tag}”" if row.tag else ""
        yield Entry("status", row.created_at, row.name or SYSTEM, f"{WORDS[row.action]}{tag}, with others")
        if row.undone_at:
            yield Entry("status", row.undone_at, row.name or SYSTEM, f"took back: {WORDS[row.action]}{tag}")


def _findings(session: Session, project_id: str, example_id: str) -> Iterator[Entry]:
    for one in queries.findings(session, project_id, example_id):
        what = f"found {words(one.kind)} ({words(one.code)})"
        yield Entry("finding", one.created_at, "Detectors", what, one.words, one.revision)
    for decision, one, who in queries.decisions(session, example_id):
        what = f"decided on {words(one.kind)} ({words(one.code)}): {words(decision.action)}"
        what += f", until {decision.expires_at:%-d %b %Y}" if decision.expires_at else ""
        yield Entry("finding", decision.created_at, who or SYSTEM, what, decision.reason, one.revision)


def _comments(session: Session, project_id: str, example_id: str, unseen: set[str]) -> Iterator[Entry]:
    for one, who in comments.thread(session, project_id, example_id):
        if one.author_id not in unseen and one.deleted_at is None:
            yield Entry("comment", one.created_at, who, "commented", one.text, one.revision)
