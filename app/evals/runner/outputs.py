"""The first stage of a run: each case goes to the candidate, and its answer is an output."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from app.candidates.knowledge.rules import Found
from app.candidates.rules import cost
from app.core.ids import new_id
from app.evals import retrieved
from app.evals.runner.along import Came
from app.evals.runner.asking import Asked, Case, request_body, request_digest
from app.evals.runner.store import Call, Ended, RunStore
from app.gateway.answers import Answer
from app.gateway.ledger import Finished

SEARCHED_AT_A_TIME = 16


@dataclass(frozen=True, slots=True)
class Request:
    """A case with the body of its request, and the digest that tells whether another was the same."""

    case: Case
    body: dict[str, Any]
    digest: str


class OutputWork:
    """An item is ``{case id}:{repeat}``. ``came`` is told of outputs that are stored, with their cases."""

    def __init__(self, store: RunStore, asked: Asked, came: Callable[[Sequence[Came]], None]) -> None:
        self.store, self.asked, self.came = store, asked, came
        self.cases: dict[str, Case] = {}
        self.sent: dict[str, Request] = {}  # by call, until its output is stored
        self.found: dict[str, list[Found]] = {}

    async def body(self, call: Call, coming: Sequence[Call]) -> dict[str, Any]:
        self.sent[call.id] = request = await self.request(call, coming)
        return request.body

    async def request(self, call: Call, coming: Sequence[Call]) -> Request:
        """What a call would send; ``coming`` are those after it, whose material is fetched with it."""
        case_id = _case_id(call)
        if case_id not in self.cases:
            wanted = dict.fromkeys([case_id, *map(_case_id, coming)])  # repeats ask for the same case
            self.cases.update(await self.store.cases([one for one in wanted if one not in self.cases]))
        case = self.cases.pop(case_id)
        if self.asked.searches is None:
            return self._request(case, ())
        if case_id not in self.found:
            near = [case, *(self.cases[other] for other in self.cases if other not in self.found)][:SEARCHED_AT_A_TIME]
            searched = asyncio.to_thread(retrieved.search, self.store.run_id, self.asked.searches, near)
            self.found.update(await searched)
        return self._request(case, self.found.pop(case_id))

    def _request(self, case: Case, found: Sequence[Found]) -> Request:
        body = request_body(self.asked, case, found)
        return Request(case, body, request_digest(self.asked.at, body))

    def answered(self, call: Call, answer: Answer, milliseconds: float) -> Ended:
        paid = cost(self.asked.price, answer.input_tokens, answer.output_tokens, milliseconds / 1000)
        digest = self.sent[call.id].digest
        output = self._output(call, "complete" if answer.complete else "truncated", digest) | {
            "text": answer.text,
            "tool_calls": answer.tool_calls,
            "finish_reason": answer.finish_reason,
            "model_returned": answer.model,
            "input_tokens": answer.input_tokens,
            "output_tokens": answer.output_tokens,
            "latency_ms": milliseconds,
            "first_token_ms": answer.first_token_ms,
            "cost": paid,
            "error": None if answer.complete else cut_short(answer.finish_reason),
        }
        return Ended(Finished(call.id, "done", paid), output)

    def failed(self, call: Call, message: str) -> dict[str, Any]:
        return self._output(call, "failed", self.sent[call.id].digest) | {"error": message}

    def stored(self, rows: Sequence[dict[str, Any]]) -> None:
        self.came([(row, self.sent.pop(row["call_id"]).case) for row in rows])

    def taken_over(self, call: Call, request: Request, answer: dict[str, Any]) -> dict[str, Any]:
        """The row of an output that is a copy of another run's ``answer``: it costs nothing where that is known."""
        free = None if self.asked.price is None else 0.0
        row = self._output(call, "complete", request.digest)
        return row | answer | {"call_id": None, "cost": free}

    def _output(self, call: Call, status: str, digest: str) -> dict[str, Any]:
        return {
            "id": new_id(),
            "run_id": self.store.run_id,
            "case_id": _case_id(call),
            "repeat": int(call.item.partition(":")[2]),
            "call_id": call.id,
            "status": status,
            "cost": None,
            "request_sha256": f"\\x{digest}",
        }


def _case_id(call: Call) -> str:
    return call.item.partition(":")[0]


def cut_short(finish_reason: str | None) -> str:
    if finish_reason == "length":
        return "The answer reached the token limit before it was finished."
    if finish_reason == "content_filter":
        return "The provider's filter left content out."
    return "The provider did not say that the answer is finished (no finish_reason)."
