"""The page where a run is started: what may be measured, on what, and the graders that fit."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from app.candidates import queries as candidates
from app.datasets import queries as datasets
from app.evals import offers, queries
from app.evals.estimates import Estimate
from app.projects.access import Access
from app.web.forms import FormState


@dataclass(frozen=True)
class Choice:
    id: str
    label: str
    detail: str


@dataclass(frozen=True)
class Offer:
    """A grader to tick: ``value`` is its JSON, or the name of a saved one."""

    value: str
    name: str
    words: str
    chosen: bool


@dataclass(frozen=True)
class NewPage:
    slug: str
    candidates: Sequence[Choice]
    test_sets: Sequence[Choice]
    candidate_id: str
    test_set_id: str
    offers: Sequence[Offer]
    form: FormState = field(default_factory=FormState)
    estimate: Estimate | None = None
    why_no_estimate: str = ""
    outlook: str = ""  # what is left of the project's budget
    title: str = "New eval run"


def new(
    session: Session,
    access: Access,
    candidate_id: str,
    test_set_id: str,
    form: FormState | None = None,
    ticked: Sequence[str] | None = None,
) -> NewPage:
    project = access.project
    baseline = candidates.baseline(session, project.id)
    people = [
        Choice(c.id, c.name, f"{c.model} on {provider}" + (" · baseline" if baseline and c.id == baseline.id else ""))
        for c, provider in candidates.listed(session, project.id)
        if c.origin != "upload"
    ]
    sets = [
        Choice(s.id, s.name, f"{s.kind.replace('_', ' ')} · {s.size} cases")
        for s in datasets.sealed_sets(session, project.id)
    ]
    chosen_set = test_set_id or (sets[0].id if sets else "")
    return NewPage(
        project.slug,
        people,
        sets,
        candidate_id or (baseline.id if baseline else ""),
        chosen_set,
        _offers(session, access, chosen_set, ticked),
        form or FormState(),
    )


def _offers(session: Session, access: Access, set_id: str, ticked: Sequence[str] | None) -> list[Offer]:
    """What fits the cases and the project, ticked; then the saved graders. ``ticked`` is what a refused form had."""
    project = access.project
    found: list[Offer] = []
    if set_id and datasets.find_set(session, project.id, set_id):
        for definition in offers.graders(queries.traits(session, set_id), project.output_schema, project.labels):
            value = json.dumps(definition, ensure_ascii=False)
            chosen = ticked is None or value in ticked
            found.append(Offer(value, definition["name"], offers.described(definition), chosen))
    for grader in queries.saved_graders(session, project.id):
        words = f"saved, version {grader.version}: {offers.described(grader.definition)}"
        found.append(Offer(grader.name, grader.name, words, ticked is not None and grader.name in ticked))
    return found
