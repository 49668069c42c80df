"""Disagreements, and settling them: one named person decides, apart from the votes, which stay as they were cast."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from app.accounts.audit import record
from app.accounts.models import User
from app.core.clock import utcnow
from app.core.errors import Forbidden, NotFound
from app.datasets.models import TestCase
from app.evals.models import Output
from app.preferences import cast, queries
from app.preferences.imported.models import ImportedPair
from app.preferences.models import Pair, PreferenceRound
from app.preferences.results import people
from app.preferences.results.models import SettledPair
from app.projects.access import Access
from app.web.forms import StrictModel
from app.web.paging import cut, decode_cursor

SHOWN = 20


class NewSettlement(StrictModel):
    pair_id: str
    choice: Literal["left", "right", "tie", "both_bad"]
    note: str = Field("", max_length=4000)


@dataclass(frozen=True)
class Settled:
    choice: str  # 'a', 'b', 'tie' or 'both_bad', in the pair's own order
    note: str
    by: str


@dataclass(frozen=True)
class Disagreement:
    """``left``, ``right``: the two outputs in an order drawn from the pair's id. ``votes``: (reviewer, side or tie)."""

    pair_id: str
    prompt: list[dict[str, Any]]
    left: str
    right: str
    votes: Sequence[tuple[str, str]]
    settled: Settled | None
    settled_side: str


@dataclass(frozen=True)
class Queue:
    """``waiting``: how many of ``total`` are to be settled; ``next_cursor``: of the next page."""

    pairs: list[Disagreement]
    waiting: int
    total: int
    next_cursor: str | None


def queue(session: Session, round_: PreferenceRound, cursor: str | None = None) -> Queue:
    """A page of the disagreements, open ones first. Conflict while the round is open."""
    first = [vote for vote in cast.of_closed(session, round_).votes if not vote.is_repeat]
    settled = of_round(session, round_.id)
    order = sorted((int(pair in settled), pair) for pair in people.disagreements(first))
    after = decode_cursor(cursor, 2)
    rest = [one for one in order if after is None or [one[0], one[1]] > [int(after[0]), str(after[1])]]
    page = cut(rest[: SHOWN + 1], SHOWN, lambda one: one)
    shown = [pair for _settled, pair in page.items]
    texts = _texts(session, shown)
    found = []
    for pair in (pair for pair in shown if pair in texts):
        prompt, a, b = texts[pair]
        swapped = is_swapped(pair)
        votes = [(vote.reviewer_name, side(pair, vote.winner)) for vote in first if vote.pair == pair]
        done = settled.get(pair)
        left, right = (b, a) if swapped else (a, b)
        found.append(Disagreement(pair, prompt, left, right, votes, done, side(pair, done.choice) if done else ""))
    return Queue(found, sum(not done for done, _pair in order), len(order), page.next_cursor)


def settle(session: Session, access: Access, round_: PreferenceRound, new: NewSettlement) -> None:
    """By an engineer or a reviewer of the round; a later decision replaces the earlier one."""
    if not access.can("engineer") and not queries.is_reviewer(session, round_.id, access.user.id):
        raise Forbidden("Engineers and the reviewers of the round settle its disagreements.")
    votes = [vote for vote in cast.of_closed(session, round_).votes if not vote.is_repeat]
    if new.pair_id not in people.disagreements(votes):
        raise NotFound("This disagreement")
    values: dict[str, Any] = {
        "pair_id": new.pair_id,
        "round_id": round_.id,
        "choice": _own_order(new.pair_id, new.choice),
    }
    values |= {"note": new.note, "settled_by": access.user.id, "settled_at": utcnow()}
    query = insert(SettledPair).values(values)
    session.execute(query.on_conflict_do_update(index_elements=["pair_id"], set_=values))
    record(session, "settle", "round", round_.id, actor_id=access.user.id, project_id=access.project.id)


def of_round(session: Session, round_id: str) -> dict[str, Settled]:
    """By pair what was settled; no figure of the round reads it."""
    rows = session.execute(
        select(SettledPair.pair_id, SettledPair.choice, SettledPair.note, User.name)
        .outerjoin(User, User.id == SettledPair.settled_by)
        .where(SettledPair.round_id == round_id)
    )
    return {row[0]: Settled(row[1], row[2], row[3] or "") for row in rows}


def is_swapped(pair_id: str) -> bool:
    """Whether B stands on the left: the pair's own order would put one candidate always on the same side."""
    return hashlib.sha256(pair_id.encode()).digest()[0] % 2 == 1


def side(pair_id: str, choice: str) -> str:
    if choice not in ("a", "b"):
        return choice
    return "left" if (choice == "b") == is_swapped(pair_id) else "right"


def _own_order(pair_id: str, choice: str) -> str:
    if choice not in ("left", "right"):
        return choice
    return "b" if (choice == "left") == is_swapped(pair_id) else "a"


def _texts(session: Session, pairs: Sequence[str]) -> dict[str, tuple[list[dict[str, Any]], str, str]]:
    """Prompt and both outputs of pairs, of runs and imported ones; those came without outputs where they are empty."""
    first, second = aliased(Output), aliased(Output)
    rows = session.execute(
        select(Pair.id, TestCase.messages, first.text, second.text)
        .join(TestCase, TestCase.id == Pair.case_id)
        .join(first, first.id == Pair.output_a_id)
        .join(second, second.id == Pair.output_b_id)
        .where(Pair.id.in_(pairs))
    )
    found = {
        row[0]: ([m for m in row[1] if m.get("role") not in ("system", "developer")], row[2] or "", row[3] or "")
        for row in rows
    }
    imported = (ImportedPair.id, ImportedPair.prompt, ImportedPair.output_a, ImportedPair.output_b)
    came = session.execute(select(*imported).where(ImportedPair.id.in_(pairs)))
    return found | {row[0]: (row[1], row[2] or "", row[3] or "") for row in came}
