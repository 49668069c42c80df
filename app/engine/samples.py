"""Sample outputs while a model trains: the answers to a few fixed prompts, beside the ones expected.

A wrong template, or an answer that never ends, is seen here long before the loss tells.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import GenerationConfig, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from app.engine.cadence import Cadence
from app.engine.encoding import question_and_answer
from app.engine.events import say
from app.engine.messages import text_of
from app.engine.pairs import PARSERS, Pair
from app.engine.pause import PauseFlag
from app.engine.precision import training_dtype
from app.engine.rows import read_rows

PROMPTS = 3
#: An early look, when a small model has the format already.
EARLY_STEP = 8
#: What the looks between may take of a run's time. The first two show a wrong template and the last one what came of
#: it: those are always had.
_SHARE = 0.05
#: Answers are cut at what was expected and this much more, and at the most.
_SPARE_TOKENS, _MOST_TOKENS = 16, 160
_MOST_CHARACTERS = 4_000


@dataclass(frozen=True)
class Prompt:
    """A row as the model is asked it (``prompt``) and should answer it (``expected``)."""

    line: int
    question: str
    prompt: str
    expected: str
    ids: list[int]


class Samples(TrainerCallback):  # type: ignore[misc]
    """Answers the prompts before training, at an early step, with checkpoints as far as they take little of the time,
    and at the end; writes an event for each."""

    def __init__(self, folder: Path, spec: dict[str, Any], tokenizer: Any, cadence: Cadence, pause: PauseFlag) -> None:
        self.folder, self.tokenizer, self.cadence, self.pause = folder, tokenizer, cadence, pause
        self.source = "validation_file" if "validation_file" in spec["files"] else "training_file"
        path = Path(spec["files"][self.source]["path"])
        self.prompts = choose_prompts(path, tokenizer, spec)
        self._started = self._spent = 0.0  # seconds, of this process

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._started = time.monotonic()
        if state.global_step == 0:
            self._show(state, kwargs["model"])

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        if self._is_due(state.global_step) and not self.pause.requested:
            self._show(state, kwargs["model"])

    def _is_due(self, step: int) -> bool:
        if step in (EARLY_STEP, self.cadence.total):
            return True
        return self.cadence.is_due(step) and self._spent <= _SHARE * (time.monotonic() - self._started)

    def _show(self, state: TrainerState, model: Any) -> None:
        begun = time.monotonic()
        for index, (prompt, (output, count, finished)) in enumerate(
            zip(self.prompts, self._answer(model), strict=True)
        ):
            sample = {
                "step": state.global_step,
                "index": index,
                "of": len(self.prompts),
                "source": self.source,
                "line": prompt.line,
                "question": prompt.question[:_MOST_CHARACTERS],
                "prompt": prompt.prompt[-_MOST_CHARACTERS:],
                "expected": prompt.expected[:_MOST_CHARACTERS],
                "output": output[:_MOST_CHARACTERS],
                "output_tokens": count,
                "finished": finished,
            }
            message = f"Sample {index + 1} of {len(self.prompts)} at step {state.global_step}."
            say(self.folder, message, data={"sample": sample})
        self._spent += time.monotonic() - begun

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def _answer(self, model: Any) -> list[tuple[str, int, bool]]:
        """Per prompt its greedy answer, how many tokens that is, and whether it came to an end."""
        expected = max(len(self.tokenizer(prompt.expected)["input_ids"]) for prompt in self.prompts)
        batch = self.tokenizer.pad(
            {"input_ids": [prompt.ids for prompt in self.prompts]}, return_tensors="pt", padding_side="left"
        ).to(model.device)
        training, device = model.training, model.device.type
        model.eval()
        try:
            with torch.autocast(device, torch.bfloat16, enabled=training_dtype(device != "cpu") == torch.bfloat16):
                ids = model.generate(
                    **batch,
                    generation_config=GenerationConfig(
                        do_sample=False,
                        max_new_tokens=min(_MOST_TOKENS, expected + _SPARE_TOKENS),
                        eos_token_id=self.tokenizer.eos_token_id,
                        pad_token_id=self.tokenizer.pad_token_id,
                    ),
                )
        finally:
            model.train(training)
        return [self._read(answer.tolist()) for answer in ids[:, batch["input_ids"].shape[1] :]]

    def _read(self, ids: list[int]) -> tuple[str, int, bool]:
        end = self.tokenizer.eos_token_id
        finished = end in ids
        kept = ids[: ids.index(end)] if finished else ids
        return self.tokenizer.decode(kept), len(kept), finished


def choose_prompts(path: Path, tokenizer: Any, spec: dict[str, Any]) -> list[Prompt]:
    """Rows evenly spaced over a checked file, the same ones each time."""
    rows = [row for row in read_rows(path, PARSERS[spec["method"]]) if not isinstance(row, tuple)]
    count = min(PROMPTS, len(rows))
    prompts = []
    for row in (rows[index * len(rows) // count] for index in range(count)):
        shown = row.preferred if isinstance(row, Pair) else row
        asked, expected = question_and_answer(tokenizer, shown)
        users = [message for message in shown.messages if message["role"] == "user"]
        question = text_of(users[-1].get("content")) if users else ""
        ids = tokenizer(asked, add_special_tokens=False)["input_ids"]
        prompts.append(Prompt(row.line, question, asked, expected, ids))
    return prompts
