"""What a round as it stands on the form would show, from the power planner, and what it takes of people's time."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from sqlalchemy.orm import Session

from app.core.errors import Invalid
from app.core.stats.needed import votes_to_show
from app.preferences import queries
from app.preferences.assignment import assign
from app.preferences.forms import Expected, NewRound
from app.preferences.opening import drawing, slices
from app.projects.access import Access

ASSUMED_SECONDS = 30.0  # for a vote, where fewer than ENOUGH of the project's votes say how long they took
ENOUGH = 20
POWER = 0.80


@dataclass(frozen=True)
class Plan:
    """``shown``: pairs that people see. ``needed`` None: more than ten million, or nothing to show. ``sides``: how many
    two-by-two comparisons share the pairs."""

    pairs: int
    identical: int
    naming: int
    shown: int
    sides: int
    votes: int
    repeats: int
    needed: int | None
    seconds: float
    measured: bool
    cost: float | None
    win_rate: float
    ties: float

    @property
    def per_side(self) -> int:
        """Pairs with a vote for each two candidates: what the planner counts, since votes on one pair go together."""
        return min(self.shown, self.votes) // self.sides

    @property
    def minutes(self) -> float:
        return (self.votes + self.repeats) * self.seconds / 60


@dataclass(frozen=True)
class Offer:
    """The part of the form that follows from what is chosen: slices, and the plan or what stands in its way."""

    slices: Sequence[tuple[str, str]]
    plan: Plan | None
    problem: str | None


def offer(session: Session, access: Access, new: NewRound, expected: Expected, reviewers: int) -> Offer:
    """``reviewers``: how many can vote."""
    try:
        runs = [run.id for run in drawing.runs_of(session, access.project.id, new.run_ids)]
    except Invalid as error:
        return Offer((), None, str(error))
    found = drawing.material(session, runs)
    parts = [(f"{by}:{name}", f"{slices.words(by, name)} ({n})") for (by, name), n in slices.offered(found.labels)]
    try:
        return Offer(parts, _plan(session, access, new, expected, runs, found, reviewers), None)
    except Invalid as error:
        return Offer(parts, None, str(error))


def _plan(
    session: Session,
    access: Access,
    new: NewRound,
    expected: Expected,
    runs: Sequence[str],
    found: drawing.Material,
    reviewers: int,
) -> Plan:
    drawn = drawing.draw(session, runs, found, new, Random(0))  # noqa: S311 (a count, not a secret)
    identical, naming = sum(one.identical for one in drawn), sum(bool(one.named) for one in drawn)
    shown = len(drawn) - identical - (naming if new.self_naming == "apart" else 0)
    ballots = assign(shown, range_of(reviewers), min(new.votes_per_pair, reviewers), new.repeat_fraction, Random(0))  # noqa: S311
    repeats = sum(one.is_repeat for one in ballots)
    votes = len(ballots) - repeats
    if new.max_votes is not None:
        votes, repeats = min(votes, new.max_votes), max(0, min(repeats, new.max_votes - votes))
    median, known = queries.seconds_per_vote(session, access.project.id)
    measured = median is not None and known >= ENOUGH
    seconds = median if measured and median is not None else ASSUMED_SECONDS
    rate = access.project.expert_hourly_rate
    return Plan(
        pairs=len(drawn),
        identical=identical,
        naming=naming,
        shown=shown,
        sides=len(runs) * (len(runs) - 1) // 2,
        votes=votes,
        repeats=repeats,
        needed=_needed(expected),
        seconds=seconds,
        measured=measured,
        cost=None if rate is None else (votes + repeats) * seconds / 3600 * rate,
        win_rate=expected.win_rate,
        ties=expected.ties,
    )


def _needed(expected: Expected) -> int | None:
    share, ties = expected.win_rate / 100, expected.ties / 100
    if 2 * share - 1 > 1 - ties:
        raise Invalid.field("ties", "With that many ties nobody can win as often.")
    return votes_to_show(share, ties, power=POWER)


def range_of(reviewers: int) -> list[str]:
    """Reviewers without names: only how many there are counts here."""
    return [str(number) for number in range(reviewers)]
