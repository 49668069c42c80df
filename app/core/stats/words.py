"""Results in plain sentences. A result that shows nothing is never said to show that two things are equal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.core.stats.results import Estimate, PairedDifference

Verdict = Literal["better", "worse", "no_difference_shown"]
Unit = Literal["share", "ms", "usd"]
NO_DATA = "no data"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a difference is about. ``phrase``: how one run's result is told, with ``{name}``, ``{result}``, as in
    "{name} answers {result} cases correctly"."""

    baseline: str
    candidate: str
    phrase: str
    unit: Unit = "share"


def verdict(difference: PairedDifference, p_adjusted: float | None, higher_is_better: bool) -> Verdict:
    """``better`` or ``worse`` only where the whole interval lies on one side of 0 *and* the p-value, adjusted for the
    page, is at most 5 %; everything else, missing data included, is ``no_difference_shown``."""
    low, high = difference.low, difference.high
    if low is None or high is None or p_adjusted is None or p_adjusted > 0.05 or low <= 0 <= high:
        return "no_difference_shown"
    return "better" if (low > 0) == higher_is_better else "worse"


def difference_sentence(
    subject: Subject,
    baseline: Estimate,
    candidate: Estimate,
    difference: PairedDifference,
    shown: bool,
    p_adjusted: float | None = None,
) -> str:
    """For example "Tuned answers 71 of 120 cases correctly, Base 52: +15.8 points (95 % CI +6.3 to +25.4, p = 0.003)."

    ``shown``: whether the verdict is better or worse; otherwise the sentence begins with "No difference shown" and
    ends with the smallest difference that this n could have shown. ``p_adjusted`` stands in place of the raw p.
    """
    sides = ((subject.candidate, candidate), (subject.baseline, baseline))
    missing = [name for name, estimate in sides if estimate.value is None]
    if missing or difference.difference is None:
        return f"No difference shown: {NO_DATA} for {and_list(missing or [name for name, _ in sides])}."
    p_value = difference.p_value if p_adjusted is None else p_adjusted
    told = subject.phrase.format(name=subject.candidate, result=result(candidate, subject.unit))
    against = _short(baseline, subject.unit)
    parts = [interval(difference.low, difference.high, subject.unit), p_text(p_value)]
    bracket = ", ".join(part for part in parts if part)
    bracket = f" ({bracket})" if bracket else ""
    change = signed(difference.difference, subject.unit)
    sentence = f"{told}, {subject.baseline} {against}: {change}{bracket}."
    if shown:
        return sentence
    return f"No difference shown: {sentence} {could_have_shown(difference, subject.unit)}"


def could_have_shown(difference: PairedDifference, unit: Unit = "share") -> str:
    if difference.mdd is None:
        return "This many cases could not have shown any difference."
    amount = signed(difference.mdd, unit).lstrip("+")
    return f"{difference.n} cases had an 80 % chance to show one of {amount}; a smaller one could be missed."


def result(estimate: Estimate, unit: Unit) -> str:
    """ "71 of 120" for whole counts, "59.2 % of 120" for averages over repeats, "412 ms", "$0.0013"."""
    if estimate.value is None:
        return NO_DATA
    if unit != "share":
        return amount(estimate.value, unit)
    return f"{_short(estimate, unit)} of {estimate.n}"


def _short(estimate: Estimate, unit: Unit) -> str:
    value = estimate.value
    if value is None:
        return NO_DATA
    if unit != "share":
        return amount(value, unit)
    count = value * estimate.n
    return str(round(count)) if abs(count - round(count)) < 1e-6 else amount(value, unit)


def amount(value: float | None, unit: Unit) -> str:
    """ "59.2 %", "412 ms", "$0.0013"; a dash where there is no value. A share that is not 0 or 1 never reads so."""
    if value is None:
        return "–"
    if unit == "share":
        return f"{_not_quite(value):.1f} %".replace("100.0 %", "100 %").replace("-", "−")
    if unit == "ms":
        return f"{value:,.0f} ms".replace("-", "−")
    return f"${value:,.2f}" if value >= 1 else f"${_significant(value)}"


def _not_quite(share: float) -> float:
    if 0.9995 <= share < 1:
        return 99.9
    return 0.1 if 0 < share < 0.0005 else share * 100


def _significant(value: float) -> str:
    """Two significant digits without an exponent: 0.0013, 0.00053."""
    if value == 0:
        return "0"
    digits = max(2, 1 - int(f"{value:e}".split("e")[1]))
    return f"{value:.{digits}f}"


def signed(value: float, unit: Unit) -> str:
    """ "+15.8 points", "−44 ms", "−$0.0008"; 0 has no sign."""
    if unit == "share":
        text = f"{abs(value) * 100:.1f} points"
    else:
        text = amount(abs(value), unit)
    zero = not any(digit in text for digit in "123456789")
    return text if zero else f"{'+' if value > 0 else '−'}{text}"


def interval(low: float | None, high: float | None, unit: Unit) -> str:
    """ "95 % CI +6.3 to +25.4"; empty where there is none; an open side is said to be open."""
    if low is None and high is None:
        return ""
    ends = [
        "without limit" if end is None else signed(end, unit).removesuffix(" points").removesuffix(" ms")
        for end in (low, high)
    ]
    return f"95 % CI {ends[0]} to {ends[1]}"


def p_text(p_value: float | None) -> str:
    """ "p = 0.003", "p < 0.001", never "p = 0"; empty where there is none."""
    if p_value is None:
        return ""
    if p_value < 0.001:
        return "p < 0.001"
    digits = 3 if p_value < 0.0995 else 2
    return f"p = {p_value:.{digits}f}"


def and_list(words: list[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""
