"""Preference rounds under ``/api/v1``. What voters are answered holds nothing that names a candidate."""

from datetime import datetime
from typing import Any

from fastapi import Response
from pydantic import BaseModel

from app.core.errors import NotFound
from app.preferences import ballots, queries, results, service
from app.preferences.forms import NewRound, NewVote
from app.preferences.models import PreferenceRound
from app.projects.access import Access, Annotator, Engineer, Viewer
from app.web.idempotency import api_router
from app.web.paging import ListAnswer
from app.web.session import SessionDep

router = api_router("preferences")
BASE = "/projects/{slug}/preference-rounds"


class RoundOut(BaseModel):
    id: str
    name: str
    criteria: str
    status: str
    votes_per_pair: int
    progress: dict[str, int]
    created_at: datetime
    closed_at: datetime | None


class ShownPair(BaseModel):
    pair_id: str
    prompt: list[dict[str, Any]]
    left: str
    right: str
    progress: dict[str, int]


class VoteOut(BaseModel):
    pair_id: str
    choice: str


def _out(session: SessionDep, round_: PreferenceRound) -> RoundOut:
    done, total = queries.progress(session, [round_.id]).get(round_.id, (0, 0))
    return RoundOut(
        id=round_.id,
        name=round_.name,
        criteria=round_.criteria,
        status="closed" if round_.closed_at else "open",
        votes_per_pair=round_.votes_per_pair,
        progress={"done": done, "total": total},
        created_at=round_.created_at,
        closed_at=round_.closed_at,
    )


def _round_of_voter(session: SessionDep, access: Access, round_id: str) -> PreferenceRound:
    round_ = queries.round_of(session, access.project.id, round_id)
    if not queries.is_reviewer(session, round_.id, access.user.id):
        raise NotFound("This round")
    return round_


@router.get(BASE)
def list_rounds(session: SessionDep, access: Viewer) -> ListAnswer[RoundOut]:
    return ListAnswer(items=[_out(session, r) for r in queries.rounds(session, access.project.id)])


@router.post(BASE, status_code=201)
def open_round(session: SessionDep, access: Engineer, new: NewRound) -> RoundOut:
    return _out(session, service.open_round(session, access, new))


@router.get(BASE + "/{round_id}")
def get_round(session: SessionDep, access: Viewer, round_id: str) -> RoundOut:
    return _out(session, queries.round_of(session, access.project.id, round_id))


@router.post(BASE + "/{round_id}/next", responses={204: {"description": "Nothing is left to vote on."}})
def next_pair(session: SessionDep, access: Annotator, round_id: str, response: Response) -> ShownPair | None:
    round_ = _round_of_voter(session, access, round_id)
    ballots.refuse_if_closed(round_)
    found = ballots.next_ballot(session, round_, access.user.id)
    if found is None:
        response.status_code = 204
        return None
    state = ballots.progress(session, round_, access.user.id)
    return ShownPair(
        pair_id=found.pair_id,
        prompt=found.prompt,
        left=found.left,
        right=found.right,
        progress={"done": state.done, "total": state.total},
    )


@router.post(BASE + "/{round_id}/pairs/{pair_id}/skip", status_code=204)
def skip(session: SessionDep, access: Annotator, round_id: str, pair_id: str) -> None:
    ballots.skip(session, _round_of_voter(session, access, round_id), access.user.id, pair_id)


@router.post(BASE + "/{round_id}/votes", status_code=201)
def vote(session: SessionDep, access: Annotator, round_id: str, new: NewVote) -> VoteOut:
    ballots.cast(session, _round_of_voter(session, access, round_id), access.user.id, new)
    return VoteOut(pair_id=new.pair_id, choice=new.choice)


@router.delete(BASE + "/{round_id}/votes/{pair_id}", status_code=204)
def take_back(session: SessionDep, access: Annotator, round_id: str, pair_id: str) -> None:
    ballots.take_back(session, _round_of_voter(session, access, round_id), access.user.id, pair_id)


@router.post(BASE + "/{round_id}/close")
def close(session: SessionDep, access: Engineer, round_id: str) -> RoundOut:
    round_ = queries.round_of(session, access.project.id, round_id)
    service.close_round(session, access, round_)
    return _out(session, round_)


@router.get(BASE + "/{round_id}/results")
def get_results(session: SessionDep, access: Viewer, round_id: str) -> dict[str, Any]:
    """409 while the round is open: results do not exist for anyone before the close."""
    return results.as_json(results.of_round(session, queries.round_of(session, access.project.id, round_id)))
