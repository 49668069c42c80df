"""The model in memory: one base, the adapters on it, and batches answered by it.

Imported by the worker thread when the first request comes; everything here runs on that thread.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    PreTrainedModel,
    StoppingCriteriaList,
)

from app.engine.answering import Answering, Prompt
from app.engine.errors import EngineError
from app.engine.messages import for_template
from app.engine.ticket import Ticket

#: Adapters kept in memory; the one used longest ago makes room.
MAX_ADAPTERS = 8
#: Padded prompt tokens of one batch: what a batch may cost in memory.
MAX_BATCH_TOKENS = 16_384
#: Without ``max_tokens`` an answer ends here; a small model that never stops would hold up everyone else.
DEFAULT_MAX_TOKENS = 1024
#: peft's name for "no adapter" in a batch of several.
_NO_ADAPTER = "__base__"


class ModelHost:
    """Loads models lazily and answers batches of tickets that share one."""

    def __init__(self, device: str) -> None:
        on_gpu = device != "cpu" and torch.cuda.is_available()
        if device == "cuda" and not on_gpu:
            raise EngineError("The engine was started with --device cuda, but there is no CUDA.", status=503)
        self.device = "cuda" if on_gpu else "cpu"
        self._folder: Path | None = None
        self._model: PreTrainedModel | PeftModel | None = None
        self._tokenizer: Any = None
        self._context = 0
        self._adapters: dict[Path, str] = {}
        self._named = 0

    def use(self, folder: Path, context: int, threads: int) -> None:
        """Have the model of ``folder`` in memory, in place of any other."""
        torch.set_num_threads(threads)
        if folder == self._folder:
            return
        self._folder, self._model, self._tokenizer, self._adapters = None, None, None, {}
        gc.collect()
        if self.device == "cuda":
            torch.cuda.empty_cache()  # what the last model took is needed for this one, or by a job
        tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
        if not tokenizer.chat_template:
            raise EngineError(f"The model in {folder.name} has no chat template.", param="model")
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16, use_safetensors=True)
        stops = _as_list(model.generation_config.eos_token_id) + _as_list(tokenizer.eos_token_id)
        # Requests say how to sample; a model's own preferences must not mix in.
        model.generation_config = GenerationConfig(eos_token_id=sorted(set(stops)), pad_token_id=tokenizer.pad_token_id)
        self._model, self._tokenizer = model.to(self.device).eval(), tokenizer
        self._folder, self._context = folder, context

    def answer(self, tickets: list[Ticket]) -> None:
        """Answer every ticket, in as few runs of the model as memory allows."""
        prompts = []
        for ticket in tickets:
            try:
                prompts.append(self._prompt(ticket))
            except EngineError as error:
                ticket.send(error)
        prompts.sort(key=lambda prompt: len(prompt.ids))  # less padding
        while prompts:
            fitting = [
                prompt
                for count, prompt in enumerate(prompts, start=1)
                if count == 1 or count * len(prompt.ids) <= MAX_BATCH_TOKENS
            ]
            try:
                self._run(fitting)
            except Exception as error:
                failed = EngineError(f"The model failed: {type(error).__name__}: {error}", status=500)
                for prompt in fitting:
                    prompt.ticket.send(failed)
            prompts = prompts[len(fitting) :]

    def _prompt(self, ticket: Ticket) -> Prompt:
        try:
            text = self._tokenizer.apply_chat_template(
                [for_template(message) for message in ticket.messages],
                tools=ticket.tools or None,
                add_generation_prompt=True,
                tokenize=False,
            )
        except Exception as error:  # templates raise whatever they like
            raise EngineError(f"The model's chat template refuses the messages: {error}", param="messages") from error
        ids = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        room = self._context - len(ids)
        if room < 1:
            raise EngineError(
                f"This model reads {self._context:,} tokens; the messages are {len(ids):,}.",
                param="messages",
                code="context_length_exceeded",
            )
        limit = min(ticket.max_tokens or DEFAULT_MAX_TOKENS, room)
        return Prompt(ticket, ids, limit)

    @torch.inference_mode()  # type: ignore[untyped-decorator]
    def _run(self, prompts: list[Prompt]) -> None:
        padded = self._tokenizer.pad({"input_ids": [prompt.ids for prompt in prompts]}, return_tensors="pt")
        sampling = prompts[0].ticket.sampling
        options: dict[str, Any] = {"do_sample": False}
        if sampling.temperature > 0:
            options = {"do_sample": True, "top_k": 0}  # the library would take 50 by itself
            options |= {"temperature": sampling.temperature, "top_p": sampling.top_p}
            if sampling.seed is not None:
                torch.manual_seed(sampling.seed)
        answering = Answering(prompts, self._tokenizer, set(self._loaded().generation_config.eos_token_id))
        with self._adapters_for([prompt.ticket.target.adapter for prompt in prompts]) as chosen:
            # Loading the first adapter wraps the model anew.
            self._loaded().generate(
                **padded.to(self.device),
                **options,
                **chosen,
                max_new_tokens=max(prompt.limit for prompt in prompts),
                stopping_criteria=StoppingCriteriaList([answering]),
            )
        answering.finish()

    def _loaded(self) -> Any:
        if self._model is None:
            raise EngineError("No model is loaded.", status=503)
        return self._model

    @contextmanager
    def _adapters_for(self, wanted: list[Path | None]) -> Iterator[dict[str, Any]]:
        """Have the adapters of a batch in place; gives what ``generate`` has to be told about them."""
        names = [self._adapter(path, set(wanted)) if path else _NO_ADAPTER for path in wanted]
        model = self._model
        if not isinstance(model, PeftModel):
            yield {}
        elif len(set(names)) > 1:
            yield {"adapter_names": names}
        elif names[0] == _NO_ADAPTER:
            with model.disable_adapter():
                yield {}
        else:  # cheaper than naming the same one for each row
            model.set_adapter(names[0], inference_mode=True)
            yield {}

    def _adapter(self, folder: Path, needed: set[Path | None]) -> str:
        if folder in self._adapters:
            self._adapters[folder] = name = self._adapters.pop(folder)  # now the one used last
            return name
        self._named += 1
        name = f"adapter{self._named}"
        if isinstance(self._model, PeftModel):
            self._model.load_adapter(folder, adapter_name=name, torch_device=self.device)
        else:
            self._model = PeftModel.from_pretrained(self._model, folder, adapter_name=name, torch_device=self.device)
        self._model.eval()
        self._adapters[folder] = name
        for old in [path for path in self._adapters if path not in needed]:
            if len(self._adapters) > MAX_ADAPTERS:
                self._model.delete_adapter(self._adapters.pop(old))
        return name


def _as_list(ids: int | list[int] | None) -> list[int]:
    return [] if ids is None else [ids] if isinstance(ids, int) else list(ids)
