"""Watches a batch while the model writes: hands out text, and ends each answer where it has to."""

from dataclasses import dataclass
from typing import Any

import torch
from transformers import StoppingCriteria

from app.engine.textstream import TextStream
from app.engine.ticket import Delta, Done, FinishReason, Ticket


@dataclass(frozen=True)
class Prompt:
    """A ticket ready for the model: its token ids, and the most tokens of its answer."""

    ticket: Ticket
    ids: list[int]
    limit: int


class _Row:
    """One answer in the making."""

    def __init__(self, prompt: Prompt, tokenizer: Any, ends: set[int]) -> None:
        self.prompt, self.ends = prompt, ends
        self.stream = TextStream(lambda ids: tokenizer.decode(ids, skip_special_tokens=True), prompt.ticket.stops)
        self.tokens = 0
        self.finished = False

    def push(self, token: int) -> bool:
        """Take the next token; True when the answer has ended."""
        if self.finished or self.prompt.ticket.abandoned:
            return True
        self.tokens += 1
        if token in self.ends:
            return self.end("stop")
        self._give(self.stream.push(token))
        if self.stream.stopped:
            return self.end("stop")
        return self.end("length") if self.tokens >= self.prompt.limit else False

    def end(self, reason: FinishReason) -> bool:
        self.finished = True
        self._give(self.stream.finish())
        if self.stream.stopped:  # a stop string that was complete only with the last, held back characters
            reason = "stop"
        ticket = self.prompt.ticket
        ticket.send(Done(self.stream.text, reason, len(self.prompt.ids), self.tokens))
        return True

    def _give(self, text: str) -> None:
        if text and self.prompt.ticket.stream:
            self.prompt.ticket.send(Delta(text))


class Answering(StoppingCriteria):  # type: ignore[misc]
    """Called by ``generate`` after every token, with all ids so far; answers which rows are done."""

    def __init__(self, prompts: list[Prompt], tokenizer: Any, ends: set[int]) -> None:
        self.rows = [_Row(prompt, tokenizer, ends) for prompt in prompts]

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor, **kwargs: Any) -> torch.Tensor:
        newest = input_ids[:, -1].tolist()
        done = [row.push(token) for row, token in zip(self.rows, newest, strict=True)]
        return torch.tensor(done, device=input_ids.device)

    def finish(self) -> None:
        """End what ``generate`` left open, so that no caller waits for ever."""
        for row in self.rows:
            if not row.finished and not row.prompt.ticket.abandoned:
                row.end("length")
