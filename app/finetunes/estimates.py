"""What a launch will take: tokens, time and dollars, each with how it was reckoned. Pure."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import ceil
from statistics import median
from typing import Any

from app.finetunes.scan import Scan
from app.web.words import plural

# what "auto" comes to: the local engine's own defaults; OpenAI's on a small set, where the batch is not told
LOCAL_EPOCHS, LOCAL_BATCH, HOSTED_EPOCHS = 4, 4, 3
CHARACTERS_PER_TOKEN = 4.0  # English prose with the usual tokenizers
TOKENS_PER_MESSAGE = 5  # role and separators
# docs/decisions/local-engine.md: one core, the small model, LoRA; full tuning took half as long again
SMALL_MODEL = "smollm2-135m-instruct"
TOKENS_PER_SECOND = {"lora": 260.0, "full": 175.0}
START_SECONDS = 30.0


@dataclass(frozen=True)
class Past:
    """An earlier fine-tune of the same model: what was reckoned and what it took."""

    number: int
    method: str
    reckoned_tokens: int
    trained_tokens: int
    seconds: float


@dataclass(frozen=True)
class Estimate:
    """``seconds`` and ``cost`` are None where nothing is known. ``basis`` says in words where each number comes from.

    ``plain_tokens`` is reckoned by the length of the text alone; ``tokens`` is that, corrected by earlier runs.
    """

    examples: int
    epochs: int
    steps: int | None
    tokens: int
    plain_tokens: int
    seconds: float | None
    cost: float | None
    training_price: float | None
    basis: dict[str, str]

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
    past: Sequence[Past],
) -> Estimate:
    """Tokens by the length of the text, corrected by what earlier runs of this model really read."""
    local = kind == "local_engine"
    times = epochs or (LOCAL_EPOCHS if local else HOSTED_EPOCHS)
    batch = batch_size or (LOCAL_BATCH if local else None)
    tokens, from_tokens = _tokens(scan, times, past)
    seconds, from_seconds = _seconds(tokens, kind, base_model, [p for p in past if p.method == method], method)
    cost, from_cost = _cost(tokens, kind, training_price)
    return Estimate(
        examples=scan.lines,
        epochs=times,
        steps=ceil(scan.lines / batch) * times if batch else None,
        tokens=tokens,
        plain_tokens=reckon(scan, times),
        seconds=seconds,
        cost=cost,
        training_price=training_price,
        basis={"tokens": from_tokens, "seconds": from_seconds, "cost": from_cost},
    )


def reckon(scan: Scan, epochs: int) -> int:
    """Trained tokens by length alone."""
    return round((scan.characters / CHARACTERS_PER_TOKEN + scan.messages * TOKENS_PER_MESSAGE) * epochs)


def _tokens(scan: Scan, epochs: int, past: Sequence[Past]) -> tuple[int, str]:
    plain = reckon(scan, epochs)
    ratios = [p.trained_tokens / p.reckoned_tokens for p in past if p.reckoned_tokens and p.trained_tokens]
    said = f"{plural(scan.lines, 'example')}, {plural(epochs, 'pass', 'passes')}"
    if ratios:
        corrected = plain * median(ratios)
        return round(corrected), f"{said}, corrected by what {plural(len(ratios), 'earlier run')} of this model read"
    return plain, f"{said}, about {CHARACTERS_PER_TOKEN:g} characters a token"


def _seconds(tokens: int, kind: str, base_model: str, past: Sequence[Past], method: str) -> tuple[float | None, str]:
    speeds = [p.trained_tokens / p.seconds for p in past if p.seconds > 0 and p.trained_tokens]
    if speeds:
        newest = max(past, key=lambda p: p.number)
        return tokens / median(speeds), f"at the speed of earlier runs here, the latest is fine-tune {newest.number}"
    if kind == "local_engine" and base_model == SMALL_MODEL and method in TOKENS_PER_SECOND:
        return START_SECONDS + tokens / TOKENS_PER_SECOND[method], "measured with this model on one core"
    return None, "not known before the first run of this model here"


def _cost(tokens: int, kind: str, price: float | None) -> tuple[float | None, str]:
    if price is not None:
        return tokens * price / 1_000_000, "tokens × the price you gave"
    if kind == "local_engine":
        return 0.0, "your own machine: no hourly rate is set"
    return None, "not known: no price was given"
