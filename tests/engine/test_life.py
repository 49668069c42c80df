"""Starting, ending and surviving: what is kept, and what never outlives the engine."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import psutil
import pytest
from fastapi.testclient import TestClient
from openai.types.fine_tuning import FineTuningJob
from openai.types.fine_tuning.jobs import FineTuningJobCheckpoint

from app.engine.app import make_app
from app.engine.config import EngineConfig, is_loopback
from app.engine.main import CannotStart, serve
from tests.engine.conftest import PAIRS, ROOT, ROWS, TINY, Engine, wait_for

pytestmark = pytest.mark.engine


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Engine]:
    """An engine for one test alone."""
    pytest.importorskip("torch")
    pytest.importorskip("trl")
    engine = Engine(tmp_path / "home")
    yield engine
    engine.stop(signal.SIGKILL)


def test_kill_9_leaves_no_process_and_the_next_engine_finishes_the_job(own: Engine) -> None:
    assert own.start() < 10
    kept = own.upload(b"kept")
    job = own.launch(ROWS, epochs=10, suffix="again")
    own.wait_for_step(job, 8)  # behind the first checkpoint
    trainer = own.trainer()
    own.stop(signal.SIGKILL)
    wait_for(lambda: not trainer.is_running() or trainer.status() == psutil.STATUS_ZOMBIE, seconds=5)
    own.start()
    assert own.client.files.content(kept).read() == b"kept"
    own.wait(job, "succeeded")
    messages = [event.message for event in own.events(job)]
    assert "The engine was restarted; the job is queued again." in messages
    assert any(message.startswith("Resuming from checkpoint-") for message in messages)


def test_a_dpo_job_on_four_bits_survives_kill_9_and_speaks_openai_s_words(own: Engine) -> None:
    own.start()
    created = own.client.fine_tuning.jobs.create(
        model=TINY,
        training_file=own.upload(PAIRS),
        validation_file=own.upload(PAIRS[:4]),
        method={"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.2, "n_epochs": 4, "batch_size": 8}}},
        extra_body={"adapter": {"type": "qlora"}, "early_stopping_patience": 50},
    )
    own.wait_for_step(created.id, 4)  # behind the first checkpoint
    own.stop(signal.SIGKILL)
    own.start()
    job = FineTuningJob.model_validate(own.wait(created.id, "succeeded").to_dict())
    assert job.method is not None
    assert job.method.dpo is not None
    assert job.method.dpo.hyperparameters is not None
    assert job.method.dpo.hyperparameters.model_dump() == {
        "beta": 0.2,
        "n_epochs": 4,
        "batch_size": 8,
        "learning_rate_multiplier": 1.0,
    }
    messages = [event.message for event in own.events(job.id)]
    assert any(message.startswith("Resuming from checkpoint-") for message in messages)
    assert any(message.startswith("Reached step 12: the weights of step") for message in messages)
    found = own.client.fine_tuning.jobs.checkpoints.list(job.id).data[0]
    metrics: Any = FineTuningJobCheckpoint.model_validate(found.to_dict()).metrics
    assert metrics.step == 12
    assert metrics.valid_loss > 0
    assert metrics.valid_reward_margin > 0
    answer = own.client.chat.completions.create(
        model=str(job.fine_tuned_model), messages=[{"role": "user", "content": "question 1"}], max_tokens=2
    )
    assert answer.usage is not None
    assert answer.usage.completion_tokens > 0


def test_a_plain_stop_saves_a_checkpoint_and_leaves_no_process(own: Engine) -> None:
    own.start()
    job = own.launch(ROWS, epochs=100)
    own.wait_for_step(job, 1)
    trainer = own.trainer()
    own.stop(signal.SIGTERM)
    assert own.process is not None
    assert own.process.returncode in (0, -signal.SIGTERM)
    assert not trainer.is_running()
    assert list((own.home / "jobs" / job / "checkpoints").glob("checkpoint-*/trainer_state.json"))
    own.start()
    found = own.client.fine_tuning.jobs.retrieve(job)
    assert found.status in ("queued", "running")
    assert own.client.fine_tuning.jobs.cancel(job).status == "cancelled"


def start_again(*arguments: str, **environment: str) -> str:
    """What an engine that cannot start says."""
    found = subprocess.run(
        [sys.executable, "-m", "app.engine", *arguments],
        cwd=ROOT,
        env=os.environ | {"HOLDOUT_ENGINE_PREPARE": "0"} | environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert found.returncode == 1
    assert "Traceback" not in found.stderr
    return found.stderr.strip()


def test_a_second_engine_gets_one_clear_line(engine: Engine, tmp_path: Path) -> None:
    assert "Another engine is running on" in start_again("--home", str(engine.home), "--port", "0")
    said = start_again("--home", str(tmp_path), "--port", str(engine.port))
    assert f"port {engine.port} is taken; choose another with --port" in said


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "engine.example"])
def test_it_listens_elsewhere_only_with_a_key(tmp_path: Path, host: str) -> None:
    with pytest.raises(CannotStart, match="Set HOLDOUT_ENGINE_KEY to listen on"):
        serve(host, 0, "cpu", tmp_path, None)
    assert [is_loopback(name) for name in ("localhost", "127.0.0.1", "127.9.9.9", "::1")] == [True] * 4


def test_the_key_is_asked_for(tmp_path: Path) -> None:
    config = EngineConfig(tmp_path, key="a-long-secret", prepare=False)
    with TestClient(make_app(config), base_url="http://engine.example") as client:
        assert client.get("/healthz").json()["status"] == "ok"
        for sent in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Bearer "}):
            answer = client.get("/v1/models", headers=sent)
            assert answer.status_code == 401
            assert answer.json()["error"]["code"] == "invalid_api_key"
        assert client.get("/v1/models", headers={"authorization": "Bearer a-long-secret"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"host": "evil.example"},
        {"host": "evil.example:8401"},
    ],
)
def test_a_web_page_cannot_use_an_engine_without_a_key(engine: Engine, headers: dict[str, str]) -> None:
    upload = httpx.post(f"{engine.url}/v1/files", headers=headers, files={"file": b"x"}, data={"purpose": "fine-tune"})
    assert upload.status_code == 403
    assert set(upload.json()["error"]) == {"message", "type", "param", "code"}


def test_bodies_are_capped_with_and_without_a_declared_length(tmp_path: Path) -> None:
    config = EngineConfig(tmp_path, prepare=False, max_body_bytes=1000, max_file_bytes=2000)
    with TestClient(make_app(config), base_url="http://127.0.0.1") as client:
        big = b'{"model": "' + b"x" * 2000
        assert client.post("/v1/chat/completions", content=big).status_code == 413
        assert client.post("/v1/chat/completions", content=iter([big, big])).status_code == 413
        form = {"data": {"purpose": "fine-tune"}, "files": {"file": b"y" * 3000}}
        assert client.post("/v1/files", **form).status_code == 413
        assert client.get("/v1/files").json()["data"] == []
        assert not list((tmp_path / "files").iterdir())


def test_unknown_paths_answer_in_openai_s_shape(engine: Engine) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        engine.client.get("/embeddings", cast_to=object)
    assert caught.value.type == "invalid_request_error"
