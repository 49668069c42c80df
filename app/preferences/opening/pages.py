"""Typed contexts of the page that opens a round, and of what it kept from being shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.core.errors import Invalid
from app.preferences import queries
from app.preferences.forms import DEFAULT_CRITERIA, Expected, NewRound, OnlyGuests
from app.preferences.guests.forms import DAYS
from app.preferences.models import PreferenceRound
from app.preferences.opening import planned
from app.preferences.opening.planned import Offer
from app.projects.access import Access
from app.web.forms import FormState, parse

PLANNED = tuple(Expected.model_fields)


@dataclass(frozen=True)
class RunChoice:
    id: str
    label: str
    detail: str


@dataclass(frozen=True)
class Person:
    """``knows``: why they cannot vote blind, if they cannot."""

    email: str
    name: str
    knows: bool


@dataclass(frozen=True)
class NewPage:
    slug: str
    runs: Sequence[RunChoice]
    people: Sequence[Person]
    chosen_runs: Sequence[str]
    chosen_people: Sequence[str]
    form: FormState
    offer: Offer
    has_guideline: bool
    criteria: str = DEFAULT_CRITERIA
    days: Sequence[tuple[str, str]] = tuple((str(n), f"{n} days") for n in DAYS)
    title: str = "New round"

    @property
    def choosing(self) -> FormState | None:
        """What was typed, where something was."""
        return self.form if self.form.values else None


@dataclass(frozen=True)
class ApartPage:
    slug: str
    round_id: str
    round_name: str
    rows: Sequence[tuple[int, str, bool]]  # number of the case, the words, whether it was kept apart
    pairs: int
    identical: int
    apart: int
    self_naming: str
    title: str = "Outputs that name their model"


def new(session: Session, access: Access, values: Mapping[str, Any], form: FormState | None = None) -> NewPage:
    """``values``: what is chosen so far, as a form sends it; what is not there yet is nothing wrong."""
    runs = [
        RunChoice(run.id, f"Run {run.number}: {candidate}", f"on {test_set}, {run.total} cases")
        for run, candidate, test_set in queries.finished_runs(session, access.project.id)
    ]
    chosen = list(values.get("run_ids", ()))
    saw = queries.who_saw(session, chosen)
    people = [
        Person(user.email, user.name, user.id in saw)
        for user in queries.possible_reviewers(session, access.project.id)
        if user.id != access.user.id
    ]
    ticked = list(values.get("reviewers", ()))
    able = len(ticked) or sum(not person.knows for person in people)
    return NewPage(
        access.project.slug,
        runs,
        people,
        chosen,
        ticked,
        form or FormState(),
        _offer(session, access, values, able),
        bool(access.project.guideline),
    )


def read(values: Mapping[str, Any]) -> tuple[NewRound, Expected]:
    """The round that is asked for, and what it is planned for. Raises Invalid."""
    given = {name: value for name, value in values.items() if name not in PLANNED}
    only_guests = parse(OnlyGuests, {"guests_only": given.pop("guests_only", False)}).guests_only
    if only_guests:
        given["reviewers"] = []
    elif not given.get("reviewers"):
        given.pop("reviewers", None)
    return parse(NewRound, given), parse(Expected, {name: values[name] for name in PLANNED if name in values})


def _offer(session: Session, access: Access, values: Mapping[str, Any], members: int) -> Offer:
    if len(values.get("run_ids", ())) < 2:
        return Offer((), None, "Choose the runs to compare: what the round would show, and what it takes, stands here.")
    try:
        wanted, expected = read(values)
    except Invalid as error:
        return Offer((), None, str(error))
    voting = 0 if wanted.reviewers == [] else members
    return planned.offer(session, access, wanted, expected, voting + len(wanted.guests))


def apart(session: Session, access: Access, round_: PreferenceRound) -> ApartPage:
    rows = queries.apart_pairs(session, round_.id)
    return ApartPage(
        access.project.slug,
        round_.id,
        round_.name,
        [(position + 1, ", ".join(words), was_apart) for position, words, was_apart in rows],
        *queries.pair_counts(session, round_.id),
        round_.self_naming,
    )
