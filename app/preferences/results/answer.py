"""Results as the API answers them."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from app.core.stats.results import Estimate
from app.preferences.results import wording
from app.preferences.results.figures import Against, Agreement
from app.preferences.results.service import Results


def as_json(results: Results) -> dict[str, Any]:
    """The names of interfaces.md § 2, and more beside them."""
    found = results.figures
    return {
        "summary": f"{results.headline} {results.detail}".strip(),
        "votes": found.votes,
        "identical_pairs": found.identical_pairs,
        "win_rates": [_against(one) for one in found.against],
        "ranking": [asdict(entry) for entry in found.ranking],
        "agreement": _agreement(found.agreement),
        "majority": found.majority,
        "side_bias": asdict(found.side_bias),
        "self_consistency": asdict(found.self_consistency),
        "slices": {"candidate": found.focus, "most_different": wording.differing(found), "items": _all(found.parts)},
        "criteria": _all(found.criteria),
        "reviewers": _all(results.reviewers),
        "disagreements": found.disagreements,
        "rationales": [
            {"pair": vote.pair, "case_id": vote.case_id, "choice": chosen(vote.winner, vote.a, vote.b)}
            | {"rationale": vote.rationale}
            for vote in results.reasons
        ],
    }


def chosen(winner: str, a: str, b: str) -> str:
    return {"a": a, "b": b, "tie": "tie", "both_bad": "both bad"}[winner]


def _all(rows: Sequence[Any]) -> list[dict[str, Any]]:
    return [asdict(row) for row in rows]


def _against(one: Against) -> dict[str, Any]:
    return asdict(one.rate) | {
        "p_adjusted": one.p_adjusted,
        "shown": one.shown,
        "more_votes": one.more_votes,
        "length_controlled": asdict(one.length_controlled),
        "lengths": {"candidate": one.length, "opponent": one.opponent_length},
        "longer_chosen": asdict(one.longer_chosen),
    }


def _agreement(found: Agreement) -> dict[str, Any]:
    return {
        "percent": asdict(found.percent),
        "cohen_kappa": asdict(found.cohen) if found.cohen else None,
        "fleiss_kappa": asdict(found.fleiss),
        "krippendorff_alpha": asdict(found.alpha),
        "pairwise": [
            {"reviewer_a": two.reviewer_a, "reviewer_b": two.reviewer_b, "cohen_kappa": two.kappa.value}
            | {"interval": _interval(two.kappa), "n": two.kappa.n}
            for two in found.pairwise
        ],
    }


def _interval(estimate: Estimate) -> list[float | None] | None:
    return None if estimate.low is None else [estimate.low, estimate.high]
