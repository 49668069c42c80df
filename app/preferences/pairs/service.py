"""Verbs of turning votes into data: choose pairs of a closed round, write them, make examples of them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy.orm import Session

from app.core.errors import Conflict, Invalid
from app.datasets.formats import WRITERS, CannotHold, Record
from app.examples import import_service
from app.examples.models import Import
from app.preferences import cast
from app.preferences.models import PreferenceRound
from app.preferences.pairs import queries, rules
from app.preferences.pairs.forms import Format, PairFilter
from app.preferences.pairs.queries import Trainable
from app.preferences.pairs.rules import Chosen
from app.projects.access import Access

REASONS = rules.REASONS | {
    "held_out": "the prompt stands in a sealed test set, or is nearly one of its",
    "no_outputs": "the votes came without the two outputs",
    "same": "the two outputs are the same",
}
TAG = "from votes"


@dataclass(frozen=True)
class Pairs:
    """What a closed round yields. ``left_out``: how many pairs for which of ``REASONS``."""

    pairs: list[tuple[Trainable, Chosen]]
    left_out: Counter[str]

    @property
    def reasons(self) -> list[tuple[str, int]]:
        return [(REASONS[reason], number) for reason, number in self.left_out.most_common()]


def of_round(session: Session, round_: PreferenceRound, wanted: PairFilter) -> Pairs:
    """Raises Conflict while the round is open, Invalid for a reviewer who did not vote."""
    votes = cast.of_closed(session, round_).votes
    unknown = set(wanted.reviewers or ()) - {vote.reviewer for vote in votes}
    if unknown:
        raise Invalid.field("reviewers", f"{', '.join(sorted(unknown))[:200]}: did not vote in this round.")
    said = [rules.Said(v.pair, v.winner, v.reviewer, v.rationale) for v in votes if not v.is_repeat]
    limits = rules.Wanted(wanted.min_agreement, wanted.min_votes, wanted.rationale, wanted.reviewers)
    choice = rules.choose(said, limits)
    rows = queries.trainable(session, round_.id, list(choice.pairs))
    left_out = choice.left_out.copy()
    left_out["held_out"] = len(choice.pairs) - len(rows)
    pairs = []
    for row in rows:
        if not row.text_a or not row.text_b:
            left_out["no_outputs"] += 1
        elif row.text_a.strip() == row.text_b.strip():
            left_out["same"] += 1
        else:
            pairs.append((row, choice.pairs[row.pair_id]))
    return Pairs(pairs, +left_out)


def lines(round_: PreferenceRound, found: Pairs, format: Format) -> Iterator[bytes]:
    """The file, a line a pair. ``jsonl`` is our own line (interfaces.md §4) with the other answer and the votes."""
    for row, chosen in found.pairs:
        record = _record(row, chosen)
        if format == "jsonl":
            yield orjson.dumps(_own(round_, record, chosen), option=orjson.OPT_APPEND_NEWLINE)
            continue
        try:
            yield from WRITERS[format].write([record], True)
        except CannotHold:
            continue  # a prompt with pictures, in a format for text only


def make_examples(session: Session, access: Access, round_: PreferenceRound, wanted: PairFilter) -> Import:
    """Import the pairs as examples, on the way of every other import: duplicates are left out, prompts of sealed sets
    go to the test side, what is nearly one is found, and it can be taken back. Raises Conflict where there is none."""
    found = of_round(session, round_, wanted)
    if not found.pairs:
        raise Conflict(f"This round yields no preference pair. {why_none(found)}")
    path = import_service.new_upload()
    try:
        with path.open("wb") as file:
            file.writelines(lines(round_, found, "jsonl"))
        source = import_service.keep_upload(
            session, access.user, access.project, path, f"{round_.name}.jsonl", "openai_preference", tags=[TAG]
        )
        return import_service.start(session, access.user, source)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def why_none(found: Pairs) -> str:
    said = "; ".join(f"{number:,} left out: {reason}" for reason, number in found.reasons)
    return f"{said}." if said else "Nobody voted."


def _record(row: Trainable, chosen: Chosen) -> Record:
    better, worse = (row.text_a, row.text_b) if chosen.winner == "a" else (row.text_b, row.text_a)
    return Record(
        number=0,
        messages=[*row.messages, {"role": "assistant", "content": better}],
        tools=row.tools,
        non_preferred=[{"role": "assistant", "content": worse}],
    )


def _own(round_: PreferenceRound, record: Record, chosen: Chosen) -> dict[str, Any]:
    votes = {"round": round_.name, "round_id": round_.id, "votes": chosen.votes, "agreement": chosen.agreement}
    line = {"messages": record.messages, "non_preferred_output": record.non_preferred}
    said = {"rationales": list(chosen.rationales)} if chosen.rationales else {}
    return line | ({"tools": record.tools} if record.tools else {}) | {"metadata": votes | said}
