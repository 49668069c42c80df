"""What the votes show and what they cannot show yet, in one or two sentences. Pure."""

from app.core.stats.preference import WinRate
from app.core.stats.words import p_text
from app.web.words import percent, plural


def summary(rate: WinRate, shown_votes: int, identical: int) -> tuple[str, str]:
    """Headline and detail for the first two candidates of a round."""
    value, low, high = rate.rate.value, rate.rate.low, rate.rate.high
    if value is None or not shown_votes:
        return "No votes were cast.", "The round was closed before anyone voted, so it shows nothing."
    counts = (
        f"{rate.candidate} won {rate.wins}, {rate.opponent} won {rate.losses}, {rate.ties} ties"
        f"{f', {rate.both_bad} both bad' if rate.both_bad else ''}, of {plural(shown_votes, 'vote')}"
    )
    if identical:
        counts += f" and {plural(identical, 'identical pair')} counted as ties"
    if low is None or high is None:
        return "Too few votes to say.", f"{counts}."
    interval = f"{percent(value)} (95 % CI {percent(low)} to {percent(high)}{_p(rate)})"
    if low > 0.5:
        return f"People prefer {rate.candidate} to {rate.opponent}.", f"Win rate {interval}: {counts}."
    if high < 0.5:
        return (
            f"People prefer {rate.opponent} to {rate.candidate}.",
            f"Win rate of {rate.candidate} {interval}: {counts}.",
        )
    return (
        "The votes do not show a preference.",
        f"Win rate of {rate.candidate} {interval}: {counts}. The interval includes 50 %, so more votes could show "
        "one; this is not evidence that the two are equal.",
    )


def _p(rate: WinRate) -> str:
    text = p_text(rate.p_value)
    return f", {text}" if text else ""
