"""Voting under ``/api/v1``. Nothing that is answered names a candidate."""

from typing import Any

from fastapi import Response
from pydantic import BaseModel

from app.core.errors import Conflict
from app.preferences.forms import NewVote
from app.preferences.voting import ballots
from app.preferences.voting.access import VoterDep
from app.web.idempotency import api_router
from app.web.session import SessionDep

router = api_router("preferences")
BASE = "/projects/{slug}/preference-rounds/{round_id}"


class ShownPair(BaseModel):
    pair_id: str
    prompt: list[dict[str, Any]]
    left: str
    right: str
    progress: dict[str, int]


class VoteOut(BaseModel):
    pair_id: str
    choice: str


@router.post(BASE + "/next", responses={204: {"description": "Nothing is left to vote on."}})
def next_pair(session: SessionDep, voter: VoterDep, response: Response) -> ShownPair | None:
    if voter.round.closed:
        raise Conflict(ballots.CLOSED)
    found = ballots.next_ballot(session, voter.round, voter.id)
    if found is None:
        response.status_code = 204
        return None
    state = ballots.progress(session, voter.round, voter.id)
    return ShownPair(
        pair_id=found.pair_id,
        prompt=found.prompt,
        left=found.left,
        right=found.right,
        progress={"done": state.done, "total": state.total},
    )


@router.post(BASE + "/pairs/{pair_id}/skip", status_code=204)
def skip(session: SessionDep, voter: VoterDep, pair_id: str) -> None:
    ballots.skip(session, voter.round, voter.id, pair_id)


@router.post(BASE + "/votes", status_code=201)
def vote(session: SessionDep, voter: VoterDep, new: NewVote) -> VoteOut:
    ballots.cast(session, voter.round, voter.id, new)
    return VoteOut(pair_id=new.pair_id, choice=new.choice)


@router.delete(BASE + "/votes/{pair_id}", status_code=204)
def take_back(session: SessionDep, voter: VoterDep, pair_id: str) -> None:
    ballots.take_back(session, voter.round, voter.id, pair_id)
