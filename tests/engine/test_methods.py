"""Every method and objective trains, tells the same things and goes on after a pause. In this process, with the tiny
model: what the engine adds around a run is tested with its processes elsewhere."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.engine.convert import TEMPLATE
from app.engine.hyperparameters import Adapter, DpoHyperparameters, Hyperparameters, settle
from app.engine.outcome import Outcome
from app.engine.pause import PAUSED
from app.engine.storage import read_json, read_lines, write_json
from app.engine.tiny import make_tiny
from tests.engine.conftest import PAIRS, ROWS, chat_row

pytestmark = pytest.mark.engine

CHATS, PREFERENCES = ROWS[:12], PAIRS[:12]


class Flag:
    """Asks for a pause after some steps have been told."""

    def __init__(self, folder: Path, after: int | None = None) -> None:
        self.folder, self.after = folder, after

    @property
    def requested(self) -> bool:
        return self.after is not None and len(curve(self.folder)) >= self.after


def events(folder: Path, kind: str = "metrics") -> list[dict[str, Any]]:
    return [line["data"] for line in read_lines(folder / "events.jsonl") if line["type"] == kind]


def curve(folder: Path) -> list[dict[str, Any]]:
    return [data for data in events(folder) if "learning_rate" in data]


def samples(folder: Path) -> list[dict[str, Any]]:
    return [data["sample"] for data in events(folder, "message") if "sample" in data]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("trl")
    pytest.importorskip("bitsandbytes")
    folder = tmp_path_factory.mktemp("tiny")
    make_tiny(folder, TEMPLATE.read_text())
    return folder


@pytest.fixture
def prepare(base: Path, tmp_path: Path) -> Callable[..., Path]:
    """Writes a job's folder as the engine does; answers it."""

    def write(
        rows: list[dict[str, Any]],
        validation: list[dict[str, Any]] | None = None,
        adapter: str = "lora",
        patience: int | None = None,
        epochs: int = 4,
    ) -> Path:
        files = {}
        for name, part in (("training_file", rows), ("validation_file", validation)):
            if part is not None:
                path = tmp_path / f"{name}.jsonl"
                path.write_text("\n".join(json.dumps(row) for row in part))
                files[name] = {"path": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        kind = DpoHyperparameters if "input" in rows[0] else Hyperparameters
        settled = settle(
            kind(n_epochs=epochs), Adapter.model_validate({"type": adapter, "learning_rate": 0.02}), patience
        )
        spec = {"model": "tiny", "base": str(base), "context": 4096, "device": "cpu", "threads": 1, "seed": 1}
        write_json(tmp_path / "spec.json", {**spec, "files": files, **settled.model_dump()})
        return tmp_path

    return write


def run(folder: Path, pause_after: int | None = None) -> int:
    from app.engine.train import run as train

    return train(folder, Flag(folder, pause_after))  # type: ignore[arg-type]


@pytest.mark.parametrize("adapter", ["lora", "qlora", "full"])
def test_dpo_moves_the_reward_margin_and_goes_on_after_a_pause(prepare: Callable[..., Path], adapter: str) -> None:
    folder = prepare(PREFERENCES, PREFERENCES[:4], adapter)
    assert run(folder, pause_after=4) == PAUSED
    assert Outcome.read(folder) is None
    assert run(folder) == 0
    steps = curve(folder)
    assert [data["step"] for data in steps] == list(range(1, 13))
    assert steps[0]["reward_margin"] == pytest.approx(0, abs=0.02)  # the reference is what training starts from
    assert steps[-1]["reward_margin"] > 0.1
    assert steps[-1]["reward_accuracy"] == 1
    assert steps[-1]["train_loss"] < steps[0]["train_loss"]
    validations = [data for data in events(folder) if "learning_rate" not in data]
    assert [data["step"] for data in validations] == [0, 3, 6, 9, 12]
    assert validations[0]["valid_reward_margin"] == pytest.approx(0, abs=0.02)
    assert validations[-1]["valid_reward_margin"] > 0.1
    assert validations[-1]["valid_loss"] < validations[0]["valid_loss"]
    outcome = Outcome.read(folder)
    assert outcome is not None
    assert outcome.trained_tokens == steps[-1]["tokens"]


def test_qlora_trains_an_adapter_on_a_base_of_four_bits(prepare: Callable[..., Path]) -> None:
    folder = prepare(CHATS, adapter="qlora")
    assert run(folder, pause_after=5) == PAUSED
    assert run(folder) == 0
    steps = curve(folder)
    assert [data["step"] for data in steps] == list(range(1, 13))
    assert steps[-1]["train_loss"] < steps[0]["train_loss"] * 0.9
    assert (folder / "model" / "adapter_model.safetensors").is_file()
    outcome = Outcome.read(folder)
    assert outcome is not None
    assert outcome.parameters < 100_000 < outcome.trainable * 10  # two 4-bit weights are counted as one


@pytest.mark.parametrize(("share", "steps"), [(100.0, [0, 3, 6, 8, 9, 12]), (0.0, [0, 8, 12])])
def test_samples_show_the_prompt_as_the_model_reads_it_and_what_it_answers(
    prepare: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, share: float, steps: list[int]
) -> None:
    """``share``: of its time, that a run may spend on the looks between."""
    monkeypatch.setattr("app.engine.samples._SHARE", share)
    folder = prepare(CHATS, [chat_row("question 99", "yes")])
    assert run(folder) == 0
    shown = samples(folder)
    assert [sample["step"] for sample in shown] == steps
    first, last = shown[0], shown[-1]
    assert first["prompt"].startswith("<|im_start|>system\n")
    assert first["prompt"].endswith("<|im_end|>\n<|im_start|>user\nquestion 99<|im_end|>\n<|im_start|>assistant\n")
    assert (first["question"], first["expected"], first["line"]) == ("question 99", "yes", 1)
    assert (first["source"], first["index"], first["of"]) == ("validation_file", 0, 1)
    assert not first["finished"]
    assert first["output_tokens"] == 3 + 16
    assert (last["output"], last["finished"], last["output_tokens"]) == ("yes", True, 3)


def test_training_stops_early_and_keeps_the_best_weights(prepare: Callable[..., Path]) -> None:
    contradicting = [chat_row(f"question {number}", "no") for number in range(4)]
    folder = prepare(CHATS, contradicting, epochs=20, patience=2)
    assert run(folder, pause_after=4) == PAUSED  # and the count goes on after it
    assert run(folder) == 0
    losses = {data["step"]: data["valid_loss"] for data in events(folder) if "learning_rate" not in data}
    stop = next(data["early_stop"] for data in events(folder, "message") if "early_stop" in data)
    best = min((loss, step) for step, loss in losses.items() if step)[1]
    assert stop == {"step": max(losses), "best_step": best, "best_valid_loss": losses[best]}
    assert max(losses) == best + 6 < 60
    saved = (folder / "model" / "adapter_model.safetensors").read_bytes()
    assert saved == (folder / "checkpoints" / f"checkpoint-{best}" / "adapter_model.safetensors").read_bytes()


def test_a_job_for_cuda_does_not_train_on_the_cpu_instead(
    prepare: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = prepare(CHATS)
    spec = read_json(folder / "spec.json")
    write_json(folder / "spec.json", spec | {"device": "cuda"})
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(RuntimeError, match="no CUDA"):
        run(folder)
    assert curve(folder) == []
