"""Typed contexts of the grader pages."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.core.errors import Invalid, NotFound
from app.evals import queries, upload
from app.evals.catalogue import GRADED, METRICS
from app.evals.graders import GRADERS, Grade, grade, parse_spec
from app.evals.models import Grader
from app.evals.service import spec_of
from app.evals.tries import pages as tried
from app.evals.tries.models import GraderTry
from app.evals.tries.pages import TryView
from app.evals.versions import Change, changes, compared
from app.projects.access import Access
from app.web.forms import FormState

LABEL = "{{item.expected.label}}"
# a definition of each type to begin with
EXAMPLES: dict[str, dict[str, Any]] = {
    "string_check": {"operation": "eq", "input": "{{sample.output_text}}", "reference": LABEL},
    "text_similarity": {
        "evaluation_metric": "fuzzy_match",
        "input": "{{sample.output_text}}",
        "reference": "{{item.expected.text}}",
        "pass_threshold": 0.8,
    },
    "json_schema": {"schema": {"type": "object", "required": ["label"]}},
    "regex": {"pattern": "^[A-Z]"},
    "behavior": {},
    "score_model": {
        "model": "name of the judge's model",
        "input": [
            {"role": "system", "content": "Rate how well the reply solves the request: 1 not at all, 5 completely."},
            {"role": "user", "content": "Request:\n{{item.input}}\n\nReply:\n{{sample.output_text}}"},
        ],
        "range": [1, 5],
        "pass_threshold": 4,
    },
    "pairwise_model": {
        "model": "name of the judge's model",
        "against": "id of the run to compare with",
        "criteria": "The better reply solves the request with fewer words.",
    },
    "label_model": {
        "model": "name of the judge's model",
        "input": [
            {"role": "system", "content": "Is the tone of the reply friendly, neutral or rude?"},
            {"role": "user", "content": "{{sample.output_text}}"},
        ],
        "labels": ["friendly", "neutral", "rude"],
        "passing_labels": ["friendly", "neutral"],
    },
    "instructions": {
        "instruction_id_list": ["length_constraints:number_words", "punctuation:no_comma"],
        "kwargs": [{"relation": "less than", "num_words": 100}, {}],
    },
    "tool_call": {},
    "groundedness": {},
    "multi": {
        "graders": {
            "label": {"type": "string_check", "operation": "eq", "input": "{{sample.output_text}}", "reference": LABEL},
            "short": {"type": "regex", "pattern": "^.{1,400}$"},
        },
        "calculate_output": "0.8 * label + 0.2 * short",
        "pass_threshold": 0.8,
    },
}
SAMPLE_ITEM = {"messages": [{"role": "user", "content": "Where is my invoice?"}], "expected": {"label": "billing"}}
MAX_OUTPUT = 100_000


@dataclass(frozen=True)
class ListPage:
    slug: str
    graders: Sequence[Grader]
    can_change: bool
    title: str = "Graders"


@dataclass(frozen=True)
class NewPage:
    slug: str
    kind: str
    definition: str
    name: str
    metric: str
    form: FormState = field(default_factory=FormState)
    runs: Sequence[tuple[str, str]] = ()  # (id, words) of runs to try it on
    run_id: str = ""
    threshold: float | None = None
    tried: TryView | None = None
    metrics: Sequence[tuple[str, str]] = tuple((key, METRICS[key].label) for key in GRADED)
    title: str = "New grader"

    @property
    def kinds(self) -> Sequence[tuple[str, str, bool]]:
        """(words, address, chosen) of each type."""
        base = f"/p/{self.slug}/graders/new?type="
        return [(kind.replace("_", " "), base + kind, kind == self.kind) for kind in GRADERS]


@dataclass(frozen=True)
class VersionRow:
    """``changes``: what is different from the version before it; None for the first."""

    id: str
    version: int
    saved_at: datetime
    saved_by: str
    changes: Sequence[Change] | None


@dataclass(frozen=True)
class GraderPage:
    slug: str
    grader: Grader
    metric: str
    definition: str
    can_change: bool
    item: str
    output: str
    versions: Sequence[VersionRow]
    tried: Grade | None = None
    form: FormState = field(default_factory=FormState)

    @property
    def title(self) -> str:
        return self.grader.name


def grader_list(session: Session, access: Access) -> ListPage:
    graders = queries.saved_graders(session, access.project.id)
    return ListPage(access.project.slug, graders, access.can("engineer"))


def new(
    session: Session, access: Access, kind: str, like: Grader | None = None, form: FormState | None = None
) -> NewPage:
    """A form to begin with: an example of the type, or the newest version of a saved grader."""
    chosen = like.definition["type"] if like else kind if kind in GRADERS else "string_check"
    raw = dict(like.definition) if like else {"type": chosen, **EXAMPLES[chosen]}
    raw.pop("name", None)
    metric = like.metric if like else parse_spec(raw).metric
    definition = json.dumps(raw, indent=2, ensure_ascii=False)
    name, threshold = (like.name, _own_threshold(like, raw)) if like else ("", None)
    runs = tried.run_choices(session, access)
    return NewPage(
        access.project.slug, chosen, definition, name, metric, form or FormState(), runs, threshold=threshold
    )


def _own_threshold(row: Grader, raw: dict[str, Any]) -> float | None:
    """The threshold where it is another one than the definition has by itself."""
    return None if row.pass_threshold == parse_spec(raw).pass_threshold else row.pass_threshold


def of_try(session: Session, access: Access, row: GraderTry) -> NewPage:
    """The form as it was tried, with what came of it."""
    definition = json.dumps(row.typed["definition"], indent=2, ensure_ascii=False)
    return NewPage(
        access.project.slug,
        str(row.typed["definition"].get("type", "")),
        definition,
        row.typed.get("name", ""),
        row.grader["metric"],
        runs=tried.run_choices(session, access),
        run_id=row.run_id,
        threshold=row.typed.get("pass_threshold"),
        tried=tried.view(session, access, row),
    )


def brought(session: Session, access: Access, graders: Sequence[Any], index: int) -> NewPage:
    """The form with a grader object as it stood in an imported file. NotFound where the file had none there."""
    if not 0 <= index < len(graders):
        raise NotFound("This grader")
    raw = dict(graders[index])
    name = str(raw.pop("name", "")).strip()[:200]
    raw.pop("id", None)
    kind, form = str(raw.get("type", "")), FormState()
    try:
        metric = parse_spec(raw).metric
    except Invalid as error:
        metric, form = GRADED[0], FormState(message=f"This grader cannot be used here as it stands: {error}")
    definition, runs = json.dumps(raw, indent=2, ensure_ascii=False), tried.run_choices(session, access)
    return NewPage(access.project.slug, kind, definition, name, metric, form, runs)


def one(session: Session, access: Access, grader: Grader) -> GraderPage:
    return GraderPage(
        access.project.slug,
        grader,
        METRICS[grader.metric].label,
        json.dumps(grader.definition, indent=2, ensure_ascii=False),
        access.can("engineer"),
        json.dumps(SAMPLE_ITEM, indent=2),
        "",
        version_rows(session, grader),
    )


def version_rows(session: Session, grader: Grader) -> list[VersionRow]:
    """All versions of the grader of that name, newest first."""
    found = queries.versions(session, grader.project_id, grader.name)
    before = [*(compared(row) for row, _by in found[1:]), None]
    return [
        VersionRow(row.id, row.version, row.created_at, by or "", None if old is None else changes(old, compared(row)))
        for (row, by), old in zip(found, before, strict=True)
    ]


def graded(session: Session, access: Access, grader: Grader, item: str, output: str) -> GraderPage:
    """The page with what the grader says of this output. Raises Invalid for an item that is not a JSON object."""
    try:
        raw = json.loads(item or "{}")
    except (ValueError, RecursionError) as error:
        raise Invalid.field("item", f"This is not JSON: {error}") from error
    if not isinstance(raw, dict):
        raise Invalid.field("item", "Write the case as a JSON object.")
    given = grade(spec_of(grader), *upload.sample({"item": raw, "output": output[:MAX_OUTPUT]}))
    return replace(one(session, access, grader), item=item, output=output, tried=given)
