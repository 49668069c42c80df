"""From an ask to the request that is sent. What was written by others stands between marks with a random code."""

import json
from collections.abc import Iterable
from typing import Any

from app.evals.graders.judging import wording
from app.evals.graders.judging.asks import Ask, Range, Shape
from app.evals.graders.templates import Scope

SYSTEM_ROLES = ("system", "developer")


def request_body(ask: Ask, scope: Scope, mark: str, others: tuple[str, str] | None = None) -> dict[str, Any]:
    """The JSON body of ``POST /chat/completions``. ``mark`` is a fresh random code; nothing that is judged can know
    it, so nothing can close its own marks or bring a verdict that carries it. ``others``: the two outputs of a pair
    in the order in which they are shown.

    Raises ``TemplateError`` and ``OutputError`` as filling in templates does.
    """

    def between(namespace: str, text: str) -> str:
        return f"<<{'case' if namespace == 'item' else 'output'} {mark}>>\n{text}\n<<end {mark}>>"

    verdict = _form(ask.shape)
    filled = [(role, scope.fill(template, between)) for role, template in ask.messages]
    system = "\n\n".join(text for role, text in filled if role in SYSTEM_ROLES)
    rules = wording.RULES.format(mark=mark, verdict=verdict)
    turns = [(role, text) for role, text in filled if role not in SYSTEM_ROLES]
    for name, text in zip("AB", others or (), strict=False):
        turns.append(("user", f"Reply {name}:\n{between('sample', text)}"))
    turns.append(("user", wording.REMINDER.format(mark=mark, verdict=verdict)))
    messages = [("system", f"{system}\n\n{rules}".strip()), *turns]
    return {"model": ask.model, "messages": list(_joined(messages)), **ask.sampling}


def _form(shape: Shape) -> str:
    if isinstance(shape, Range):
        return wording.SCORE.format(low=shape.low, high=shape.high)
    return wording.LABEL.format(labels=", ".join(json.dumps(label, ensure_ascii=False) for label in shape.labels))


def _joined(messages: Iterable[tuple[str, str]]) -> Iterable[dict[str, str]]:
    """Neighbours of one role as one message: some chat templates insist that roles take turns."""
    last: dict[str, str] | None = None
    for role, text in messages:
        if last and last["role"] == role:
            last["content"] += f"\n\n{text}"
            continue
        if last:
            yield last
        last = {"role": role, "content": text}
    if last:
        yield last
