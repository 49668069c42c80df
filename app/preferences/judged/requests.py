"""What a judge is sent about a pair, and what its answer is kept as."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from app.candidates.rules import cost
from app.core.db import transaction
from app.core.ids import new_id
from app.evals.graders import Sample, case_item
from app.evals.graders.judging import Ask, Unreadable, read_verdict, request_body
from app.evals.graders.templates import Scope
from app.evals.judges.work import mark_of
from app.evals.runner.outputs import cut_short
from app.evals.runner.store import Call, Ended
from app.examples.rules import text_of
from app.gateway.answers import Answer
from app.gateway.ledger import Finished
from app.preferences.judged import queries


def body_of(
    ask: Ask, mark: str, turn: str, prompt: Sequence[Mapping[str, Any]], text_a: str, text_b: str
) -> dict[str, Any]:
    """The judge reads what people read: the whole conversation, and both outputs in the order of the turn."""
    item = case_item({"messages": list(prompt)})
    if len(prompt) != 1:
        item["input"] = "\n\n".join(f"{one.get('role', '')}: {text_of(one.get('content'))}" for one in prompt)
    outputs = (text_a, text_b) if turn == "ab" else (text_b, text_a)
    return request_body(ask, Scope(item, Sample(text_a, ())), mark, outputs)


class PairWork:
    """An item is ``{pair id}:{turn}``; ``imported``: the pairs came in files of votes."""

    def __init__(self, judge_id: str, round_id: str, ask: Ask, *, imported: bool) -> None:
        self.judge_id, self.round_id, self.ask = judge_id, round_id, ask
        self.pair_column = "imported_pair_id" if imported else "pair_id"
        self.loaded: dict[str, tuple[list[Any], str, str]] = {}

    async def body(self, call: Call, coming: Sequence[Call]) -> dict[str, Any]:
        pair_id, turn = call.item.split(":")
        if pair_id not in self.loaded:
            await asyncio.to_thread(self._load, [pair_id, *(one.item.partition(":")[0] for one in coming)])
        return body_of(self.ask, mark_of(call.id), turn, *self.loaded[pair_id])

    def answered(self, call: Call, answer: Answer, milliseconds: float) -> Ended:
        price = self.ask.price.model_dump() if self.ask.price else None
        paid = cost(price, answer.input_tokens, answer.output_tokens)
        row = self._row(call) | self._verdict(call, answer) | {"model_returned": answer.model, "cost": paid}
        return Ended(Finished(call.id, "done", paid), row)

    def failed(self, call: Call, message: str) -> dict[str, Any]:
        return self._row(call) | {"status": "failed", "problem": message}

    def _verdict(self, call: Call, answer: Answer) -> dict[str, Any]:
        if not answer.complete:
            return {"status": "truncated", "problem": cut_short(answer.finish_reason)}
        read = read_verdict(self.ask.shape, answer.text or "", mark_of(call.id))
        if isinstance(read, Unreadable):
            return {"status": "unreadable", "problem": read.why}
        return {"status": "given", "label": read.label, "reason": read.reason}

    def _row(self, call: Call) -> dict[str, Any]:
        pair_id, turn = call.item.split(":")
        own = {"id": new_id(), "judge_id": self.judge_id, self.pair_column: pair_id, "turn": turn}
        return own | {"call_id": call.id, "reason": ""}

    def _load(self, pair_ids: Sequence[str]) -> None:
        with transaction() as session:
            rows = queries.shown_pairs(session, self.round_id, list(dict.fromkeys(pair_ids)))
            self.loaded = {row.pair_id: row[1:] for row in rows}
