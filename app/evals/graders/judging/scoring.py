"""From stored judgements to what a grade says."""

from collections.abc import Sequence
from typing import Any

from app.evals.graders.judging.asks import Ask, Judgement, judged
from app.evals.graders.judging.signs import signs_of_address
from app.evals.graders.templates import Scope


def verdicts(ask: Ask, scope: Scope) -> Sequence[Judgement]:
    """The verdicts on the output in the scope. Raises ``NotJudged``."""
    return judged(ask, scope.judgements)


def judged_by(asks: Sequence[Ask], scope: Scope) -> dict[str, Any]:
    """What every grade that rests on judges carries: who they were, and whether the output speaks to them."""
    if not asks:
        return {}
    signs = signs_of_address(scope.sample.output_text, scope.item.get("expected"))
    return {"judge": ",".join(ask.key for ask in asks)} | ({"speaks_to_judge": list(signs)} if signs else {})
