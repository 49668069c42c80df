"""What a launch will take: tokens, time and dollars, each with how it was reckoned. Pure."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import ceil
from statistics import median
from typing import Any

from app.finetunes import memory
from app.finetunes.preview.rules import Measured
from app.finetunes.scan import Scan
from app.web.words import plural

# what "auto" comes to: the local engine's own defaults; OpenAI's on a small set, where the batch is not told
LOCAL_EPOCHS, LOCAL_BATCH, HOSTED_EPOCHS = 4, 4, 3
CHARACTERS_PER_TOKEN = 4.0  # English prose with the usual tokenizers
TOKENS_PER_MESSAGE = 5  # role and separators
# docs/decisions/local-engine.md: one core, the small model, LoRA; full tuning took half as long again
SMALL_MODEL = "smollm2-135m-instruct"
TOKENS_PER_SECOND = {"lora": 260.0, "qlora": 245.0, "full": 175.0}
PAIRS_SLOWER = 4 / 3  # DPO also runs the frozen model over both answers: a forward pass is a third of a step
START_SECONDS = 30.0


@dataclass(frozen=True)
class Past:
    """An earlier fine-tune of the same model: what was reckoned and what it took."""

    number: int
    method: str
    reckoned_tokens: int
    trained_tokens: int
    seconds: float
    objective: str = "supervised"


@dataclass(frozen=True)
class Estimate:
    """``seconds`` and ``cost`` are None where nothing is known. ``basis`` says in words where each number comes from.

    ``plain_tokens`` is reckoned by the length of the text alone; ``tokens`` is that, corrected by earlier runs.
    ``trained_tokens`` are those of them that carry loss; ``memory`` is the peak in bytes, ``memory_room`` what the
    engine's machine has.
    """

    examples: int
    epochs: int
    steps: int | None
    tokens: int
    plain_tokens: int
    seconds: float | None
    cost: float | None
    training_price: float | None
    hourly_rate: float | None
    basis: dict[str, str]
    trained_tokens: int = 0
    longest: int = 0
    memory: float | None = None
    memory_room: int | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def estimate(
    scan: Scan,
    *,
    kind: str,
    base_model: str,
    method: str,
    epochs: int | None,
    batch_size: int | None,
    training_price: float | None,
    hourly_rate: float | None,
    past: Sequence[Past],
    objective: str = "supervised",
    rank: int | None = None,
    measured: Measured | None = None,
) -> Estimate:
    """Tokens by the length of the text, corrected by what earlier runs of this model really read; or, where the engine
    was asked for a preview, as it counted them (``measured``)."""
    local = kind == "local_engine"
    times = epochs or (LOCAL_EPOCHS if local else HOSTED_EPOCHS)
    batch = batch_size or (LOCAL_BATCH if local else None)
    tokens, from_tokens = _tokens(scan, times, past)
    trained = round(tokens * length(scan.answer_characters, scan.answers) / max(1, reckon(scan, 1)))
    longest = length(*scan.longest)
    if measured is not None and measured.total_tokens and measured.trained_tokens is not None:
        tokens, trained = measured.total_tokens * times, measured.trained_tokens * times
        longest = measured.longest or longest
        from_tokens = f"{plural(scan.lines, 'example')}, {plural(times, 'pass', 'passes')}, counted by the engine"
    alike = [p for p in past if p.method == method and p.objective == objective]
    seconds, from_seconds = _seconds(tokens, kind, base_model, alike, method, objective)
    cost, from_cost = _cost(tokens, seconds, kind, training_price, hourly_rate)
    needed, from_memory = None, "the provider's own matter"
    if local:
        needed, from_memory = _memory(base_model, method, batch or LOCAL_BATCH, longest, rank, objective, measured)
    return Estimate(
        examples=scan.lines,
        epochs=times,
        steps=ceil(scan.lines / batch) * times if batch else None,
        tokens=tokens,
        plain_tokens=reckon(scan, times),
        seconds=seconds,
        cost=cost,
        training_price=training_price,
        hourly_rate=hourly_rate,
        basis={"tokens": from_tokens, "seconds": from_seconds, "cost": from_cost, "memory": from_memory},
        trained_tokens=trained,
        longest=longest,
        memory=needed,
        memory_room=measured.memory_bytes if measured and local else None,
    )


def length(characters: int, messages: int) -> int:
    """Tokens of a text in so many messages, by its length alone."""
    return round(characters / CHARACTERS_PER_TOKEN + messages * TOKENS_PER_MESSAGE)


def reckon(scan: Scan, epochs: int) -> int:
    """Tokens that are read in all passes, by length alone."""
    return round((scan.characters / CHARACTERS_PER_TOKEN + scan.messages * TOKENS_PER_MESSAGE) * epochs)


def _memory(
    model: str,
    method: str,
    batch: int,
    longest: int,
    rank: int | None,
    objective: str,
    measured: Measured | None,
) -> tuple[float | None, str]:
    shape = (measured.shape if measured else None) or memory.shape_of(model)
    if shape is None:
        return None, "not known: the model's name tells no size. Look at the first batch: the engine knows it"
    pairs, on_gpu = objective == "dpo", measured is not None and measured.on_gpu
    found = memory.estimate(shape, method, batch=batch, length=longest, rank=rank, pairs=pairs, checkpointing=on_gpu)
    parts = f"weights {_gb(found.weights)}, activations {_gb(found.activations)}, logits {_gb(found.logits)}, programs"
    guessed = f", by a size of {shape.parameters / 1e9:g} billion in the name" if shape.guessed else ""
    at = f"{plural(batch, 'row')} of up to {longest:,} tokens at a time{guessed}"
    return found.total, f"{parts} {_gb(found.programs)}; {at}"


def _gb(size: float) -> str:
    return f"{size / memory.GB:.1f} GB" if size >= 0.05 * memory.GB else "< 0.1 GB"


def _tokens(scan: Scan, epochs: int, past: Sequence[Past]) -> tuple[int, str]:
    plain = reckon(scan, epochs)
    ratios = [p.trained_tokens / p.reckoned_tokens for p in past if p.reckoned_tokens and p.trained_tokens]
    said = f"{plural(scan.lines, 'example')}, {plural(epochs, 'pass', 'passes')}"
    if ratios:
        corrected = plain * median(ratios)
        return round(corrected), f"{said}, corrected by what {plural(len(ratios), 'earlier run')} of this model read"
    return plain, f"{said}, about {CHARACTERS_PER_TOKEN:g} characters a token"


def _seconds(
    tokens: int, kind: str, base_model: str, past: Sequence[Past], method: str, objective: str
) -> tuple[float | None, str]:
    speeds = [p.trained_tokens / p.seconds for p in past if p.seconds > 0 and p.trained_tokens]
    if speeds:
        newest = max(past, key=lambda p: p.number)
        return tokens / median(speeds), f"at the speed of earlier runs here, the latest is fine-tune {newest.number}"
    if kind == "local_engine" and base_model == SMALL_MODEL and method in TOKENS_PER_SECOND:
        slower = PAIRS_SLOWER if objective == "dpo" else 1.0
        seconds = START_SECONDS + tokens * slower / TOKENS_PER_SECOND[method]
        return seconds, "measured with this model on one core" + (", and a third more for DPO" if slower > 1 else "")
    return None, "not known before the first run of this model here"


def _cost(
    tokens: int, seconds: float | None, kind: str, price: float | None, hourly_rate: float | None
) -> tuple[float | None, str]:
    if price is not None:
        return tokens * price / 1_000_000, "tokens × the price you gave"
    if hourly_rate is not None:
        return (
            None if seconds is None else seconds / 3600 * hourly_rate
        ), "the time × what an hour of the machine costs"
    if kind == "local_engine":
        return 0.0, "your own machine: no hourly rate is set"
    return None, "not known: no price was given"
