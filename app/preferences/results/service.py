"""The figures of a closed round: kept by the job of the close, or (where it has not come to that) worked out now."""

from dataclasses import dataclass

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.errors import Conflict
from app.preferences import cast, queries
from app.preferences.cast import CastVote
from app.preferences.models import PreferenceRound
from app.preferences.results import compute, labels, wording
from app.preferences.results.figures import Figures
from app.preferences.results.models import PreferenceResults

METHOD = "2"  # to be raised with every change of what is computed: what was kept under another number is not read
FIGURES = TypeAdapter(Figures)


@dataclass(frozen=True)
class Reviewer:
    id: str
    name: str
    votes: int
    total: int
    median_seconds: float | None
    consistency: float | None
    consistency_n: int


@dataclass(frozen=True)
class Results:
    headline: str
    detail: str
    figures: Figures
    reviewers: list[Reviewer]
    reasons: list[CastVote]  # the votes with a rationale


def of_round(session: Session, round_: PreferenceRound) -> Results:
    """Raises Conflict while the round is open: results do not exist for anyone before the close."""
    if round_.closed_at is None:
        raise Conflict("The round is still open: results exist once it is closed.")
    figures = kept(session, round_) or work_out(session, round_)
    reasons = cast.of_closed(session, round_, reasons=True).votes
    headline, detail = wording.summary(figures)
    people = queries.names(session, [pace.reviewer for pace in figures.paces]) if round_.source == "runs" else {}
    names = {pace.reviewer: people.get(pace.reviewer, pace.reviewer) for pace in figures.paces}
    told = compute.renamed(figures, names)
    return Results(headline, detail, told, _reviewers(session, round_, figures, names), reasons)


def kept(session: Session, round_: PreferenceRound) -> Figures | None:
    found = session.scalar(
        select(PreferenceResults.payload).where(
            PreferenceResults.round_id == round_.id, PreferenceResults.key == METHOD
        )
    )
    return None if found is None else FIGURES.validate_python(found)


def work_out(session: Session, round_: PreferenceRound) -> Figures:
    """From the votes, and keep it. Raises Conflict while the round is open."""
    found = cast.of_closed(session, round_)
    figures = compute.figures(found, labels.of_votes(session, found.votes), round_.id)
    values = {"round_id": round_.id, "key": METHOD, "payload": FIGURES.dump_python(figures, mode="json")}
    query = insert(PreferenceResults).values(values)
    session.execute(query.on_conflict_do_update(index_elements=["round_id"], set_=values))
    return figures


def _reviewers(session: Session, round_: PreferenceRound, figures: Figures, names: dict[str, str]) -> list[Reviewer]:
    """Those who were asked, and those whose votes came from elsewhere."""
    asked = {row[0]: (row[1], row[2]) for row in queries.reviewers(session, round_.id)}
    paces = {pace.reviewer: pace for pace in figures.paces}
    found = []
    for person in [*asked, *(key for key in paces if key not in asked)]:
        pace = paces.get(person)
        votes = pace.votes if pace else 0
        name, total = asked.get(person, (names.get(person, ""), votes))
        consistency = pace.consistency if pace else None
        found.append(
            Reviewer(
                person,
                name,
                votes,
                total,
                pace.median_seconds if pace else None,
                consistency.value if consistency else None,
                consistency.n if consistency else 0,
            )
        )
    return found
