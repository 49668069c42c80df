"""Typed context of the page that offers starter cases."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.datasets import queries
from app.datasets.models import TestSet
from app.datasets.starters import catalogue
from app.examples.models import BEHAVIORS
from app.projects.access import Access
from app.web.forms import FormState


@dataclass(frozen=True)
class Card:
    """``taken``: the set has a case of this template already; ``open``: brackets that only an expert can fill."""

    template: catalogue.Template
    taken: bool
    open: Sequence[str]


@dataclass(frozen=True)
class StartersPage:
    slug: str
    set_id: str
    set_name: str
    size: int
    kind: str
    kinds: Sequence[tuple[str, str, int]]  # (name, words, templates)
    next_kind: tuple[str, str] | None
    cards: Sequence[Card]
    chosen: Sequence[str]
    added: int | None
    form: FormState
    behaviors: Sequence[str] = BEHAVIORS
    title: str = "Starter cases"


def starters(
    session: Session,
    access: Access,
    test_set: TestSet,
    kind: str | None,
    *,
    form: FormState | None = None,
    chosen: Sequence[str] = (),
    added: int | None = None,
) -> StartersPage:
    templates = catalogue.filled(access.project.name, access.project.labels)
    order = _order(test_set.kind)
    kind = kind if kind in order else order[0]
    taken = queries.templates_taken(session, test_set.id)
    return StartersPage(
        slug=access.project.slug,
        set_id=test_set.id,
        set_name=test_set.name,
        size=test_set.size,
        kind=kind,
        kinds=[(name, catalogue.kinds()[name], sum(t.kind == name for t in templates)) for name in order],
        next_kind=_next(order, kind),
        cards=[
            Card(one, one.key in taken, catalogue.left_open(one.request, one.request))
            for one in templates
            if one.kind == kind
        ],
        chosen=chosen,
        added=added,
        form=form or FormState(),
    )


def _next(order: Sequence[str], kind: str) -> tuple[str, str] | None:
    after = order[order.index(kind) + 1 :]
    return (after[0], catalogue.kinds()[after[0]]) if after else None


def _order(set_kind: str) -> list[str]:
    """Kinds that suit the set come first."""
    edge_first = set_kind != "red_team"
    return sorted(catalogue.kinds(), key=lambda kind: (kind in catalogue.EDGE) is not edge_first)
