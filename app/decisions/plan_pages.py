"""The power planner: how many cases or votes it takes to see the difference that matters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.core.errors import Invalid
from app.core.stats.needed import cases_to_show, independent_discordance, votes_to_show
from app.core.stats.power import minimum_detectable_difference
from app.datasets import queries as datasets
from app.decisions.forms import Planned
from app.projects.access import Access
from app.web.forms import FormState, parse

DIFFERENCES = (0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2)
WIN_RATES = (0.52, 0.55, 0.6, 0.65, 0.7, 0.75)
FIELDS = tuple(Planned.model_fields)


@dataclass(frozen=True)
class Needed:
    """``cases`` and ``votes`` None: more than ten million, or nothing to show."""

    cases: int | None
    votes: int | None
    discordance: float
    power: float


@dataclass(frozen=True)
class PlanRow:
    """What is to be seen, in percent or points, and what that takes."""

    what: str
    needed: int | None


@dataclass(frozen=True)
class SetRow:
    name: str
    url: str
    cases: int
    could_show: float | None


@dataclass(frozen=True)
class PlanPage:
    slug: str
    answer: str
    assumed: str
    values: Mapping[str, str]
    cases: Sequence[PlanRow]
    votes: Sequence[PlanRow]
    sets: Sequence[SetRow]
    form: FormState
    title: str = "Plan the evidence"


def read(query: Mapping[str, str]) -> Planned:
    """From percent to shares; Invalid names the field."""
    given: dict[str, float] = {}
    for name in FIELDS:
        text = query.get(name, "").replace("%", "").replace(",", ".").strip()
        if not text:
            continue
        try:
            given[name] = float(text) / 100
        except ValueError:
            raise Invalid.field(name, "Write a number.") from None
    return parse(Planned, given)


def answer(wanted: Planned) -> Needed:
    share = _discordance(wanted, wanted.difference)
    cases = cases_to_show(wanted.difference, share, power=wanted.power)
    return Needed(cases, votes_to_show(wanted.win_rate, wanted.ties, power=wanted.power), share, wanted.power)


def plan(session: Session, access: Access, wanted: Planned, form: FormState | None = None) -> PlanPage:
    found = answer(wanted)
    differences = [one for one in DIFFERENCES if wanted.rate + one <= 1]
    wins = [one for one in WIN_RATES if 2 * one - 1 <= 1 - wanted.ties]
    return PlanPage(
        slug=access.project.slug,
        answer=_sentence(wanted, found),
        assumed=_assumed(wanted, found),
        values={name: _percent(getattr(wanted, name)) for name in FIELDS},
        cases=[
            PlanRow(f"{one * 100:g} points", cases_to_show(one, _discordance(wanted, one), power=wanted.power))
            for one in differences
        ],
        votes=[PlanRow(f"{one * 100:g} %", votes_to_show(one, wanted.ties, power=wanted.power)) for one in wins],
        sets=_sets(session, access, wanted, found.discordance),
        form=form or FormState(),
    )


def refused(session: Session, access: Access, query: Mapping[str, str], error: Invalid) -> PlanPage:
    """The page for the values it starts with, and the form as it was filled in."""
    typed = FormState(dict(query), {one.loc: one.msg for one in error.errors}, str(error))
    return plan(session, access, Planned(), typed)


def _discordance(wanted: Planned, difference: float) -> float:
    if wanted.discordance is not None:
        return max(wanted.discordance, difference)
    return independent_discordance(wanted.rate, wanted.rate + difference)


def _sets(session: Session, access: Access, wanted: Planned, discordance: float) -> list[SetRow]:
    base = f"/p/{access.project.slug}/test-sets"
    return [
        SetRow(
            one.name,
            f"{base}/{one.id}",
            one.size,
            minimum_detectable_difference(one.size, discordance, power=wanted.power),
        )
        for one in datasets.sealed_sets(session, access.project.id)
    ]


def _sentence(wanted: Planned, found: Needed) -> str:
    cases = "no number of cases within reason" if found.cases is None else f"{found.cases:,} cases"
    votes = "no number of votes within reason" if found.votes is None else f"{found.votes:,} votes"
    return (
        f"To see {wanted.difference * 100:g} points with {wanted.power * 100:g} % power: {cases}. "
        f"To see that {wanted.win_rate * 100:g} % prefer it: {votes}."
    )


def _assumed(wanted: Planned, found: Needed) -> str:
    if wanted.discordance is not None:
        return f"The two are taken to differ on {found.discordance * 100:.0f} % of cases, as you said."
    return (
        f"The two are taken to differ on {found.discordance * 100:.0f} % of cases: as many as if their failures had "
        "nothing to do with each other. A tuned model mostly fails where its base does, so fewer cases will often do: "
        "a comparison of the two says how often they differ."
    )


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share * 100:g}"
