"""The voter's page. A page that shows the next pair already says which (``shown``); the answer is then the one after
that, so that nobody waits between two pairs."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.core.errors import Conflict, Invalid
from app.preferences.forms import NewVote
from app.preferences.guests import entry
from app.preferences.voting import ballots, pages
from app.preferences.voting.access import Voter, VoterDep
from app.preferences.voting.ballots import Shown
from app.web.forms import FormDep, FormState, form_values, parse, refused
from app.web.render import Nav, NavPerson, NavProject, is_htmx, render, theme_of
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/rounds/{round_id}"
TEMPLATE = "preferences/voting/vote.html"


@router.get(BASE + "/vote")
def vote_page(request: Request, session: SessionDep, voter: VoterDep, differences: bool = False) -> Response:
    shown = None if voter.round.closed else ballots.next_ballot(session, voter.round, voter.id)
    page = pages.vote(session, voter, shown, marked=differences)
    return render(request, TEMPLATE, page, nav=_nav(request, voter))


@router.post(BASE + "/ahead")
def ahead(request: Request, session: SessionDep, voter: VoterDep, form: FormDep) -> Response:
    """The pair after the one that is ``shown``: the page keeps it ready."""
    found = None if voter.round.closed else ballots.next_ballot(session, voter.round, voter.id, _shown(form))
    if found is None:
        return Response(status_code=204)
    return render(request, TEMPLATE, pages.ahead(voter, found), block="item", nav=_nav(request, voter))


@router.get(BASE + "/pairs/{pair_id}/sides")
def sides(request: Request, session: SessionDep, voter: VoterDep, pair_id: str, differences: bool = False) -> Response:
    """The two outputs again, with or without what differs marked word by word."""
    ballot = ballots.my_ballot(session, voter.round, voter.id, pair_id)
    if not is_htmx(request):
        return RedirectResponse(f"{voter.base}/vote{'?differences=true' if differences else ''}", 303)
    page = pages.vote(session, voter, ballots.shown(ballot), marked=differences)
    return render(request, TEMPLATE, page, block="sides", nav=_nav(request, voter))


@router.post(BASE + "/votes")
def cast(request: Request, session: SessionDep, voter: VoterDep, form: FormDep) -> Response:
    """Take the vote and answer with the next pair: one request a decision."""
    values = _values(form, voter.round.criteria)
    try:
        with session.begin_nested():
            ballots.cast(session, voter.round, voter.id, parse(NewVote, values))
    except Invalid as error:
        words = Invalid("Choose one of the four.") if "choice" not in values else error
        return _refuse(request, session, voter, values, refused(form, words), 422)
    except Conflict as error:
        return _refuse(request, session, voter, values, refused(form, Invalid(f"Not saved. {error}")), 409)
    return _next(request, session, voter, form)


@router.post(BASE + "/pairs/{pair_id}/skip")
def skip(request: Request, session: SessionDep, voter: VoterDep, pair_id: str, form: FormDep) -> Response:
    ballots.skip(session, voter.round, voter.id, pair_id)
    return _next(request, session, voter, form)


@router.post(BASE + "/undo")
def undo(request: Request, session: SessionDep, voter: VoterDep, form: FormDep) -> Response:
    return _next(request, session, voter, form, ballots.take_back_last(session, voter.round, voter.id))


@router.post(BASE + "/leaving")
def leave(voter: VoterDep) -> Response:
    """A guest puts the link away in this browser; it still opens the round until it ends."""
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(entry.COOKIE, path=voter.base)
    return response


def _next(request: Request, session: SessionDep, voter: Voter, form: FormDep, found: Shown | None = None) -> Response:
    if not is_htmx(request):
        return RedirectResponse(f"{voter.base}/vote", 303)
    session.flush()
    found = found or ballots.next_ballot(session, voter.round, voter.id, _shown(form))
    return render(request, TEMPLATE, pages.vote(session, voter, found), block="answer", nav=_nav(request, voter))


def _refuse(
    request: Request, session: SessionDep, voter: Voter, values: dict[str, Any], state: FormState, status: int
) -> Response:
    """The same pair again, with all that was typed and the reason."""
    ballot = ballots.my_ballot(session, voter.round, voter.id, values.get("pair_id", ""))
    page = pages.vote(session, voter, ballots.shown(ballot), state)
    block = "answer" if is_htmx(request) else None
    return render(request, TEMPLATE, page, block=block, status=status, nav=_nav(request, voter))


def _values(form: FormDep, criteria: Sequence[str]) -> dict[str, Any]:
    """The form has one field a criterion, by its place in the round's list."""
    values = form_values(form)
    values.pop("shown", None)
    answers = {name: values.pop(f"criterion-{place}", None) for place, name in enumerate(criteria)}
    return values | {"criteria": {name: answer for name, answer in answers.items() if answer}}


def _shown(form: FormDep) -> str | None:
    return str(form.get("shown") or "") or None


def _nav(request: Request, voter: Voter) -> Nav:
    """No rail: its counts would be read from the tables of every stage."""
    person = None if voter.is_guest else NavPerson(voter.name, voter.email)
    return Nav(NavProject(voter.project_name, voter.slug, ""), person=person, theme=theme_of(request))
