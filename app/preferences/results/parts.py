"""Where the preference differs: parts of the cases, and criteria. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from app.core.stats import preference
from app.core.stats.multiplicity import holm
from app.core.stats.paired import paired_difference
from app.core.stats.parts import differs_from_rest
from app.core.stats.preference import SCORE, Winner
from app.core.stats.results import Estimate
from app.preferences.cast import CastVote
from app.preferences.results.figures import Criterion, Part

Label = tuple[str, str]  # by what the cases are cut (tag, behavior …), and the part's name
LEAST = 5  # cases
WINNERS: dict[str, Winner] = {"a": "a", "b": "b", "tie": "tie"}


def of_cases(votes: Sequence[CastVote], labels: Mapping[str, Sequence[Label]], focus: str) -> list[Part]:
    """How often ``focus`` is preferred in each part, the most different from the rest first. What every case has is no
    part of them, nor what fewer than five cases have."""
    scored = [(vote.prompt_key, _score(vote, focus)) for vote in votes if focus in (vote.a, vote.b)]
    asked = {key for key, _score in scored}
    members: dict[Label, set[str]] = defaultdict(set)
    for key in asked:
        for label in labels.get(key, ()):
            members[label].add(key)
    kept = {label: keys for label, keys in members.items() if LEAST <= len(keys) < len(asked)}
    found = [(label, *_part(scored, keys)) for label, keys in sorted(kept.items())]
    adjusted = holm([p_value for _label, _rate, p_value in found])
    rows = [Part(*label, rate, p) for (label, rate, _raw), p in zip(found, adjusted, strict=True)]
    raw = {(row.by, row.name): p for row, (_label, _rate, p) in zip(rows, found, strict=True)}
    return sorted(rows, key=lambda row: _or_one(raw[row.by, row.name]))


def by_criterion(votes: Sequence[CastVote], focus: str) -> list[Criterion]:
    """The answers to each criterion, ``focus`` against whoever stood beside it."""
    answers: dict[str, list[preference.Vote]] = defaultdict(list)
    for vote in votes:
        if focus not in (vote.a, vote.b):
            continue
        for name, answer in vote.criteria.items():
            if answer in WINNERS:
                # whoever stands beside it is one opponent here: the question is about the criterion
                a, b = (focus, "the others") if vote.a == focus else ("the others", focus)
                answers[name].append(preference.Vote(vote.pair, a, b, WINNERS[answer], vote.reviewer, vote.prompt_key))
    return [Criterion(name, preference.win_rate(given, focus, "the others")) for name, given in answers.items()]


def _score(vote: CastVote, focus: str) -> float:
    return SCORE[vote.winner] if vote.a == focus else 1 - SCORE[vote.winner]


def _part(scored: Sequence[tuple[str, float]], keys: set[str]) -> tuple[Estimate, float | None]:
    inside = [(score, key) for key, score in scored if key in keys]
    outside = [(score, key) for key, score in scored if key not in keys]
    values, of = [score for score, _ in inside], [key for _, key in inside]
    net = paired_difference([float(s == 0) for s in values], [float(s == 1) for s in values], of)
    value, low, high = (None if x is None else (1 + x) / 2 for x in (net.difference, net.low, net.high))
    p_value = differs_from_rest(values, of, [score for score, _ in outside], [key for _, key in outside])
    return Estimate(value, low, high, len(values)), p_value


def _or_one(p_value: float | None) -> float:
    return 1.0 if p_value is None else p_value
