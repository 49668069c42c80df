"""From the votes of a closed round to its figures. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from app.core.stats import preference
from app.core.stats.length import length_controlled_rate
from app.core.stats.multiplicity import holm
from app.core.stats.needed import scaled
from app.core.stats.preference import SCORE, WinRate
from app.core.stats.rates import rate
from app.core.stats.results import Estimate
from app.core.stats.seeds import generator
from app.preferences.cast import CastRound, CastVote
from app.preferences.results import parts, people
from app.preferences.results.figures import Against, Figures


def figures(found: CastRound, labels: Mapping[str, Sequence[parts.Label]], seed: str) -> Figures:
    """``labels``: by prompt key, what the cases are cut by. Draws come from ``seed``, so that a page repeats itself."""
    first = [vote for vote in found.votes if not vote.is_repeat]
    votes = [as_vote(vote) for vote in first]
    ties = [preference.Vote(pair, a, b, "tie", group=case) for pair, case, a, b in found.identical]
    ranking = preference.bradley_terry(votes + ties, generator(seed, "ranking")) if votes else []
    focus = _focus(found.candidates, [one.candidate for one in ranking])
    return Figures(
        votes=len(votes),
        identical_pairs=len(ties),
        candidates=found.candidates,
        focus=focus,
        against=_against(found, votes + ties, first),
        ranking=ranking,
        parts=parts.of_cases(first, labels, focus),
        criteria=parts.by_criterion(first, focus),
        agreement=people.agreement_of(first),
        majority=people.majority(first),
        disagreements=len(people.disagreements(first)),
        side_bias=people.side_bias(found.votes),
        self_consistency=preference.self_consistency(people.repeats(found.votes)),
        paces=people.paces(found.votes),
    )


def as_vote(vote: CastVote) -> preference.Vote:
    return preference.Vote(vote.pair, vote.a, vote.b, vote.winner, vote.reviewer, vote.prompt_key)


def _focus(candidates: Sequence[str], ranked: Sequence[str]) -> str:
    """Of two the second, as everywhere; of several the one in front."""
    if len(candidates) == 2 or not ranked:
        return candidates[1] if len(candidates) > 1 else ""
    return ranked[0]


def _against(found: CastRound, votes: Sequence[preference.Vote], first: Sequence[CastVote]) -> list[Against]:
    rates = [preference.win_rate(votes, b, a) for a, b in combinations(found.candidates, 2)]
    adjusted = holm([one.p_value for one in rates])
    return [_one(one, p_value, first) for one, p_value in zip(rates, adjusted, strict=True)]


def _one(one: WinRate, p_value: float | None, votes: Sequence[CastVote]) -> Against:
    mine = [vote for vote in votes if {vote.a, vote.b} == {one.candidate, one.opponent}]
    low, high = one.rate.low, one.rate.high
    excludes = low is not None and high is not None and not low <= 0.5 <= high
    shown = excludes and p_value is not None and p_value <= 0.05
    measured = [vote for vote in mine if vote.length_a is not None and vote.length_b is not None]
    scores = [_score(vote, one.candidate) for vote in measured]
    lengths = [_lengths(vote, one.candidate) for vote in measured]
    units = [vote.prompt_key for vote in measured]
    gaps = [ours - theirs for ours, theirs in lengths]
    decided = [
        (float((score == 1) == (gap > 0)), unit)
        for score, gap, unit in zip(scores, gaps, units, strict=True)
        if score != 0.5 and gap
    ]
    return Against(
        rate=one,
        p_adjusted=p_value,
        shown=shown,
        more_votes=None if shown else _more(one.rate),
        length=sum(ours for ours, _ in lengths) / len(lengths) if lengths else None,
        opponent_length=sum(theirs for _, theirs in lengths) / len(lengths) if lengths else None,
        longer_chosen=rate([value for value, _ in decided], [unit for _, unit in decided]),
        length_controlled=length_controlled_rate(scores, gaps, units),
    )


def _more(estimate: Estimate) -> int | None:
    """Votes beyond those cast until the present rate, if true, is shown with 80 % chance; None where it is a half."""
    value, low, high = estimate.value, estimate.low, estimate.high
    if value is None or low is None or high is None:
        return None
    needed = scaled(estimate.n, low, high, abs(value - 0.5))
    return None if needed is None else max(needed - estimate.n, 1)


def _score(vote: CastVote, candidate: str) -> float:
    return SCORE[vote.winner] if vote.a == candidate else 1 - SCORE[vote.winner]


def _lengths(vote: CastVote, candidate: str) -> tuple[int, int]:
    """Ours, theirs."""
    a, b = vote.length_a or 0, vote.length_b or 0
    return (a, b) if vote.a == candidate else (b, a)


def renamed(found: Figures, names: Mapping[str, str]) -> Figures:
    """With people's names in place of their ids."""
    pairwise = [
        replace(two, reviewer_a=names.get(two.reviewer_a, ""), reviewer_b=names.get(two.reviewer_b, ""))
        for two in found.agreement.pairwise
    ]
    return replace(found, agreement=replace(found.agreement, pairwise=pairwise))
