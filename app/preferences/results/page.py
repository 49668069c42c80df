"""Typed context of the results on a round's page."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.preferences.results import wording
from app.preferences.results.figures import Against, Figures
from app.preferences.results.reasons import Reasons
from app.preferences.results.service import Results, Reviewer
from app.web.charts import difference_axis, interval_mark
from app.web.measures import Measure, coefficient, share
from app.web.words import percent


@dataclass(frozen=True)
class ResultsPage:
    """``matrix``: candidate and, for each candidate, its win rate against them; empty for two."""

    headline: str
    detail: str
    figures: Figures
    rates: Sequence[Measure]
    ranking: Sequence[Measure]
    matrix: Sequence[tuple[str, Sequence[str]]]
    parts: Sequence[Measure]
    part_words: str
    criteria: Sequence[Measure]
    lengths: Sequence[Measure]
    agreement: Sequence[Measure]
    reviewers: Sequence[Reviewer]
    reasons: Sequence[Reasons]
    reason_total: int
    groupings: Sequence[tuple[str, str]]

    @property
    def matrix_columns(self) -> list[object]:
        return ["", *((name, "num") for name, _cells in self.matrix)]


def of(found: Results, reasons: Sequence[Reasons] = ()) -> ResultsPage:
    figures = found.figures
    return ResultsPage(
        headline=found.headline,
        detail=found.detail,
        figures=figures,
        rates=[_rate(one) for one in figures.against],
        ranking=_ranking(figures) if len(figures.candidates) > 2 else (),
        matrix=_matrix(figures) if len(figures.candidates) > 2 else (),
        parts=[share(f"{part.by}: {part.name}", part.rate, _tested(part.p_value)) for part in figures.parts],
        part_words=wording.differing(figures),
        criteria=[share(one.name, one.rate.rate, _counts(one.rate)) for one in figures.criteria],
        lengths=_lengths(figures),
        agreement=_agreement(figures),
        reviewers=found.reviewers,
        reasons=reasons,
        reason_total=len(found.reasons),
        groupings=[(by, by) for by in dict.fromkeys(part.by for part in figures.parts if part.by != "length")],
    )


def _rate(one: Against) -> Measure:
    rate = one.rate
    note = _counts(rate)
    if not one.shown:
        note = f"{note}. {wording.more(one)}" if rate.rate.n else "never side by side"
    return share(f"{rate.candidate} preferred to {rate.opponent}", rate.rate, note)


def _counts(rate: object) -> str:
    wins, losses, ties, bad = (getattr(rate, key) for key in ("wins", "losses", "ties", "both_bad"))
    return f"{wins} won, {losses} lost, {ties} ties" + (f", {bad} both bad" if bad else "")


def _tested(p_value: float | None) -> str:
    return "differs from the rest" if p_value is not None and p_value <= 0.05 else ""


def _ranking(figures: Figures) -> list[Measure]:
    axis = difference_axis([x for one in figures.ranking for x in (one.low, one.high, one.score)])
    return [
        Measure(
            one.candidate,
            f"{one.score:+.2f}".replace("-", "−"),
            f"{one.low:+.2f} to {one.high:+.2f}".replace("-", "−")
            if one.low is not None and one.high is not None
            else "no interval",
            one.votes,
            interval_mark(axis, one.low, one.score, one.high),
        )
        for one in figures.ranking
    ]


def _matrix(figures: Figures) -> list[tuple[str, list[str]]]:
    """In the order of the ranking."""
    names = [one.candidate for one in figures.ranking]
    rates = {}
    for one in figures.against:
        value = one.rate.rate.value
        if value is not None:
            rates[one.rate.candidate, one.rate.opponent] = percent(value)
            rates[one.rate.opponent, one.rate.candidate] = percent(1 - value)
    return [(row, [rates.get((row, column), "–") for column in names]) for row in names]


def _lengths(figures: Figures) -> list[Measure]:
    rows = []
    for one in figures.against:
        if one.length is None or one.opponent_length is None:
            continue
        rate = one.rate
        sizes = f"{one.length:,.0f} and {one.opponent_length:,.0f} characters on average"
        rows.append(share(f"{rate.candidate} over {rate.opponent}, at equal length", one.length_controlled, sizes))
        rows.append(share("The longer answer chosen", one.longer_chosen, "of decided votes"))
    return rows


def _agreement(figures: Figures) -> list[Measure]:
    found = figures.agreement
    rows = [share("Reviewers agree", found.percent, "on the same pair"), coefficient("Fleiss' kappa", found.fleiss)]
    rows.append(coefficient("Krippendorff's alpha", found.alpha))
    rows += [coefficient(f"Cohen's kappa, {two.reviewer_a} and {two.reviewer_b}", two.kappa) for two in found.pairwise]
    rows.append(share("Left side chosen", figures.side_bias.rate, "50 % where the side does not matter"))
    if figures.self_consistency.n:
        rows.append(share("Same choice when shown again", figures.self_consistency, "each reviewer with themselves"))
    return rows
