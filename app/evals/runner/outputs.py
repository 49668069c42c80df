"""The first stage of a run: each case goes to the candidate, and its answer is an output."""

import asyncio
from collections.abc import Sequence
from typing import Any

from app.candidates.knowledge.rules import Found
from app.candidates.rules import cost
from app.core.ids import new_id
from app.evals import retrieved
from app.evals.runner.asking import Asked, Case, request_body
from app.evals.runner.store import Call, Ended, RunStore
from app.gateway.answers import Answer
from app.gateway.ledger import Finished

SEARCHED_AT_A_TIME = 16


class OutputWork:
    """An item is ``{case id}:{repeat}``."""

    def __init__(self, store: RunStore, asked: Asked) -> None:
        self.store, self.asked = store, asked
        self.cases: dict[str, Case] = {}
        self.found: dict[str, list[Found]] = {}

    async def body(self, call: Call, coming: Sequence[Call]) -> dict[str, Any]:
        case_id = _case_id(call)
        if case_id not in self.cases:
            wanted = dict.fromkeys([case_id, *map(_case_id, coming)])  # repeats ask for the same case
            self.cases.update(await self.store.cases([one for one in wanted if one not in self.cases]))
        case = self.cases.pop(case_id)
        if self.asked.searches is None:
            return request_body(self.asked, case)
        if case_id not in self.found:
            near = [case, *(self.cases[other] for other in self.cases if other not in self.found)][:SEARCHED_AT_A_TIME]
            searched = asyncio.to_thread(retrieved.search, self.store.run_id, self.asked.searches, near)
            self.found.update(await searched)
        return request_body(self.asked, case, self.found.pop(case_id))

    def answered(self, call: Call, answer: Answer, milliseconds: float) -> Ended:
        paid = cost(self.asked.price, answer.input_tokens, answer.output_tokens)
        output = self._output(call, "complete" if answer.complete else "truncated") | {
            "text": answer.text,
            "tool_calls": answer.tool_calls,
            "finish_reason": answer.finish_reason,
            "model_returned": answer.model,
            "input_tokens": answer.input_tokens,
            "output_tokens": answer.output_tokens,
            "latency_ms": milliseconds,
            "cost": paid,
            "error": None if answer.complete else cut_short(answer.finish_reason),
        }
        return Ended(Finished(call.id, "done", paid), output)

    def failed(self, call: Call, message: str) -> dict[str, Any]:
        return self._output(call, "failed") | {"error": message}

    def _output(self, call: Call, status: str) -> dict[str, Any]:
        return {
            "id": new_id(),
            "run_id": self.store.run_id,
            "case_id": _case_id(call),
            "repeat": int(call.item.partition(":")[2]),
            "call_id": call.id,
            "status": status,
            "cost": None,
        }


def _case_id(call: Call) -> str:
    return call.item.partition(":")[0]


def cut_short(finish_reason: str | None) -> str:
    if finish_reason == "length":
        return "The answer reached the token limit before it was finished."
    if finish_reason == "content_filter":
        return "The provider's filter left content out."
    return "The provider did not say that the answer is finished (no finish_reason)."
