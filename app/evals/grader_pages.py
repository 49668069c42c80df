"""Typed contexts of the grader pages."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from app.core.errors import Invalid, NotFound
from app.evals import queries, upload
from app.evals.catalogue import GRADED, METRICS
from app.evals.graders import GRADERS, Grade, grade, parse_spec
from app.evals.models import Grader
from app.evals.service import spec_of
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
    metrics: Sequence[tuple[str, str]] = tuple((key, METRICS[key].label) for key in GRADED)
    title: str = "New grader"

    @property
    def kinds(self) -> Sequence[tuple[str, str, bool]]:
        """(words, address, chosen) of each type."""
        base = f"/p/{self.slug}/graders/new?type="
        return [(kind.replace("_", " "), base + kind, kind == self.kind) for kind in GRADERS]


@dataclass(frozen=True)
class GraderPage:
    slug: str
    grader: Grader
    metric: str
    definition: str
    can_change: bool
    item: str
    output: str
    tried: Grade | None = None
    form: FormState = field(default_factory=FormState)

    @property
    def title(self) -> str:
        return self.grader.name


def grader_list(session: Session, access: Access) -> ListPage:
    graders = queries.saved_graders(session, access.project.id)
    return ListPage(access.project.slug, graders, access.can("engineer"))


def new(access: Access, kind: str, like: Grader | None = None, form: FormState | None = None) -> NewPage:
    """A form to begin with: an example of the type, or the newest version of a saved grader."""
    chosen = like.definition["type"] if like else kind if kind in GRADERS else "string_check"
    raw = dict(like.definition) if like else {"type": chosen, **EXAMPLES[chosen]}
    raw.pop("name", None)
    metric = like.metric if like else parse_spec(raw).metric
    definition = json.dumps(raw, indent=2, ensure_ascii=False)
    return NewPage(access.project.slug, chosen, definition, like.name if like else "", metric, form or FormState())


def brought(access: Access, graders: Sequence[Any], index: int) -> NewPage:
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
    return NewPage(access.project.slug, kind, json.dumps(raw, indent=2, ensure_ascii=False), name, metric, form)


def one(access: Access, grader: Grader) -> GraderPage:
    return GraderPage(
        access.project.slug,
        grader,
        METRICS[grader.metric].label,
        json.dumps(grader.definition, indent=2, ensure_ascii=False),
        access.can("engineer"),
        json.dumps(SAMPLE_ITEM, indent=2),
        "",
    )


def tried(access: Access, grader: Grader, item: str, output: str) -> GraderPage:
    """The page with what the grader says of this output. Raises Invalid for an item that is not a JSON object."""
    try:
        raw = json.loads(item or "{}")
    except (ValueError, RecursionError) as error:
        raise Invalid.field("item", f"This is not JSON: {error}") from error
    if not isinstance(raw, dict):
        raise Invalid.field("item", "Write the case as a JSON object.")
    given = grade(spec_of(grader), *upload.sample({"item": raw, "output": output[:MAX_OUTPUT]}))
    page = one(access, grader)
    return GraderPage(page.slug, grader, page.metric, page.definition, page.can_change, item, output, given)
