"""The fine-tunes of a series, and what their results say. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from app.core.stats.paired import paired_difference
from app.core.stats.results import PairedDifference

OF_ADAPTER = ("learning_rate", "r")
WORTH = 0.02  # of the cases: an interval that ends below it promises too little to be worth labelling for


def combinations(grid: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Every combination of the values, those of the first name slowest; none of an empty grid."""
    named = {name: list(dict.fromkeys(values)) for name, values in grid.items() if values}
    return [dict(zip(named, values, strict=True)) for values in product(*named.values())] if named else []


def with_settings(common: Mapping[str, Any], differs: Mapping[str, Any]) -> dict[str, Any]:
    """The hyperparameters of one fine-tune: those of all, and its own."""
    adapter = dict(common.get("adapter") or {}) | {key: differs[key] for key in OF_ADAPTER if key in differs}
    own = {key: value for key, value in differs.items() if key not in (*OF_ADAPTER, "share")}
    found = {key: value for key, value in common.items() if key != "adapter"} | own
    return found | ({"adapter": adapter} if adapter else {})


@dataclass(frozen=True)
class Measured:
    """A point of a learning curve: the examples trained on, and by development example whether it passed."""

    examples: int
    passed: Mapping[str, bool]


@dataclass(frozen=True)
class Outlook:
    """``word``: likely, little, worse, cannot_tell, or unknown before two points are there."""

    word: str
    sentence: str
    difference: PairedDifference | None = None


def outlook(points: Sequence[Measured]) -> Outlook:
    """Whether more examples are likely to help: what the last step of the curve gave, paired over the same examples.

    Compared is the largest point with the one that has half its examples, where there is one (a doubling), else with
    the one before it. The interval is Tango's (``core.stats.paired``); it tells of these runs and examples, not of
    what another seed would have given. Learning curves flatten (Hestness et al. 2017, arXiv:1712.00409): the gain of
    the next doubling is seldom more than that of the last.
    """
    ordered = sorted(points, key=lambda one: one.examples)
    if len(ordered) < 2:
        return Outlook("unknown", "Two points have to be measured before anything can be said.")
    last, before = ordered[-1], _half(ordered)
    common = sorted(last.passed.keys() & before.passed.keys())
    found = paired_difference([before.passed[one] for one in common], [last.passed[one] for one in common])
    if found.difference is None or found.low is None or found.high is None:
        return Outlook("unknown", "No example was answered by both models.")
    where = (
        f"{last.examples:,} examples instead of {before.examples:,} changed the share that passes by "
        f"{found.difference * 100:+.1f} points (95 % CI {found.low * 100:+.1f} … {found.high * 100:+.1f}, "
        f"n = {found.n:,})"
    )
    if found.low > 0:
        return Outlook("likely", f"More examples are likely to help: {where}.", found)
    if found.high < 0:
        return Outlook("worse", f"More of these examples made it worse: {where}. Look at what was added.", found)
    if found.high < WORTH:
        return Outlook("little", f"More examples are unlikely to help much: {where}.", found)
    return Outlook("cannot_tell", f"Cannot tell whether more examples help: {where}.{_could_show(found)}", found)


def _half(ordered: Sequence[Measured]) -> Measured:
    """The point nearest to half of the last one's examples, if one is within a tenth of it; else the one before."""
    half = ordered[-1].examples / 2
    near = [one for one in ordered[:-1] if abs(one.examples - half) <= half / 10]
    return near[0] if near else ordered[-2]


def _could_show(found: PairedDifference) -> str:
    if found.mdd is None:
        return " So few examples could not have shown any difference."
    return f" With so many, a difference of {found.mdd * 100:.0f} points would have been seen in four of five tries."


@dataclass(frozen=True)
class Contender:
    """A finished fine-tune of a sweep. ``loss``: its lowest validation loss."""

    id: str
    rate: float | None
    loss: float | None


def best(found: Sequence[Contender]) -> str | None:
    """The id of the one that passes most development examples; of equals, and where none was measured, the one with
    the lowest validation loss. No sealed case has a say."""
    known = [one for one in found if one.rate is not None or one.loss is not None]
    if not known:
        return None
    return min(known, key=lambda one: (-(one.rate or 0.0), one.loss if one.loss is not None else float("inf"))).id
