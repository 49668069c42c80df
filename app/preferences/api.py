"""Preference rounds under ``/api/v1``. What voters ask is in ``voting``."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Discriminator, Tag

from app.preferences import queries, service
from app.preferences.forms import NewRound, RoundFilter
from app.preferences.imported import service as imported
from app.preferences.imported.forms import NewImportRound
from app.preferences.models import PreferenceRound
from app.preferences.results import answer
from app.preferences.results import service as results
from app.projects.access import Engineer, Viewer
from app.web.idempotency import api_router
from app.web.paging import ListAnswer
from app.web.session import SessionDep

router = api_router("preferences")
BASE = "/projects/{slug}/preference-rounds"


def _source(body: Any) -> str:
    said = body.get("source", "runs") if isinstance(body, dict) else body.source
    return "import" if said == "import" else "runs"


NewRoundBody = Annotated[
    Annotated[NewRound, Tag("runs")] | Annotated[NewImportRound, Tag("import")], Discriminator(_source)
]


class RoundOut(BaseModel):
    id: str
    name: str
    source: str
    criteria: str
    criteria_list: list[str]
    guideline: str
    slice: dict[str, Any] | None
    order: str
    status: str
    votes_per_pair: int
    max_votes: int | None
    self_naming: str
    progress: dict[str, int]
    created_at: datetime
    closed_at: datetime | None


def _out(session: SessionDep, round_: PreferenceRound) -> RoundOut:
    return _outs(session, [round_])[0]


def _outs(session: SessionDep, rounds: Sequence[PreferenceRound]) -> list[RoundOut]:
    standing = queries.progress(session, [one.id for one in rounds])
    return [_told(one, *standing.get(one.id, (0, 0))) for one in rounds]


def _told(round_: PreferenceRound, done: int, total: int) -> RoundOut:
    return RoundOut(
        id=round_.id,
        name=round_.name,
        source=round_.source,
        criteria=round_.criteria,
        criteria_list=round_.criteria_list,
        guideline=round_.guideline,
        slice=round_.slice or None,
        order=round_.order,
        status="closed" if round_.closed_at else "open",
        votes_per_pair=round_.votes_per_pair,
        max_votes=round_.max_votes,
        self_naming=round_.self_naming,
        progress={"done": done, "total": total},
        created_at=round_.created_at,
        closed_at=round_.closed_at,
    )


@router.get(BASE)
def list_rounds(
    session: SessionDep,
    access: Viewer,
    wanted: Annotated[RoundFilter, Query()],
) -> ListAnswer[RoundOut]:
    found = queries.rounds(session, access.project.id, wanted, access.user.id)
    return ListAnswer(items=_outs(session, found.items), next_cursor=found.next_cursor)


@router.post(BASE, status_code=201)
def open_round(session: SessionDep, access: Engineer, new: NewRoundBody) -> RoundOut:
    """Of runs, whose outputs people then vote on here; or (``source`` import) for votes that come in files."""
    if isinstance(new, NewImportRound):
        return _out(session, imported.open_round(session, access, new))
    return _out(session, service.open_round(session, access, new))


@router.get(BASE + "/{round_id}")
def get_round(session: SessionDep, access: Viewer, round_id: str) -> RoundOut:
    return _out(session, queries.round_of(session, access.project.id, round_id))


@router.post(BASE + "/{round_id}/close")
def close(session: SessionDep, access: Engineer, round_id: str) -> RoundOut:
    round_ = queries.round_of(session, access.project.id, round_id)
    service.close_round(session, access, round_)
    return _out(session, round_)


@router.get(BASE + "/{round_id}/results")
def get_results(session: SessionDep, access: Viewer, round_id: str) -> dict[str, Any]:
    """409 while the round is open: results do not exist for anyone before the close."""
    return answer.as_json(results.of_round(session, queries.round_of(session, access.project.id, round_id)))
