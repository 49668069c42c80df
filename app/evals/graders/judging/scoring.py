"""From stored judgements to what a grade says."""

from collections.abc import Sequence
from typing import Any

from app.evals.graders.judging.asks import Ask, Judgement, judged
from app.evals.graders.judging.signs import signs_of_address
from app.evals.graders.templates import Scope


def verdicts(ask: Ask, scope: Scope) -> Sequence[Judgement]:
    """The verdicts on the output in the scope. Raises ``NotJudged``."""
    return judged(ask, scope.judgements)


def detail_of(ask: Ask, scope: Scope) -> dict[str, Any]:
    """What every grade of a judge carries: which judge it was, and whether the output speaks to it."""
    signs = signs_of_address(scope.sample.output_text, scope.item.get("expected"))
    return {"judge": ask.key} | ({"speaks_to_judge": list(signs)} if signs else {})
