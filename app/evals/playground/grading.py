"""What the chosen graders say of one output of the playground: worked out when it is looked at, never stored."""

from collections.abc import Sequence

from app.annotation.assist.models import ModelBatchItem
from app.datasets.rules import case_content
from app.evals.graders import Grade, GraderSpec, Sample, case_item, grade
from app.examples.models import Revision


def grades(item: ModelBatchItem, content: Revision, specs: Sequence[GraderSpec]) -> list[tuple[str, Grade]]:
    """(grader, grade); none while there is no answer. The example is graded as the case that it would be."""
    case = case_content(content.messages, content.expected, content.behavior)
    if item.state not in ("answered", "done", "failed") or case is None:
        return []
    fields = {"messages": case.messages, "expected": case.expected, "behavior": case.expected.get("behavior")}
    graded = case_item({**fields, "tools": content.tools, "tags": content.tags, "metadata": content.extra})
    sample = Sample(item.answer, problem=item.reason if item.state == "failed" else None)
    return [(spec.name, grade(spec, graded, sample)) for spec in specs]
