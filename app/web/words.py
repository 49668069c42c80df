"""How numbers, times and sizes are written, the same on every page."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

MINUS = "\N{MINUS SIGN}"


def percent(value: float | None, digits: int = 1) -> str:
    """A rate in 0..1 as ``43.3 %``; an en dash where there is no data."""
    return "–" if value is None else f"{value * 100:.{digits}f} %"


def points(value: float | None) -> str:
    """A difference of rates in signed percentage points: ``+15.8``."""
    return "–" if value is None else signed(value * 100)


def signed(value: float, digits: int = 1) -> str:
    text = f"{abs(value):.{digits}f}"
    if float(text) == 0:
        return text
    return ("+" if value > 0 else MINUS) + text


def count(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def money(value: float | None) -> str:
    """Dollars with as many digits as small prices need."""
    if value is None:
        return "–"
    if value == 0:
        return "$0.00"
    return f"${value:.2f}" if value >= 1 else f"${value:.6f}".rstrip("0")


def milliseconds(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f} ms" if value < 10_000 else f"{value / 1000:,.1f} s"


def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """``just now``, ``5 min ago``, ``3 h ago``, then the date."""
    if moment is None:
        return "–"
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{int(seconds // 60)} min ago"
    if seconds < 86_400:
        return f"{int(seconds // 3600)} h ago"
    return moment.strftime("%-d %b %Y")


def duration(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def plural(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def words(value: str) -> str:
    """An identifier as words: ``needs_work`` → ``needs work``."""
    return value.replace("_", " ")


def size(value: int) -> str:
    amount = float(value)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def present(values: dict[str, Any]) -> dict[str, Any]:
    """A dict without what is None or empty: for query strings."""
    return {name: value for name, value in values.items() if value not in (None, "")}


FILTERS: dict[str, Callable[..., Any]] = {
    "percent": percent,
    "points": points,
    "signed": signed,
    "count": count,
    "money": money,
    "milliseconds": milliseconds,
    "ago": ago,
    "duration": duration,
    "plural": plural,
    "words": words,
    "bytes": size,
    "present": present,
}
