"""Settling disagreements of a closed round under ``/api/v1``."""

from dataclasses import asdict
from typing import Any

from app.preferences import queries
from app.preferences.results import settling
from app.preferences.results.settling import NewSettlement
from app.projects.access import Annotator, Viewer
from app.web.idempotency import api_router
from app.web.session import SessionDep

router = api_router("preferences")
BASE = "/projects/{slug}/preference-rounds/{round_id}/disagreements"


@router.get(BASE)
def disagreements(session: SessionDep, access: Viewer, round_id: str, cursor: str | None = None) -> dict[str, Any]:
    """409 while the round is open."""
    found = settling.queue(session, queries.round_of(session, access.project.id, round_id), cursor)
    items = [asdict(pair) for pair in found.pairs]
    return {"items": items, "next_cursor": found.next_cursor, "waiting": found.waiting, "total": found.total}


@router.post(BASE)
def settle(session: SessionDep, access: Annotator, round_id: str, new: NewSettlement) -> dict[str, Any]:
    round_ = queries.round_of(session, access.project.id, round_id)
    settling.settle(session, access, round_, new)
    return asdict(settling.of_round(session, round_.id)[new.pair_id])
