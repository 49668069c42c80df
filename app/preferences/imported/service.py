"""Verbs of votes from elsewhere: make a round for them, take in a file of them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.core.clock import utcnow
from app.core.errors import Conflict, Invalid
from app.core.ids import new_id
from app.core.rejections import Rejections
from app.examples import rules as examples
from app.examples.chat import Refused
from app.examples.formats import json_lines
from app.examples.formats.base import Position, read_lines, too_long_reason
from app.examples.import_service import shown_name
from app.preferences.imported import queries
from app.preferences.imported.forms import NewImportRound
from app.preferences.imported.models import VoteFile
from app.preferences.imported.rules import Line, in_order_of, pair_key, parse_line, prompt_key
from app.preferences.models import PreferenceRound
from app.projects.access import Access

BATCH_LINES = 500
BATCH_BYTES = 8_000_000
MAX_VOTES = 200_000  # of one round
MAX_PAIRS = 10_000  # as many as a round of our own may have


@dataclass
class Report(Rejections):
    """What became of the lines of a file."""

    lines: int = 0
    votes: int = 0
    known: int = 0


def open_round(session: Session, access: Access, new: NewImportRound) -> PreferenceRound:
    """A round without runs and ballots, which takes files of votes until it is closed."""
    round_ = PreferenceRound(
        project_id=access.project.id,
        name=new.name or f"Votes of {utcnow():%-d %B %Y}",
        criteria=new.criteria,
        source="import",
        run_ids=[],
        votes_per_pair=1,
        seed=0,
        created_by=access.user.id,
    )
    session.add(round_)
    session.flush()
    record(session, "open", "round", round_.id, actor_id=access.user.id, project_id=access.project.id, source="import")
    return round_


def import_votes(session: Session, access: Access, round_: PreferenceRound, path: Path, name: str) -> VoteFile:
    """Take in every good line of a file; the others are reported and do no harm. The caller commits all or nothing.

    A line that came with an earlier file is the same vote. Raises Conflict for a round of runs or a closed one,
    Invalid for a file with no good line at all.
    """
    round_ = queries.locked(session, round_)
    if round_.source != "import":
        raise Conflict("This round shows outputs of runs: its votes are cast here. Make a round for imported votes.")
    if round_.closed_at is not None:
        raise Conflict("This round is closed: its votes cannot change any more.")
    report, seen = Report(), Counter[bytes]()
    for batch in _batches(path, report):
        _store(session, round_, batch, seen, report)
        _check_size(session, round_)
    if not report.votes and not report.known:
        raise Invalid(
            "No line of this file is a vote." if report.lines else "The file has no line in it.", _errors(report)
        )
    stored = VoteFile(
        round_id=round_.id, name=shown_name(name), created_by=access.user.id,
        **vars(report) | {"rejected": [list(pair) for pair in report.rejected]},
    )  # fmt: skip
    session.add(stored)
    session.flush()
    facts = {"file": stored.name, "votes": report.votes, "rejected": report.rejected_count}
    record(session, "import", "round", round_.id, actor_id=access.user.id, project_id=access.project.id, **facts)
    return stored


def _errors(report: Report) -> list[Any]:
    said = [f"line {line}: {reason}" for line, reason in report.rejected[:3]]
    return Invalid.field("file", f"No line of this file is a vote. {'; '.join(said)}").errors if said else []


def _batches(path: Path, report: Report) -> Iterator[list[tuple[int, Line]]]:
    """The good lines with their numbers, in heaps that are bounded in lines and bytes."""
    heap: list[tuple[int, Line]] = []
    size = 0
    with path.open("rb") as file:
        for line in read_lines(file, Position()):
            if not line.data.strip():
                continue
            report.lines += 1
            try:
                if line.too_long:
                    raise Refused(too_long_reason())
                heap.append((line.number, parse_line(json_lines.fields_of(line.data))))
            except Refused as error:
                report.reject(line.number, str(error))
                continue
            size += len(line.data)
            if len(heap) >= BATCH_LINES or size > BATCH_BYTES:
                yield heap
                heap, size = [], 0
    if heap:
        yield heap


def _store(
    session: Session, round_: PreferenceRound, batch: list[tuple[int, Line]], seen: Counter[bytes], report: Report
) -> None:
    cases = queries.cases(session, round_.project_id, [line.case_id for _n, line in batch if line.case_id])
    pairs: dict[str, dict[str, Any]] = {}
    good: list[tuple[str, Line]] = []
    for number, line in batch:
        if line.case_id and line.case_id not in cases:
            report.reject(number, "case_id: is no test case of this project")
            continue
        case = cases[line.case_id] if line.case_id else None
        prompt = [dict(message) for message in (examples.prompt(case.messages) if case else line.prompt or [])]
        asked, unit = prompt_key(prompt), case.fingerprint_unit if case else examples.fingerprint_unit(prompt)
        key = pair_key(asked, line)
        pairs.setdefault(key, {
            "id": new_id(), "round_id": round_.id, "key": key, "case_id": line.case_id, "prompt": prompt,
            "prompt_key": asked, "fingerprint_unit": unit,
            "candidate_a": line.candidate_a, "candidate_b": line.candidate_b,
            "output_a": line.output_a, "output_b": line.output_b,
            "tags": list(dict.fromkeys([*(case.tags if case else ()), *line.tags])),
        })  # fmt: skip
        good.append((key, line))
    if not good:
        return
    stored = queries.add_pairs(session, round_.id, list(pairs.values()))
    votes = [_vote(round_.id, *stored[key], line, seen) for key, line in good]
    added = queries.add_votes(session, votes)
    report.votes += added
    report.known += len(votes) - added


def _vote(round_id: str, pair_id: str, candidate_a: str, line: Line, seen: Counter[bytes]) -> dict[str, Any]:
    winner, criteria = in_order_of(candidate_a, line)
    seen[line.hash] += 1
    return {
        "round_id": round_id, "pair_id": pair_id, "reviewer": line.reviewer, "winner": winner, "criteria": criteria,
        "rationale": line.rationale, "seconds": line.seconds, "line_hash": line.hash, "occurrence": seen[line.hash],
    }  # fmt: skip


def _check_size(session: Session, round_: PreferenceRound) -> None:
    held = queries.counts(session, round_.id)
    if held.votes > MAX_VOTES or held.pairs > MAX_PAIRS:
        raise Invalid.field(
            "file", f"A round holds at most {MAX_VOTES:,} votes on {MAX_PAIRS:,} pairs. Split the votes over rounds."
        )
