"""Typed context of the page that offers the suite."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.core.instructions import KINDS
from app.datasets import queries
from app.datasets.models import TestSet
from app.datasets.suite import catalogue
from app.projects.access import Access
from app.web.forms import FormState


@dataclass(frozen=True)
class Row:
    prompt: catalogue.Prompt
    taken: bool
    chosen: bool


@dataclass(frozen=True)
class Group:
    words: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class SuitePage:
    slug: str
    set_id: str
    set_name: str
    set_kind: str
    size: int
    prompts: int
    instructions: int
    kinds: int
    taken: int
    groups: Sequence[Group]
    added: int | None
    form: FormState
    title: str = "Instruction suite"


def suite(
    session: Session,
    access: Access,
    test_set: TestSet,
    *,
    form: FormState | None = None,
    added: int | None = None,
) -> SuitePage:
    """Every prompt is ticked to begin with; after a refused form none is, as none was sent."""
    prompts = catalogue.prompts()
    units = [prompt.example.fingerprint_unit for prompt in prompts.values()]
    known = queries.known_prompts(session, test_set.id, units)
    rows = [Row(p, p.example.fingerprint_unit in known, form is None) for p in prompts.values()]
    groups = [
        Group(words, [row for row in rows if row.prompt.group == name]) for name, words in catalogue.GROUPS.items()
    ]
    return SuitePage(
        slug=access.project.slug,
        set_id=test_set.id,
        set_name=test_set.name,
        set_kind=test_set.kind,
        size=test_set.size,
        prompts=len(prompts),
        instructions=sum(len(prompt.ids) for prompt in prompts.values()),
        kinds=len(KINDS),
        taken=sum(row.taken for row in rows),
        groups=[group for group in groups if group.rows],
        added=added,
        form=form or FormState(),
    )
