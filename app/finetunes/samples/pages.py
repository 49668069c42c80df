"""Sample outputs side by side over time, with the answer that was expected."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.finetunes.models import FineTune
from app.finetunes.samples import queries
from app.finetunes.samples.models import FineTuneSample

COLUMNS = 6  # the first step, and the latest ones
LONGEST = 600  # characters of a cell


@dataclass(frozen=True)
class Cell:
    """``right``: word for word what was expected."""

    step: int
    text: str
    right: bool
    finished: bool


@dataclass(frozen=True)
class Prompt:
    number: int
    question: str
    expected: str
    text: str
    cells: Sequence[Cell | None]


@dataclass(frozen=True)
class Prompts:
    """``steps`` heads the columns; ``validated``: the prompts are not trained on."""

    steps: Sequence[int]
    prompts: Sequence[Prompt]
    validated: bool
    older: int

    @property
    def heads(self) -> list[str]:
        return [f"step {step:,}" if step else "before training" for step in self.steps]


def prompts(session: Session, row: FineTune) -> Prompts | None:
    """None before the first sample."""
    found = queries.of(session, row.id)
    if not found:
        return None
    every = sorted({one.step for one in found})
    steps = every if len(every) <= COLUMNS else [every[0], *every[1 - COLUMNS :]]
    by_number: dict[int, dict[int, FineTuneSample]] = {}
    for one in found:
        by_number.setdefault(one.number, {})[one.step] = one
    return Prompts(
        steps=steps,
        prompts=[_prompt(number, outputs, steps) for number, outputs in by_number.items()],
        validated=all(one.source == "validation_file" for one in found),
        older=len(every) - len(steps),
    )


def _prompt(number: int, outputs: dict[int, FineTuneSample], steps: Sequence[int]) -> Prompt:
    any_one = next(iter(outputs.values()))
    return Prompt(
        number=number + 1,
        question=_short(any_one.question),
        expected=_short(any_one.expected),
        text=any_one.prompt,
        cells=[_cell(outputs[step]) if step in outputs else None for step in steps],
    )


def _cell(sample: FineTuneSample) -> Cell:
    right = sample.output.strip() == sample.expected.strip()
    return Cell(sample.step, _short(sample.output), right, sample.finished)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
