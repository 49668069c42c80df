"""When a run validates, saves and shows samples."""

import pytest

from app.engine.cadence import Cadence


def due(rows: int, batch: int, epochs: int) -> list[int]:
    cadence = Cadence.of(rows, batch, epochs)
    return [step for step in range(1, cadence.total + 1) if cadence.is_due(step)]


@pytest.mark.parametrize(
    ("rows", "batch", "epochs", "expected"),
    [
        (60, 4, 3, [11, 22, 33, 45]),  # not once more at 44, a step before the end
        (60, 4, 8, [15, 30, 45, 60, 75, 90, 105, 120]),  # every epoch
        (4, 4, 3, [1, 2, 3]),
        (1, 4, 1, [1]),
        (20_000, 4, 1, [500, 1000, 1500, 2000, 2500, 3000, 3500, 4000, 4500, 5000]),
        (22_000, 10, 1, [500, 1000, 1500, 2200]),  # 2000 is nearer to the end than half of the way between two
    ],
)
def test_a_run_looks_at_itself_now_and_then_and_at_its_end(
    rows: int, batch: int, epochs: int, expected: list[int]
) -> None:
    assert due(rows, batch, epochs) == expected
