"""The form of the playground: up to three prompts side by side, what they are tried on, and what that may cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from app.candidates import queries as candidates
from app.candidates.few_shot import queries as few_shot
from app.candidates.models import Candidate
from app.core.errors import FieldError, Invalid
from app.evals import queries as evals
from app.evals import service as runs
from app.evals.playground import queries
from app.evals.playground.forms import MOST_VARIANTS, NewTrial
from app.evals.playground.models import PlaygroundTrial
from app.evals.playground.pages import LETTERS
from app.evals.playground.service import PlannedTrial
from app.examples import queries as examples
from app.examples.forms import ExampleFilter
from app.projects.access import Access
from app.web.forms import FormState, parse
from app.web.words import plural

PLAIN = ("count", "tag", "behavior", "seed", "budget", "graders_of")
DRAW = ("k", "tag", "behavior", "seed")


@dataclass(frozen=True)
class VariantFields:
    """What the fields of one variant begin with. ``used``: whether it is asked unless somebody changes that."""

    letter: str
    place: int
    used: bool
    own: bool
    system_prompt: str
    template: str
    few_shot: str
    k: str


@dataclass(frozen=True)
class NewPage:
    slug: str
    candidates: Sequence[tuple[str, str]]
    candidate: str
    model: str
    kept: int
    variants: Sequence[VariantFields]
    graders: Sequence[tuple[str, str]]
    ticked: Sequence[str]
    approved: int
    ids: str
    test_sets: Sequence[tuple[str, str]]
    form: FormState = field(default_factory=FormState)
    planned: PlannedTrial | None = None
    left_out: Sequence[str] = ()
    title: str = "Try prompts side by side"


def new(
    session: Session,
    access: Access,
    candidate_id: str | None,
    like: PlaygroundTrial | None = None,
    form: FormState | None = None,
    ticked: Sequence[str] = (),
    planned: PlannedTrial | None = None,
) -> NewPage:
    """``like``: an earlier trial, whose prompts and examples the form begins with."""
    usable = [one for one, name in candidates.listed(session, access.project.id) if name and one.origin != "upload"]
    baseline = candidates.baseline(session, access.project.id)
    wanted = candidate_id or (like.candidate_id if like else None) or (baseline.id if baseline else None)
    source = next((one for one in usable if one.id == wanted), usable[0] if usable else None)
    kept = len(few_shot.of_candidate(session, source.id)) if source else 0
    left_out = planned.left_out if planned else {}
    return NewPage(
        slug=access.project.slug,
        candidates=[(one.id, one.name) for one in usable],
        candidate=source.id if source else "",
        model=source.model if source else "",
        kept=kept,
        variants=_variants(session, source, kept, like),
        graders=[(row.name, row.definition.get("type", "")) for row in _graders(session, access)],
        ticked=ticked or [str(raw["name"]) for raw in (like.graders if like else [])],
        approved=examples.count(session, access.project.id, ExampleFilter(status="approved", split="train"), None),
        ids=_ids(session, like),
        test_sets=[(row.id, row.name) for row in queries.graded_sets(session, access.project.id)],
        form=form or FormState(),
        planned=planned,
        left_out=[f"{plural(count, 'example')} {why}" for why, count in left_out.items()],
    )


def _graders(session: Session, access: Access) -> list[Any]:
    """Saved graders but those that compare with a run."""
    rows = evals.saved_graders(session, access.project.id)
    return [row for row in rows if not any(ask.against for ask in runs.spec_of(row).definition.asks)]


def _variants(
    session: Session, source: Candidate | None, kept: int, like: PlaygroundTrial | None
) -> list[VariantFields]:
    """Those of the trial, else the candidate's prompt twice: once as it is, once to be changed."""
    said: list[Mapping[str, Any]] = [one.settings for one in queries.batches(session, like.id)] if like else []
    own = {
        "system_prompt": source.system_prompt if source else None,
        "prompt_template": source.prompt_template if source else None,
        "few_shot": [()] * kept,
    }
    return [
        _fields(place, said[place] if place < len(said) else own, place < max(len(said), 1 if said else 2), bool(kept))
        for place in range(MOST_VARIANTS)
    ]


def _fields(place: int, said: Mapping[str, Any], used: bool, kept: bool) -> VariantFields:
    shots = len(said["few_shot"])
    return VariantFields(
        letter=LETTERS[place],
        place=place,
        used=used,
        own=said["system_prompt"] is None,
        system_prompt=said["system_prompt"] or "",
        template=said["prompt_template"] or "",
        few_shot="none" if not shots else "keep" if kept else "draw",
        k=str(shots or 3),
    )


def _ids(session: Session, like: PlaygroundTrial | None) -> str:
    """Numbers of the examples of an earlier trial."""
    if like is None:
        return ""
    batches = queries.batches(session, like.id)
    return ", ".join(f"#{row[1].number}" for row in queries.items(session, [one.id for one in batches[:1]]))


def read(session: Session, access: Access, values: Mapping[str, Any], graders: Sequence[str]) -> NewTrial:
    """The form's fields as a trial. Invalid names the field as the form calls it."""
    places = [place for place in range(MOST_VARIANTS) if place == 0 or values.get(f"use.{place}")]
    fields: dict[str, Any] = {
        "candidate_id": values.get("candidate_id", ""),
        "variants": [_variant(values, place) for place in places],
        "graders": list(graders),
    }
    fields |= {name: values[name] for name in PLAIN if values.get(name)}
    if values.get("numbers"):
        fields["example_ids"] = _numbered(session, access, str(values["numbers"]))
    try:
        return parse(NewTrial, fields)
    except Invalid as error:
        raise as_typed(error, places) from error


def as_typed(error: Invalid, places: Sequence[int] = range(MOST_VARIANTS)) -> Invalid:
    """Errors of a variant stand beside its fields."""
    return Invalid(str(error), [FieldError(_field(one.loc, places), one.msg) for one in error.errors])


def _field(loc: str, places: Sequence[int]) -> str:
    parts = loc.split(".")
    if parts[0] == "example_ids":
        return "numbers"
    if parts[0] != "variants" or len(parts) < 2:
        return loc
    place = places[int(parts[1])]
    rest = parts[2:]
    if rest[:1] == ["few_shot"]:
        return f"{rest[-1] if rest[-1] in DRAW else 'few_shot'}.{place}"
    return f"{rest[0] if rest else 'system_prompt'}.{place}"


def _variant(values: Mapping[str, Any], place: int) -> dict[str, Any]:
    own = values.get(f"own.{place}") == "true"
    found: dict[str, Any] = {
        "system_prompt": None if own else values.get(f"system_prompt.{place}", ""),
        "prompt_template": values.get(f"prompt_template.{place}"),
    }
    how = values.get(f"few_shot.{place}", "none")
    if how == "draw":
        drawn = {name: values[f"{name}.{place}"] for name in DRAW if values.get(f"{name}.{place}")}
        return found | {"few_shot": {"k": 3} | drawn}
    return found | {"keep_few_shot": how == "keep"}


def _numbered(session: Session, access: Access, text: str) -> list[str]:
    """``#12, 15``: ids of those examples. Invalid where one is not there."""
    from app.datasets.rules import parse_numbers

    try:
        numbers = parse_numbers(text, 20)
    except ValueError as error:
        raise Invalid.field("numbers", str(error)) from error
    found = queries.ids_of(session, access.project.id, numbers)
    missing = [number for number in numbers if number not in found]
    if missing:
        raise Invalid.field("numbers", f"There is no example #{missing[0]} in this project.")
    return [found[number] for number in dict.fromkeys(numbers)]
