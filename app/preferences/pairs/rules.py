"""Which pairs of a closed round become a preferred and a non-preferred answer. Pure."""

from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from typing import Literal

from app.core.stats.preference import Winner

Side = Literal["a", "b"]
REASONS = {
    "too_few_votes": "fewer votes than asked for",
    "tie": "a tie, or both bad, has most votes",
    "no_majority": "no choice has more votes than every other",
    "agreement": "too few of the votes agree",
    "no_rationale": "no vote for the winner says why",
}


@dataclass(frozen=True)
class Said:
    """One vote that counts: a reviewer's first on the pair."""

    pair: str
    winner: Winner
    reviewer: str
    rationale: str = ""


@dataclass(frozen=True)
class Wanted:
    """``min_agreement``: least share of a pair's votes (ties and both-bads included) that its winner must have.
    ``reviewers``: whose votes count; None: everybody's."""

    min_agreement: float = 0.5
    min_votes: int = 1
    rationale: bool = False
    reviewers: Container[str] | None = None


@dataclass(frozen=True)
class Chosen:
    winner: Side
    votes: int
    agreement: float  # share of the votes that are for the winner
    rationales: tuple[str, ...]


@dataclass(frozen=True)
class Choice:
    """``pairs``: what was chosen, by pair; ``left_out``: how many pairs for which of ``REASONS``."""

    pairs: dict[str, Chosen]
    left_out: Counter[str] = field(default_factory=Counter)


def choose(votes: Sequence[Said], wanted: Wanted) -> Choice:
    """Pairs with one winner that has enough votes. Pairs without a vote that counts are not looked at."""
    by_pair: dict[str, list[Said]] = {}
    for vote in votes:
        if wanted.reviewers is None or vote.reviewer in wanted.reviewers:
            by_pair.setdefault(vote.pair, []).append(vote)
    chosen: dict[str, Chosen] = {}
    left_out = Counter[str]()
    for pair, said in by_pair.items():
        found = _winner(said, wanted)
        if isinstance(found, Chosen):
            chosen[pair] = found
        else:
            left_out[found] += 1
    return Choice(chosen, left_out)


def _winner(said: Sequence[Said], wanted: Wanted) -> Chosen | str:
    if len(said) < wanted.min_votes:
        return "too_few_votes"
    (first, most), *others = Counter(vote.winner for vote in said).most_common()
    if others and others[0][1] == most:
        return "no_majority"
    if first not in ("a", "b"):
        return "tie"
    if most / len(said) < wanted.min_agreement:
        return "agreement"
    rationales = tuple(vote.rationale for vote in said if vote.winner == first and vote.rationale)
    if wanted.rationale and not rationales:
        return "no_rationale"
    return Chosen("a" if first == "a" else "b", len(said), most / len(said), rationales)
