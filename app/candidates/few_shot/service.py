"""Verbs of worked examples: choose them, put them into a candidate, see that no test set holds one of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.annotation.assist.terms import private
from app.candidates.few_shot import queries, rules
from app.candidates.few_shot.forms import FewShot
from app.candidates.few_shot.models import CandidateShot
from app.core.errors import Conflict, Invalid
from app.core.stats.words import and_list
from app.datasets.near import service as near
from app.examples.models import Example
from app.gateway.models import Provider


@dataclass(frozen=True)
class Shot:
    """``number``: of the example, for people."""

    example_id: str
    revision: int
    number: int
    messages: list[dict[str, Any]]


def choose(
    session: Session, project_id: str, wanted: FewShot, provider: Provider, without: Collection[str] = ()
) -> list[Shot]:
    """The worked examples in the order in which they are sent. Invalid where fewer can be used than are asked for.

    ``without``: examples that are not drawn, because they are asked. What was not compared with the test sets yet is
    compared first (Conflict where that is too much to wait for).
    """
    near.bring_up_to_date(session, project_id)
    if wanted.example_ids:
        return _named(session, project_id, wanted, provider)
    return _drawn(session, project_id, wanted, provider, without)


def _drawn(
    session: Session, project_id: str, wanted: FewShot, provider: Provider, without: Collection[str]
) -> list[Shot]:
    found: list[Shot] = []
    for example, content in queries.drawn(session, project_id, wanted):
        left_out = example.id in without or private(example, provider)
        shown = None if left_out else rules.turns(content.messages)
        if shown is not None:
            found.append(Shot(example.id, example.revision, example.number, shown))
        if len(found) == wanted.k:
            return found
    limits = and_list([f"“{one}”" for one in (wanted.tag, wanted.behavior) if one])
    among = f" with {limits}" if limits else ""
    words = f"Only {len(found)} approved examples{among} can be used: none that a test set asks, in plain text."
    raise Invalid.field("few_shot.k", words)


def _named(session: Session, project_id: str, wanted: FewShot, provider: Provider) -> list[Shot]:
    ids = wanted.example_ids or []
    usable = queries.named(session, project_id, ids)
    found = []
    for place, example_id in enumerate(ids):
        loc = f"few_shot.example_ids.{place}"
        if example_id not in usable:
            raise Invalid.field(loc, "Not an approved example of the training side that no test set asks.")
        example, content = usable[example_id]
        found.append(_shot(example, content.messages, provider, loc))
    return found


def _shot(example: Example, messages: Sequence[dict[str, Any]], provider: Provider, loc: str) -> Shot:
    why = private(example, provider)
    if why:
        raise Invalid.field(loc, f"Example #{example.number} stays here: it is one {why}. Mask or approve that first.")
    shown = rules.turns(messages)
    if shown is None:
        raise Invalid.field(loc, f"Example #{example.number} is no plain conversation that ends with an answer.")
    return Shot(example.id, example.revision, example.number, shown)


def put(session: Session, candidate_id: str, shots: Sequence[Shot | CandidateShot]) -> None:
    """Copy the worked examples into a candidate that has just been made."""
    session.add_all(
        CandidateShot(
            candidate_id=candidate_id,
            position=place,
            example_id=shot.example_id,
            revision=shot.revision,
            messages=shot.messages,
        )
        for place, shot in enumerate(shots)
    )
    session.flush()


def to_take_over(session: Session, source_id: str) -> Sequence[CandidateShot]:
    """Those of another candidate, word for word. Conflict where one was erased."""
    found = queries.of_candidate(session, source_id)
    if any(shot.messages == rules.ERASED for shot in found):
        raise Conflict("A worked example of that candidate was erased: choose others.")
    return found


def refuse_leak(session: Session, candidate_id: str, test_set_id: str) -> None:
    """Conflict where the prompt shows the answer to a case of the set."""
    numbers = queries.leaked(session, candidate_id, test_set_id)
    if numbers:
        listed = and_list([f"#{number}" for number in numbers])
        raise Conflict(
            f"The candidate's prompt shows {listed} with the answer, and a case of this set asks the same or nearly "
            "so: its score would be flattered. Clone the candidate with other worked examples."
        )
