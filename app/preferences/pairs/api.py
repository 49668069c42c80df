"""Preference pairs of a closed round under ``/api/v1``."""

from pydantic import BaseModel
from starlette.responses import Response

from app.datasets.export import attachment
from app.examples.import_api import ImportOut
from app.preferences import queries
from app.preferences.pairs import service
from app.preferences.pairs.forms import ExportQuery, FilterQuery, PairFilter
from app.projects.access import Engineer, Viewer
from app.web.idempotency import api_router
from app.web.session import SessionDep

router = api_router("preferences")
BASE = "/projects/{slug}/preference-rounds/{round_id}"


class LeftOut(BaseModel):
    reason: str
    pairs: int


class PairsOut(BaseModel):
    """How many pairs a filter yields, and why the others are none."""

    pairs: int
    left_out: list[LeftOut]


@router.get(BASE + "/pairs-preview")
def preview(session: SessionDep, access: Viewer, round_id: str, wanted: FilterQuery) -> PairsOut:
    found = service.of_round(session, queries.round_of(session, access.project.id, round_id), wanted)
    left_out = [LeftOut(reason=reason, pairs=number) for reason, number in found.reasons]
    return PairsOut(pairs=len(found.pairs), left_out=left_out)


@router.get(BASE + "/pairs-export", response_class=Response)
def export(session: SessionDep, access: Viewer, round_id: str, wanted: ExportQuery) -> Response:
    """JSON lines, one a pair. ``X-Left-Out`` counts the pairs with votes that are not in it; 409 while open."""
    round_ = queries.round_of(session, access.project.id, round_id)
    found = service.of_round(session, round_, wanted)
    body = b"".join(service.lines(round_, found, wanted.format))
    name = f"{access.project.slug}-votes-{wanted.format.replace('_', '-')}.jsonl"
    headers = attachment(name) | {"X-Left-Out": str(found.left_out.total())}
    return Response(body, media_type="application/jsonl", headers=headers)


@router.post(BASE + "/pairs-examples", status_code=202)
def make_examples(session: SessionDep, access: Engineer, round_id: str, wanted: PairFilter) -> ImportOut:
    """Put the pairs into the project as examples to review, through an import."""
    round_ = queries.round_of(session, access.project.id, round_id)
    return ImportOut.of(session, service.make_examples(session, access, round_, wanted))
