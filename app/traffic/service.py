"""Verbs of traffic: take it in, set how much of it is sampled, show what the tests do not cover."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.checks.semantic import model, neighbours
from app.checks.semantic.service import spoken
from app.core.clock import utcnow
from app.core.schema_checks import problem_of_schema, safe_validator
from app.datasets import service as datasets
from app.datasets.forms import NewTestSet
from app.datasets.models import TestSet
from app.evals.graders.behavior_rules import classify
from app.examples import import_service
from app.examples.chat import Refused
from app.examples.rules import ParsedExample, canonical, normalise, parse_example, text_of
from app.examples.unpacking.parent import remove
from app.projects.access import Access
from app.traffic import coverage, queries, rules
from app.traffic.coverage import Coverage
from app.traffic.formats import body
from app.traffic.formats.completion import Completion, Unreadable
from app.traffic.forms import NewDraft, NewSampling

OLDEST = datetime(2015, 1, 1, tzinfo=UTC)
LOOKED_AT, CASES = 300, 2_000
NO_CHAT = "the span is no chat, or holds no messages"


@dataclass
class Taken:
    """What became of the rows of one request. ``ignored``: spans that are no chat."""

    otlp: bool
    received: int = 0
    stored: int = 0
    duplicates: int = 0
    sampled: int = 0
    ignored: int = 0
    rejected: list[tuple[int, str]] = field(default_factory=list)
    import_id: str | None = None


def take(session: Session, access: Access, sent: bytes) -> Taken:
    """Measure completions and put a masked sample into review. Raises Invalid for a body that cannot be read at all;
    one row that cannot be read is refused alone. Sent again, a completion changes nothing."""
    otlp, rows = body.rows(sent)
    taken = Taken(otlp, received=len(rows))
    measure = _Measure(session, access)
    found: dict[bytes, tuple[dict[str, Any], ParsedExample]] = {}
    for number, row in rows:
        if row is None:
            taken.ignored += 1
            continue
        try:
            values, example = measure.of(row)
        except (Unreadable, Refused) as error:
            taken.rejected.append((number, str(error)))
            continue
        found.setdefault(values["id_hash"], (values, example))
    fresh = queries.add(session, [values for values, _example in found.values()])
    taken.stored = len(fresh)
    taken.duplicates = taken.received - taken.ignored - len(taken.rejected) - taken.stored
    chosen = [example for values, example in found.values() if values["id_hash"] in fresh and values["sampled"]]
    taken.sampled = len(chosen)
    if chosen:
        taken.import_id = _put_into_review(session, access, chosen)
    return taken


class _Measure:
    """What a completion is measured by: the project's format and rate, read once for all rows."""

    def __init__(self, session: Session, access: Access) -> None:
        project = access.project
        self.project_id, self.now = project.id, utcnow()
        self.labels = [str(label) for label in project.labels or ()]
        usable = project.output_schema and problem_of_schema(project.output_schema) is None
        self.validator = safe_validator(project.output_schema) if usable and project.output_schema else None
        self.rate = queries.sample_rate(session, project.id)

    def of(self, row: Completion | Unreadable) -> tuple[dict[str, Any], ParsedExample]:
        if isinstance(row, Unreadable):
            raise row
        example = parse_example({"messages": row.messages, "source": "production"})
        hashed = rules.id_hash(row.id)
        answer = _answer(example)
        return {
            "project_id": self.project_id,
            "id_hash": hashed,
            "at": self._at(row.at),
            "answer_characters": len(answer),
            "behavior": classify(answer).behavior,
            "format_ok": rules.format_ok(answer, self.labels, self.validator),
            "sampled": rules.is_sampled(self.project_id, hashed, self.rate),
        }, example

    def _at(self, seconds: float | None) -> datetime:
        """A time that cannot be is the time of arrival."""
        if seconds is None or not OLDEST.timestamp() <= seconds <= (self.now + timedelta(days=1)).timestamp():
            return self.now
        return datetime.fromtimestamp(seconds, UTC)


def _answer(example: ParsedExample) -> str:
    return text_of(example.messages[-1].get("content"))


def _put_into_review(session: Session, access: Access, chosen: Sequence[ParsedExample]) -> str:
    """By the ordinary import: nothing unmasked reaches the disk or the database."""
    path = import_service.new_upload()
    try:
        with path.open("wb") as file:
            for one in chosen:
                row = {"messages": rules.deidentified(one.messages), "source": "production"}
                file.write(canonical(row) + b"\n")
        name = f"traffic-{utcnow():%Y-%m-%d-%H%M%S}.jsonl"
        project, user = access.project, access.user
        source = import_service.keep_upload(session, user, project, path, name, "openai_chat", tags=[queries.TAG])
        return import_service.start(session, user, source).id
    except BaseException:
        remove(path)
        raise


def set_sampling(session: Session, access: Access, new: NewSampling) -> None:
    project = access.project
    queries.set_sample_rate(session, project.id, access.user.id, new.sample_rate)
    actor = access.user.id
    record(session, "set", "sampling", project.id, actor_id=actor, project_id=project.id, rate=new.sample_rate)


def draft(session: Session, access: Access, new: NewDraft) -> TestSet:
    """A draft test set of examples that came from traffic; sealing takes them out of the training pool."""
    wanted = NewTestSet(name=new.name, example_ids=new.example_ids)
    return datasets.draft(session, access.user, access.project, wanted).test_set


@dataclass(frozen=True)
class Uncovered:
    """``examples``: (id, request) of each group's members."""

    coverage: Coverage
    examples: Sequence[tuple[str, str]]


def uncovered(session: Session, project_id: str) -> Uncovered:
    """The newest sampled requests held against the test cases: by meaning where all have a vector, else by words."""
    rows = queries.newest(session, project_id, LOOKED_AT)
    asked = [spoken(row.messages) for row in rows]
    shown = [(row.id, text) for row, text in zip(rows, asked, strict=True)]
    cases = queries.cases(session, project_id, CASES)
    if rows and model.available():
        vectors = queries.vectors(session, project_id, [r.fingerprint_unit for r in (*rows, *cases)])
        ours, theirs = ([vectors.get(r.fingerprint_unit) for r in side] for side in (rows, cases))
        if all(ours) and all(theirs):
            sides = (neighbours.matrix([v for v in side if v]) if side else None for side in (ours, theirs))
            requests, tests = sides
            assert requests is not None
            tests = requests[:0] if tests is None else tests
            return Uncovered(coverage.of_vectors(requests, tests, neighbours.SUGGEST), shown)
    texts = [normalise(text) for text in asked]
    return Uncovered(coverage.of_texts(texts, [normalise(spoken(case.messages)) for case in cases]), shown)
