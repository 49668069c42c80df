"""The second stage of a run: outputs go to judges, and their answers are judgements."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from app.candidates.rules import cost
from app.core.db import transaction
from app.core.ids import new_id
from app.datasets.models import TestCase
from app.evals import graded, retrieved
from app.evals.graders.judging import Ask, Unreadable, read_verdict, request_body
from app.evals.graders.templates import Scope
from app.evals.judges.pairs import Others, others_of
from app.evals.models import Output
from app.evals.runner.outputs import cut_short
from app.evals.runner.store import Call, Ended
from app.gateway.answers import Answer
from app.gateway.ledger import Finished

KEPT_CHARACTERS = 4_000


def mark_of(call_id: str) -> str:
    """The code of a call's marks. The call's id is random and made after all that is judged; it does not go out."""
    return hashlib.sha256(f"mark:{call_id}".encode()).hexdigest()[:8]


class JudgeWork:
    """An item is ``{output id}:{key of the ask}:{turn}``."""

    def __init__(self, run_id: str, asks: Mapping[str, Ask]) -> None:
        self.run_id, self.asks = run_id, asks
        self.loaded: dict[str, tuple[Scope, Output]] = {}
        self.others = Others({})

    async def body(self, call: Call, coming: Sequence[Call]) -> dict[str, Any]:
        output_id, key, turn = call.item.split(":")
        if output_id not in self.loaded:
            await asyncio.to_thread(self._load, [output_id, *(other.item.partition(":")[0] for other in coming)])
        scope, output = self.loaded[output_id]
        ask = self.asks[key]
        return request_body(ask, scope, mark_of(call.id), self.others.pair(ask, output, turn))

    def answered(self, call: Call, answer: Answer, milliseconds: float) -> Ended:
        ask = self.asks[call.item.split(":")[1]]
        price = ask.price.model_dump() if ask.price else None
        paid = cost(price, answer.input_tokens, answer.output_tokens)
        row = self._row(call) | self._verdict(ask, call, answer)
        row |= {
            "model_returned": answer.model,
            "input_tokens": answer.input_tokens,
            "output_tokens": answer.output_tokens,
            "latency_ms": milliseconds,
            "cost": paid,
        }
        return Ended(Finished(call.id, "done", paid), row)

    def failed(self, call: Call, message: str) -> dict[str, Any]:
        return self._row(call) | {"status": "failed", "problem": message}

    def _verdict(self, ask: Ask, call: Call, answer: Answer) -> dict[str, Any]:
        text = answer.text or ""
        kept = {"answer": text[:KEPT_CHARACTERS]}
        if not answer.complete:
            return kept | {"status": "truncated", "problem": cut_short(answer.finish_reason)}
        read = read_verdict(ask.shape, text, mark_of(call.id))
        if isinstance(read, Unreadable):
            return kept | {"status": "unreadable", "problem": read.why}
        return {"status": "given", "score": read.score, "label": read.label, "reason": read.reason}

    def _row(self, call: Call) -> dict[str, Any]:
        output_id, key, turn = call.item.split(":")
        return {
            "id": new_id(),
            "run_id": self.run_id,
            "output_id": output_id,
            "judge": key,
            "turn": turn,
            "call_id": call.id,
            "reason": "",
        }

    def _load(self, output_ids: Sequence[str]) -> None:
        """What these outputs are judged by; what was loaded before is let go of."""
        query = select(TestCase, Output).join(Output, Output.case_id == TestCase.id).where(Output.id.in_(output_ids))
        with transaction() as session:
            rows = session.execute(query).all()
            found = retrieved.sources(session, self.run_id, [case.id for case, _output in rows])
            self.loaded = {
                output.id: (Scope(graded.item_of(case, found.get(case.id)), graded.sample_of(output)), output)
                for case, output in rows
            }
            self.others = others_of(session, list(self.asks.values()), [case.id for case, _ in rows])
            session.expunge_all()
