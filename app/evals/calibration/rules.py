"""How far a judge agrees with people, and whether that is enough to let it count. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from app.core.stats.agreement import cohen_kappa
from app.core.stats.rates import wilson
from app.core.stats.results import Estimate

LEAST_MARKS = 30  # below that an interval of kappa from resampling is not to be trusted
PASS_FAIL = ("pass", "fail")
Pair = tuple[str, str]  # what people say, what the judge says


@dataclass(frozen=True)
class Agreement:
    """``counts[person][judge]`` over ``choices``; ``same`` is the share of outputs where both say the same."""

    kappa: Estimate
    same: Estimate
    choices: Sequence[str]
    counts: Sequence[Sequence[int]]

    @property
    def n(self) -> int:
        return self.kappa.n


def majority(marks: Sequence[str | None]) -> str | None:
    """What most people said of an output; ``None`` where nobody could tell, or as many say one thing as another."""
    ranked = Counter(mark for mark in marks if mark is not None).most_common(2)
    if not ranked or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]


def agreement(pairs: Sequence[Pair], choices: Sequence[str]) -> Agreement:
    """Cohen's kappa between people and judge, with a 95 % interval.

    Where both say the same throughout, leaving one out changes nothing: then the lower limit is that of Wilson's
    interval for the share of agreement p, brought to kappa's scale with the chance agreement as observed,
    (p − p_e) / (1 − p_e), which keeps a width (Wilson 1927; Cohen 1960).
    """
    people, judge = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    tally = Counter(pairs)
    same = wilson(sum(one == other for one, other in pairs), len(pairs))
    kappa = cohen_kappa(people, judge)
    if kappa.value == 1 and kappa.low is None and same.low is not None:
        chance = sum((count / len(people)) ** 2 for count in Counter(people).values())
        kappa = Estimate(1.0, (same.low - chance) / (1 - chance), 1.0, kappa.n)
    return Agreement(kappa, same, choices, [[tally[person, given] for given in choices] for person in choices])


def enough(found: Agreement, bound: float) -> tuple[bool, str]:
    """Whether the whole interval of kappa lies at or above the bound, and why (not)."""
    kappa, n = found.kappa, found.n
    if n < LEAST_MARKS:
        return False, f"{_outputs(n)} marked by people and judged; at least {LEAST_MARKS} are needed"
    if kappa.value is None:
        return False, "people and judge gave one and the same mark to every output: draw a sample with both kinds"
    if kappa.low is None or kappa.high is None:
        return False, f"kappa {kappa.value:.2f} over {_outputs(n)}, without an interval: mark more of them"
    told = f"kappa {kappa.value:.2f} ({kappa.low:.2f} to {kappa.high:.2f}) over {_outputs(n)}"
    if kappa.low >= bound:
        return True, told
    more = more_marks(kappa, bound)
    advice = f"about {more} more marks would show it, if it stays so" if more else "the rubric or the judge must change"
    return False, f"{told}: the lower end must reach {bound:.2f}; {advice}"


def more_marks(kappa: Estimate, bound: float) -> int | None:
    """How many more marks until the interval lies above the bound, if kappa stays; its width shrinks with √n."""
    if kappa.value is None or kappa.low is None or kappa.value <= bound:
        return None
    return max(1, ceil(kappa.n * ((kappa.value - kappa.low) / (kappa.value - bound)) ** 2) - kappa.n)


def _outputs(n: int) -> str:
    return f"{n} output" if n == 1 else f"{n} outputs"
