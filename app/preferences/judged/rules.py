"""What a judge's two answers about a pair say. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from app.core.stats import agreement
from app.core.stats.preference import Vote, WinRate, win_rate
from app.core.stats.rates import wilson
from app.core.stats.results import Estimate

Side = Literal["a", "b", "tie"]
FIRST, SECOND, TIE = "A", "B", "tie"
AB: dict[str, Side] = {FIRST: "a", SECOND: "b", TIE: "tie"}
BA: dict[str, Side] = {FIRST: "b", SECOND: "a", TIE: "tie"}
HUMAN: dict[str, Side] = {"a": "a", "b": "b", "tie": "tie", "both_bad": "tie"}  # a judge cannot say both bad


@dataclass(frozen=True)
class Said:
    """The labels of one pair: with output a first, and with output b first."""

    ab: str
    ba: str

    @property
    def consistent(self) -> bool:
        return AB[self.ab] == BA[self.ba]

    @property
    def verdict(self) -> Side:
        """What holds in both orders; anything else is a tie."""
        return AB[self.ab] if self.consistent else "tie"


@dataclass(frozen=True)
class Agreement:
    """Between the judge and ``who`` over the pairs that both decided; ``kappa`` is Cohen's."""

    who: str
    percent: Estimate
    kappa: Estimate


@dataclass(frozen=True)
class Beside:
    """A judge's own figures, and how far people agree with it. Never part of the human figures."""

    pairs: int
    win_rates: list[WinRate]
    consistency: Estimate
    first: Estimate
    majority: Agreement
    people: list[Agreement]


def majority(choices: Sequence[Side]) -> Side:
    """What more people chose than anything else; a draw at the top is a tie."""
    ranked = Counter(choices).most_common(2)
    return "tie" if len(ranked) > 1 and ranked[0][1] == ranked[1][1] else ranked[0][0]


def beside(
    said: Mapping[str, Said],
    names: Mapping[str, tuple[str, str]],
    candidates: Sequence[tuple[str, str]],
    people: Mapping[str, Mapping[str, Side]],
) -> Beside:
    """``names``: by pair the candidates a and b; ``candidates``: which two are compared, (candidate, opponent);
    ``people``: by person and pair what they chose."""
    votes = [Vote(pair, *names[pair], one.verdict) for pair, one in said.items()]
    firsts = [label for one in said.values() for label in (one.ab, one.ba)]
    decided = len(firsts) - firsts.count(TIE)
    by_pair: dict[str, list[Side]] = {}
    for chosen in people.values():
        for pair, side in chosen.items():
            by_pair.setdefault(pair, []).append(side)
    most = {pair: majority(choices) for pair, choices in by_pair.items()}
    return Beside(
        pairs=len(said),
        win_rates=[win_rate(votes, candidate, opponent) for candidate, opponent in candidates],
        consistency=wilson(sum(one.consistent for one in said.values()), len(said)),
        first=wilson(firsts.count(FIRST), decided),
        majority=_agreement("Majority of people", said, most),
        people=[_agreement(who, said, chosen) for who, chosen in people.items()],
    )


def _agreement(who: str, said: Mapping[str, Said], chosen: Mapping[str, Side]) -> Agreement:
    both = [pair for pair in said if pair in chosen]
    judge, human = [said[pair].verdict for pair in both], [chosen[pair] for pair in both]
    same = sum(one == other for one, other in zip(judge, human, strict=True))
    return Agreement(who, wilson(same, len(both)), agreement.cohen_kappa(judge, human))
