"""Pages of preference rounds: list, new, one round with its results, and the voter's page."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.core.errors import Invalid, NotFound
from app.preferences import ballots, pages, queries, service
from app.preferences.ballots import Shown
from app.preferences.forms import NewRound, NewVote
from app.preferences.models import PreferenceRound
from app.projects.access import Access, Annotator, Engineer, Viewer
from app.web.forms import FormDep, form_values, parse, refused
from app.web.render import is_htmx, render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/rounds"
LISTS = frozenset({"run_ids", "reviewers"})


@router.get(BASE)
def list_page(request: Request, session: SessionDep, access: Viewer) -> Response:
    return render(request, "preferences/list.html", pages.round_list(session, access))


@router.get(BASE + "/new")
def new_page(request: Request, session: SessionDep, access: Engineer) -> Response:
    page = pages.new(session, access, request.query_params.getlist("run"))
    return render(request, "preferences/new.html", page)


@router.post(BASE)
def open_round(request: Request, session: SessionDep, access: Engineer, form: FormDep) -> Response:
    values = form_values(form, LISTS)
    try:
        if not values.get("reviewers"):
            values.pop("reviewers", None)
        round_ = service.open_round(session, access, parse(NewRound, values))
    except Invalid as error:
        page = pages.new(session, access, values.get("run_ids", []), refused(form, error))
        return render(request, "preferences/new.html", page, status=422)
    return RedirectResponse(f"/p/{access.project.slug}/rounds/{round_.id}", 303)


@router.get(BASE + "/{round_id}")
def round_page(request: Request, session: SessionDep, access: Viewer, round_id: str) -> Response:
    round_ = queries.round_of(session, access.project.id, round_id)
    return render(request, "preferences/round.html", pages.one(session, access, round_))


@router.post(BASE + "/{round_id}/closing")
def close(session: SessionDep, access: Engineer, round_id: str) -> Response:
    service.close_round(session, access, queries.round_of(session, access.project.id, round_id))
    return RedirectResponse(f"/p/{access.project.slug}/rounds/{round_id}", 303)


@router.get(BASE + "/{round_id}/vote")
def vote_page(request: Request, session: SessionDep, access: Annotator, round_id: str) -> Response:
    round_ = _voters(session, access, round_id)
    shown = None if round_.closed_at else ballots.next_ballot(session, round_, access.user.id)
    return render(request, "preferences/vote.html", pages.vote(session, access, round_, shown))


@router.post(BASE + "/{round_id}/votes")
def cast(request: Request, session: SessionDep, access: Annotator, round_id: str, form: FormDep) -> Response:
    """Take the vote and answer with the next pair: one request a decision."""
    round_ = _voters(session, access, round_id)
    ballots.cast(session, round_, access.user.id, parse(NewVote, form_values(form)))
    return _next(request, session, access, round_, ballots.next_ballot(session, round_, access.user.id))


@router.post(BASE + "/{round_id}/pairs/{pair_id}/skip")
def skip(request: Request, session: SessionDep, access: Annotator, round_id: str, pair_id: str) -> Response:
    round_ = _voters(session, access, round_id)
    ballots.skip(session, round_, access.user.id, pair_id)
    return _next(request, session, access, round_, ballots.next_ballot(session, round_, access.user.id))


@router.post(BASE + "/{round_id}/undo")
def undo(request: Request, session: SessionDep, access: Annotator, round_id: str) -> Response:
    round_ = _voters(session, access, round_id)
    shown = ballots.take_back_last(session, round_, access.user.id)
    return _next(request, session, access, round_, shown or ballots.next_ballot(session, round_, access.user.id))


def _voters(session: SessionDep, access: Access, round_id: str) -> PreferenceRound:
    round_ = queries.round_of(session, access.project.id, round_id)
    if not queries.is_reviewer(session, round_.id, access.user.id):
        raise NotFound("This round")
    return round_


def _next(
    request: Request, session: SessionDep, access: Access, round_: PreferenceRound, shown: Shown | None
) -> Response:
    if not is_htmx(request):
        return RedirectResponse(f"/p/{access.project.slug}/rounds/{round_.id}/vote", 303)
    session.flush()
    return render(request, "preferences/vote.html", pages.vote(session, access, round_, shown), block="ballot")
