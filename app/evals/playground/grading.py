"""What the chosen graders say of one output of the playground: worked out when it is looked at, never stored."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.annotation.assist.models import ModelBatchItem
from app.candidates.knowledge.rules import Found
from app.datasets.rules import case_content
from app.evals.graders import Grade, GraderSpec, Sample, case_item, grade
from app.evals.graders.judging import Judgement
from app.examples.models import Revision


def grades(
    item: ModelBatchItem,
    content: Revision,
    specs: Sequence[GraderSpec],
    found: Sequence[Found] | None = None,
    said: Mapping[str, Sequence[Judgement]] | None = None,
) -> list[tuple[str, Grade]]:
    """(grader, grade); none while there is no answer. ``found``: what a search gave the model; ``said``: what judges
    said of the output, by the key of the ask."""
    graded = item_of(content, found)
    if item.state not in ("answered", "done", "failed") or graded is None:
        return []
    return [(spec.name, grade(spec, graded, sample_of(item), said)) for spec in specs]


def item_of(content: Revision, found: Sequence[Found] | None) -> dict[str, Any] | None:
    """The example as the case that it would be; None where it could be none."""
    case = case_content(content.messages, content.expected, content.behavior)
    if case is None:
        return None
    fields = {"messages": case.messages, "expected": case.expected, "behavior": case.expected.get("behavior")}
    graded = case_item({**fields, "tools": content.tools, "tags": content.tags, "metadata": content.extra})
    return graded if found is None else graded | {"retrieved": [one.source for one in found]}


def sample_of(item: ModelBatchItem) -> Sample:
    return Sample(item.answer, problem=item.reason if item.state == "failed" else None)
