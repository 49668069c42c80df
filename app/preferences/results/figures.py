"""What a closed round shows, as plain numbers: no texts and no names of people, so that it can be kept."""

from dataclasses import dataclass, field

from app.core.stats.preference import Ranked, SideBias, WinRate
from app.core.stats.results import Estimate


@dataclass(frozen=True)
class Against:
    """Two candidates. ``p_adjusted``: Holm over all pairs of the round; ``shown``: the interval excludes a half and so
    does the adjusted test. ``more_votes``: to show the present rate with 80 % chance, None where none would or need
    to. Lengths are means in characters; ``longer_chosen``: share of decided votes that took the longer answer."""

    rate: WinRate
    p_adjusted: float | None
    shown: bool
    more_votes: int | None
    length: float | None
    opponent_length: float | None
    longer_chosen: Estimate
    length_controlled: Estimate


@dataclass(frozen=True)
class Part:
    """A part of the cases: how often ``Figures.focus`` is preferred to the others there. ``p_value``: that the part
    differs from the rest of the cases, Holm over all parts."""

    by: str
    name: str
    rate: Estimate
    p_value: float | None


@dataclass(frozen=True)
class Criterion:
    name: str
    rate: WinRate


@dataclass(frozen=True)
class TwoReviewers:
    reviewer_a: str
    reviewer_b: str
    kappa: Estimate


@dataclass(frozen=True)
class Agreement:
    percent: Estimate
    cohen: Estimate | None
    fleiss: Estimate
    alpha: Estimate
    pairwise: list[TwoReviewers]


@dataclass(frozen=True)
class Pace:
    """One reviewer: votes on first showings, median seconds, and how often a second showing got the same choice."""

    reviewer: str
    votes: int
    median_seconds: float | None
    consistency: Estimate


@dataclass(frozen=True)
class Figures:
    """``focus``: the candidate that parts and criteria are about, the one in front."""

    votes: int
    identical_pairs: int
    candidates: list[str]
    focus: str
    against: list[Against]
    ranking: list[Ranked]
    parts: list[Part]
    criteria: list[Criterion]
    agreement: Agreement
    majority: dict[str, int]
    disagreements: int
    side_bias: SideBias
    self_consistency: Estimate
    paces: list[Pace] = field(default_factory=list)
