"""The ledger of costs by part, kind and month. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import fsum

# (part, kind) → (what it is, in words), in the order of the work
PARTS = {"data": "Data preparation", "training": "Training", "evaluation": "Evaluation", "monitoring": "Monitoring"}
KINDS: dict[str, tuple[str, str]] = {
    "review": ("data", "Expert review: decisions, skips, drafts"),
    "suggestions": ("data", "Models' suggestions"),
    "variations": ("data", "Models' variations"),
    "fine_tune": ("training", "Fine-tunes"),
    "eval": ("evaluation", "Eval runs"),
    "judge": ("evaluation", "Judges"),
    "grader_try": ("evaluation", "Tries of graders"),
    "embed": ("evaluation", "Vectors for searches"),
    "playground": ("evaluation", "Playground"),
    "playground_judge": ("evaluation", "Judges in the playground"),
    "round_judge": ("evaluation", "Judges beside blind votes"),
    "votes": ("evaluation", "People's votes"),
    "marks": ("evaluation", "Marks that calibrate judges"),
    "traffic": ("monitoring", "Judges on traffic"),
}
HUMAN = ("review", "votes", "marks")
OTHER = ("evaluation", "Other paid calls")


@dataclass(frozen=True)
class Entry:
    """One kind in one month (``2026-03``, UTC). ``dollars`` known to be spent; ``held``: what calls and jobs whose cost
    is not known may cost at most; ``unknown`` of the ``count`` have neither a cost nor an estimate."""

    month: str
    kind: str
    count: int
    minutes: float
    dollars: float
    held: float
    unknown: int

    @property
    def part(self) -> str:
        return KINDS.get(self.kind, OTHER)[0]

    @property
    def name(self) -> str:
        return KINDS.get(self.kind, OTHER)[1]


@dataclass(frozen=True)
class Line:
    """``months``: dollars of each month that is shown, None where nothing was done. ``part`` lines are sums."""

    label: str
    months: Sequence[float | None]
    total: float
    held: float
    minutes: float
    count: int
    is_part: bool = False


@dataclass(frozen=True)
class Ledger:
    months: Sequence[str]
    lines: Sequence[Line]
    total: float
    held: float
    unknown: int
    minutes: float


def priced(entries: Iterable[Entry], hourly_rate: float | None) -> list[Entry]:
    """People's minutes × the rate; without a rate their minutes are told and cost nothing."""
    rate = hourly_rate or 0.0
    return [
        Entry(e.month, e.kind, e.count, e.minutes, e.minutes / 60 * rate, 0.0, 0) if e.kind in HUMAN else e
        for e in entries
    ]


def within(entries: Iterable[Entry], since: str | None, until: str | None, part: str | None) -> list[Entry]:
    """Months are compared as text: ``2026-03`` sorts as it should."""
    return [
        e
        for e in entries
        if (since is None or e.month >= since)
        and (until is None or e.month <= until)
        and (part is None or e.part == part)
    ]


def ledger(entries: Sequence[Entry]) -> Ledger:
    """A sum for every part, used or not, and under it its kinds that were used, by month."""
    months = sorted({e.month for e in entries})
    lines: list[Line] = []
    for part, label in PARTS.items():
        of_part = [e for e in entries if e.part == part]
        lines.append(_line(label, of_part, months, is_part=True))
        names = dict.fromkeys(name for _part, name in [*KINDS.values(), OTHER])
        lines += [_line(name, of_kind, months) for name in names if (of_kind := [e for e in of_part if e.name == name])]
    return Ledger(
        months,
        lines,
        fsum(e.dollars for e in entries),
        fsum(e.held for e in entries),
        sum(e.unknown for e in entries),
        fsum(e.minutes for e in entries),
    )


def _line(label: str, entries: Sequence[Entry], months: Sequence[str], is_part: bool = False) -> Line:
    by_month: dict[str, float] = defaultdict(float)
    for entry in entries:
        by_month[entry.month] += entry.dollars
    return Line(
        label,
        [by_month.get(month) for month in months],
        fsum(e.dollars for e in entries),
        fsum(e.held for e in entries),
        fsum(e.minutes for e in entries),
        sum(e.count for e in entries),
        is_part,
    )
