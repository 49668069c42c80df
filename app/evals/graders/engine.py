"""From a grader, a case and an output to a grade."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.evals.graders.base import Definition, Grade, NotGradable, OutputError, Sample
from app.evals.graders.judging import Judgement
from app.evals.graders.judging.scoring import judged_by
from app.evals.graders.registry import GraderSpec
from app.evals.graders.templates import Scope

# Scores are compared with a threshold such as 0.8 after floating-point arithmetic.
TOLERANCE = 1e-9


def grade(
    grader: GraderSpec | Definition,
    item: Mapping[str, Any],
    sample: Sample,
    judgements: Mapping[str, Sequence[Judgement]] | None = None,
) -> Grade:
    """Grade one output of one case (``item`` as made by ``case_item``); ``judgements`` are what judges said of it.

    Not gradable (score and passed ``None``): the case lacks what the grader needs; that holds however the output came
    out, so that two runs over the same cases leave out the same ones. Failed (0, ``False``): an incomplete output,
    or one without what the grader looks at. Otherwise passed from the threshold on. Never raises for what a model or
    a case may contain.
    """
    definition = grader.definition if isinstance(grader, GraderSpec) else grader
    scope = Scope(item, sample, judgements)
    try:
        scope.check_item(definition.templates)
        definition.check_case(item)
        if sample.incomplete:
            return Grade(0.0, False, sample.incomplete, {"incomplete": True})
        scored = definition.score(scope)
    except NotGradable as reason:
        return Grade(None, None, f"not gradable: {reason}", {"not_gradable": True, **reason.detail})
    except OutputError as reason:
        return Grade(0.0, False, str(reason))
    threshold = grader.pass_threshold if isinstance(grader, GraderSpec) else _own_threshold(definition)
    detail = scored.detail | judged_by(definition.asks, scope)
    return Grade(scored.score, scored.score >= threshold - TOLERANCE, scored.reason, detail)


def _own_threshold(definition: Definition) -> float:
    own = definition.own_threshold
    return definition.default_threshold if own is None else own
