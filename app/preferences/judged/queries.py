"""SQL of judges beside people."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, aliased

from app.core.errors import NotFound
from app.core.ids import is_id
from app.evals.models import Output
from app.gateway.models import PaidCall
from app.preferences.imported.models import ImportedPair
from app.preferences.judged.models import RoundJudge, RoundJudgement
from app.preferences.judged.rules import Said
from app.preferences.models import Ballot, BallotPair, Pair

PURPOSE = "round_judge"


def judges(session: Session, round_id: str) -> Sequence[RoundJudge]:
    return session.scalars(select(RoundJudge).where(RoundJudge.round_id == round_id).order_by(RoundJudge.id)).all()


def judge(session: Session, round_id: str, judge_id: str) -> RoundJudge:
    found = session.get(RoundJudge, judge_id) if is_id(judge_id) else None
    if found is None or found.round_id != round_id:
        raise NotFound("This judge")
    return found


class ShownPair(NamedTuple):
    """A prompt and two outputs as people read them."""

    pair_id: str
    prompt: list[Any]
    text_a: str
    text_b: str


def shown_pairs(session: Session, round_id: str, pair_ids: Sequence[str] | None = None) -> list[ShownPair]:
    """As the ballots have them, one for each pair that people are shown; of imported pairs those whose outputs came."""
    cast = (
        select(BallotPair.pair_id, Ballot.prompt, Ballot.text_a, Ballot.text_b)
        .join(Ballot, Ballot.id == BallotPair.ballot_id)
        .where(Ballot.round_id == round_id)
        .ext(distinct_on(BallotPair.pair_id))
        .order_by(BallotPair.pair_id, Ballot.id)
    )
    came = (
        select(ImportedPair.id, ImportedPair.prompt, ImportedPair.output_a, ImportedPair.output_b)
        .where(ImportedPair.round_id == round_id, func.num_nulls(ImportedPair.output_a, ImportedPair.output_b) == 0)
        .order_by(ImportedPair.id)
    )
    if pair_ids is not None:
        cast, came = cast.where(BallotPair.pair_id.in_(pair_ids)), came.where(ImportedPair.id.in_(pair_ids))
    return [ShownPair(*row) for query in (cast, came) for row in session.execute(query)]


def said(session: Session, judge_id: str) -> dict[str, Said]:
    """By pair, where both orders brought a verdict."""
    first, second = aliased(RoundJudgement), aliased(RoundJudgement)
    pair, same = (func.coalesce(one.pair_id, one.imported_pair_id) for one in (first, second))
    rows = session.execute(
        select(pair, first.label, second.label)
        .join(second, (second.judge_id == first.judge_id) & (same == pair) & (second.turn == "ba"))
        .where(first.judge_id == judge_id, first.turn == "ab", first.status == "given", second.status == "given")
        .order_by(pair)
    )
    return {pair_id: Said(ab or "", ba or "") for pair_id, ab, ba in rows}


def imported_candidates(session: Session, round_id: str) -> dict[str, tuple[str, str]]:
    """By imported pair its candidates a and b."""
    query = select(ImportedPair.id, ImportedPair.candidate_a, ImportedPair.candidate_b)
    return {pair: (a, b) for pair, a, b in session.execute(query.where(ImportedPair.round_id == round_id))}


def runs_of_pairs(session: Session, round_id: str) -> dict[str, tuple[str, str]]:
    """By pair the runs of its outputs a and b."""
    first, second = aliased(Output), aliased(Output)
    rows = session.execute(
        select(Pair.id, first.run_id, second.run_id)
        .join(first, first.id == Pair.output_a_id)
        .join(second, second.id == Pair.output_b_id)
        .where(Pair.round_id == round_id)
    )
    return {pair: (a, b) for pair, a, b in rows}


def unknown(session: Session, judge_ids: Sequence[str]) -> dict[str, int]:
    """Calls that may have been billed without an answer, by judge. They are not sent again."""
    query = select(PaidCall.subject_id, func.count()).where(
        PaidCall.subject_id.in_(judge_ids), PaidCall.purpose == PURPOSE, PaidCall.state == "unknown"
    )
    return dict(session.execute(query.group_by(PaidCall.subject_id)).all())
