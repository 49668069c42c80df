"""The memory estimate against what was measured, and the directions in which it must move."""

import pytest

from app.finetunes.memory import GB, SHAPES, estimate, shape_of

SMALL = SHAPES["smollm2-135m-instruct"]


@pytest.mark.parametrize(
    ("method", "batch", "measured"),
    [("lora", 8, 2.7), ("qlora", 8, 2.4), ("full", 8, 4.25), ("lora", 4, 2.1)],
)
def test_it_is_near_to_what_was_measured(method: str, batch: int, measured: float) -> None:
    """Rows of about 120 tokens, rank 16, the small model on a CPU."""
    found = estimate(SMALL, method, batch=batch, length=120).total / GB
    assert found == pytest.approx(measured, rel=0.15)


def test_what_makes_it_more_and_what_less() -> None:
    plain = estimate(SMALL, "lora", batch=4, length=200).total
    assert estimate(SMALL, "lora", batch=8, length=200).total > plain
    assert estimate(SMALL, "lora", batch=4, length=400).total > plain
    assert estimate(SMALL, "lora", batch=4, length=200, rank=64).total > plain
    assert estimate(SMALL, "lora", batch=4, length=200, pairs=True) == estimate(SMALL, "lora", batch=4, length=400)
    assert estimate(SMALL, "lora", batch=4, length=200, checkpointing=True).total < plain
    assert estimate(SMALL, "qlora", batch=4, length=200).total < plain
    assert estimate(SMALL, "full", batch=4, length=200).total > plain


@pytest.mark.parametrize(
    ("name", "billions"),
    [("Qwen/Qwen2.5-7B-Instruct", 7), ("llama-3.1-8b", 8), ("SmolLM2-360M", 0.36), ("phi-3.8B-mini", 3.8)],
)
def test_a_size_in_the_name_is_read(name: str, billions: float) -> None:
    found = shape_of(name)
    assert found is not None
    assert (found.parameters / 1e9, found.guessed) == (pytest.approx(billions), True)


def test_seven_billion_need_what_is_told_of_them() -> None:
    """Weights alone: about 14 GB frozen in bf16, under 5 GB in 4 bits, 112 GB trained in full."""
    shape = shape_of("a-7B")
    assert shape is not None
    weights = {method: estimate(shape, method, batch=1, length=1).weights / GB for method in ("lora", "qlora", "full")}
    assert weights["lora"] == pytest.approx(14, rel=0.1)
    assert weights["qlora"] < 6
    assert weights["full"] == pytest.approx(112, rel=0.01)


def test_a_name_without_a_size_is_not_guessed() -> None:
    assert shape_of("gpt-4.1-mini") is None
    assert shape_of("claude") is None
    assert shape_of("HuggingFaceTB/SmolLM2-135M-Instruct") == SMALL
