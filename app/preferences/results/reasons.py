"""Why reviewers chose as they did, in their words: searched, and grouped by parts of the cases. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.preferences.cast import CastVote
from app.preferences.results.answer import chosen
from app.preferences.results.parts import Label

SHOWN = 100  # of a group


@dataclass(frozen=True)
class Reason:
    choice: str
    text: str


@dataclass(frozen=True)
class Reasons:
    """One part of the cases, or (without a name) all. ``counts``: reasons by what was chosen, the commonest first."""

    part: str
    total: int
    counts: Sequence[tuple[str, int]]
    shown: Sequence[Reason]


def grouped(
    votes: Sequence[CastVote], q: str = "", by: str = "", labels: Mapping[str, Sequence[Label]] | None = None
) -> list[Reasons]:
    """The largest part first, what is in no part last; a reason stands in every part that its case is in."""
    wanted = [vote for vote in votes if q.lower() in vote.rationale.lower()]
    if not by:
        return [_group("", wanted)] if wanted else []
    members: dict[str, list[CastVote]] = {}
    for vote in wanted:
        names = [name for kind, name in (labels or {}).get(vote.prompt_key, ()) if kind == by]
        for name in names or [""]:
            members.setdefault(name, []).append(vote)
    ordered = sorted(members.items(), key=lambda one: (not one[0], -len(one[1]), one[0]))
    return [_group(name or f"no {by}", mine) for name, mine in ordered]


def _group(part: str, votes: Sequence[CastVote]) -> Reasons:
    said = [Reason(chosen(vote.winner, vote.a, vote.b), vote.rationale) for vote in votes]
    counts = Counter(one.choice for one in said).most_common()
    return Reasons(part, len(said), counts, sorted(said, key=lambda one: one.choice)[:SHOWN])
