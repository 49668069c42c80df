"""Votes from elsewhere under ``/api/v1``. (``POST /preference-rounds`` with ``source`` import is the stage's.)"""

from fastapi import Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from app.core.db import transaction
from app.examples.import_api import Rejection
from app.examples.uploads import Received
from app.preferences import queries
from app.preferences.imported import service
from app.preferences.imported.models import VoteFile
from app.preferences.imported.receiving import OPENAPI, receive_votes
from app.projects.access import Access, Engineer
from app.web.idempotency import api_router
from app.web.session import SessionDep

router = api_router("preferences")


class VoteFileOut(BaseModel):
    """What became of a file's lines: ``votes`` are new, ``known`` came before; the first hundred refused ones."""

    id: str
    name: str
    lines: int
    votes: int
    known: int
    rejected: list[Rejection]
    rejected_count: int

    @classmethod
    def of(cls, file: VoteFile) -> "VoteFileOut":
        names = ("id", "name", "lines", "votes", "known", "rejected_count")
        rejected = [Rejection(line=line, reason=reason) for line, reason in file.rejected]
        return cls(**{name: getattr(file, name) for name in names}, rejected=rejected)


@router.post("/projects/{slug}/preference-rounds/{round_id}/votes/import", openapi_extra=OPENAPI)
async def import_votes(request: Request, session: SessionDep, access: Engineer, round_id: str) -> VoteFileOut:
    """Add a file of votes to an open import round. All of its good lines come in, or (on an error) none."""
    await run_in_threadpool(session.commit)  # an upload takes long; it must not hold a transaction
    received = await receive_votes(request)
    try:
        return await run_in_threadpool(_store, access, round_id, received)
    finally:
        received.discard()


def _store(access: Access, round_id: str, received: Received) -> VoteFileOut:
    with transaction() as session:
        round_ = queries.round_of(session, access.project.id, round_id)
        return VoteFileOut.of(service.import_votes(session, access, round_, received.path, received.file_name))
