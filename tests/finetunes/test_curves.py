"""Is it learning? Said of the losses, with the figures that it rests on."""

import pytest

from app.finetunes.curves import learning, points
from app.finetunes.samples import reading


def curve(train: list[float], valid: dict[int, float] | None = None) -> list[points.Point]:
    events = [{"step": step, "train_loss": loss} for step, loss in enumerate(train, 1)]
    return points.merged([*events, *({"step": step, "valid_loss": loss} for step, loss in (valid or {}).items())])


FALLING = [3.0 - step * 0.1 for step in range(20)]


@pytest.mark.parametrize(
    ("train", "valid", "word", "says"),
    [
        ([3.0], {}, "unknown", ""),
        (FALLING, {}, "learning", "training loss fell from 2.80 to 1.30"),
        (FALLING[::-1], {}, "rising", "Try a lower learning rate"),
        ([2.0, 2.01] * 5, {}, "flat", "stays near 2.0"),
        (FALLING, {0: 3.0, 10: 2.0, 20: 1.5}, "learning", "validation loss fell from 3.00 to 1.50"),
        (FALLING, {0: 3.0, 10: 2.0, 20: 2.4}, "overfitting", "by heart since step 10"),
        (FALLING, {0: 3.0, 10: 2.0, 20: 2.03}, "learning", "fell from 3.00 to 2.03"),
        (FALLING[::-1], {0: 3.0, 20: 4.0}, "rising", "Not learning: validation loss was lowest at step 0"),
        (FALLING, {0: 3.0, 20: 2.99}, "flat", "does not carry over"),
    ],
)
def test_is_it_learning(train: list[float], valid: dict[int, float], word: str, says: str) -> None:
    found = learning.reading(curve(train, valid))
    assert found.word == word
    assert says in found.sentence


def test_preference_pairs_are_judged_by_their_margin() -> None:
    def pairs(margin: float, share: float) -> list[points.Point]:
        data = {"reward_margin": margin, "reward_accuracy": share, "train_loss": 0.69}
        return points.merged([data | {"step": step} for step in range(1, 9)])

    assert learning.of_preferences(pairs(0.4, 0.8)).word == "learning"
    assert "prefers the chosen answer in 80%" in learning.of_preferences(pairs(0.4, 0.8)).sentence
    assert learning.of_preferences(pairs(-0.1, 0.4)).word == "rising"


def test_long_curves_are_thinned_and_keep_what_was_validated() -> None:
    found = points.thinned(curve([1.0] * 5_000, dict.fromkeys(range(7, 5000, 700), 2.0)))
    assert len(found) < 700
    assert sum(point["valid_loss"] is not None for point in found) == 8
    assert found[-1]["step"] == 5_000


def test_plots_without_data_are_left_out_in_the_end() -> None:
    found = curve(FALLING)
    assert [plot.title for plot in points.plots("supervised", found, live=False)] == ["Loss"]
    assert "Reward margin" in [plot.title for plot in points.plots("dpo", found, live=True)]
    assert "Memory" in [plot.title for plot in points.plots("supervised", found, live=True)]


def test_a_sample_is_read_and_nonsense_is_not() -> None:
    told = {"step": 8, "index": 1, "source": "validation_file", "line": 2, "question": "a\0", "output": "x" * 9_000}
    sample = reading.read({"sample": told})
    assert sample is not None
    assert (sample.number, sample.question, len(sample.output), sample.finished) == (1, "a␀", 4_000, True)
    assert reading.read({"sample": told | {"source": "elsewhere"}}) is None
    assert reading.read({"sample": told | {"step": "8"}}) is None
    assert reading.read({"sample": "text"}) is None
