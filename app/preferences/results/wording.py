"""What the votes show and what they cannot show yet, in a few sentences. Pure."""

from collections.abc import Sequence

from app.core.stats.words import and_list, p_text
from app.preferences.results.figures import Against, Figures
from app.web.words import percent, plural


def summary(found: Figures) -> tuple[str, str]:
    """Headline and detail of a closed round."""
    if not found.votes:
        return "No votes were cast.", "The round was closed before anyone voted, so it shows nothing."
    if len(found.against) == 1:
        return _of_two(found.against[0], found)
    return _of_several(found)


def _of_two(one: Against, found: Figures) -> tuple[str, str]:
    rate = one.rate
    value, low, high = rate.rate.value, rate.rate.low, rate.rate.high
    counts = (
        f"{rate.candidate} won {rate.wins}, {rate.opponent} won {rate.losses}, {rate.ties} ties"
        f"{f', {rate.both_bad} both bad' if rate.both_bad else ''}, of {plural(found.votes, 'vote')}"
    )
    if found.identical_pairs:
        counts += f" and {plural(found.identical_pairs, 'identical pair')} counted as ties"
    if value is None or low is None or high is None:
        return "Too few votes to say.", f"{counts}."
    interval = f"{percent(value)} (95 % CI {percent(low)} to {percent(high)}{_p(rate.p_value)})"
    told = f"Win rate of {rate.candidate} {interval}: {counts}."
    if one.shown:
        ahead, behind = (rate.candidate, rate.opponent) if low > 0.5 else (rate.opponent, rate.candidate)
        return f"People prefer {ahead} to {behind}.", told
    return "The votes do not show a preference.", f"{told} This is not evidence that the two are equal. {more(one)}"


def _of_several(found: Figures) -> tuple[str, str]:
    leader = found.focus
    beaten: list[str] = []
    open_: list[str] = []
    for one in found.against:
        if leader not in (one.rate.candidate, one.rate.opponent):
            continue
        other = one.rate.opponent if one.rate.candidate == leader else one.rate.candidate
        (beaten if one.shown and _winner(one) == leader else open_).append(other)
    votes = f"{plural(found.votes, 'vote')} on {len(found.candidates)} candidates."
    if not beaten:
        return (
            "The votes do not show which candidate people prefer.",
            f"{votes} {leader} is in front, but ahead of nobody beyond chance. {_least_more(found.against, leader)}",
        )
    if not open_:
        return f"People prefer {leader} to every other candidate.", f"{votes} {_others(found, leader)}"
    return (
        f"People prefer {leader} to {and_list(beaten)}; against {and_list(open_)} the votes do not show a preference.",
        f"{votes} {_least_more(found.against, leader)}",
    )


def _others(found: Figures, leader: str) -> str:
    rest = [one for one in found.against if leader not in (one.rate.candidate, one.rate.opponent)]
    open_ = [f"{one.rate.candidate} and {one.rate.opponent}" for one in rest if not one.shown]
    return f"Not shown yet: the order of {and_list(open_)}." if open_ else "The order of all others is shown too."


def _winner(one: Against) -> str:
    return one.rate.candidate if (one.rate.rate.value or 0.0) > 0.5 else one.rate.opponent


def _least_more(against: Sequence[Against], leader: str) -> str:
    """About the pair of the leader that is nearest to being settled."""
    waiting = [a for a in against if not a.shown and a.more_votes and leader in (a.rate.candidate, a.rate.opponent)]
    if not waiting:
        return ""
    nearest = min(waiting, key=lambda one: one.more_votes or 0)
    return f"{nearest.rate.candidate} against {nearest.rate.opponent}: {more(nearest)}"


def more(one: Against) -> str:
    """How many more votes would settle it, if what is measured now were true."""
    if one.shown:
        return ""
    if one.rate.rate.low is None:
        return "Too few cases for an interval."
    if one.more_votes is None:
        return "At this rate no number of votes would show one."
    rate = percent(one.rate.rate.value)
    return f"If {rate} is the truth, about {plural(one.more_votes, 'more vote')} would show it (with a chance of 80 %)."


def differing(found: Figures) -> str:
    """The part of the cases that differs most from the rest; says so where none can be told from chance."""
    if not found.parts:
        return ""
    worst = found.parts[0]
    where = f"{worst.by} “{worst.name}” ({percent(worst.rate.value)} of {plural(worst.rate.n, 'vote')})"
    if worst.p_value is not None and worst.p_value <= 0.05:
        return (
            f"{found.focus} fares differently in {where} than in the rest{_p(worst.p_value)}, corrected for all parts."
        )
    return f"No part differs from the rest beyond chance; the most different is {where}."


def _p(p_value: float | None) -> str:
    text = p_text(p_value)
    return f", {text}" if text else ""
