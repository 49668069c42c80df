"""The local engine for real: a tiny model is trained, paused, cancelled, and answers."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.candidates.models import Candidate
from app.examples.importing import run_import
from app.finetunes import queries, runner, service
from app.finetunes.models import FineTune
from app.finetunes.rules import ENDED
from app.gateway.models import PaidCall
from tests.engine.conftest import Engine, engine
from tests.factories import Factory
from tests.finetunes.factories import Ready, ready
from tests.preferences.imported_factory import ImportRound, vote

pytestmark = pytest.mark.engine
assert engine  # the fixture


def work(at: Ready, row: FineTune, until: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, (row.status, row.error)
        asyncio.run(runner.advance(row.id, 0.3))
        at.seen(row)


def curve(at: Ready, row: FineTune) -> list[dict[str, Any]]:
    return [event.data for event in queries.events(at.session, row.id, kind="metrics")]


def test_trained_by_the_engine(factory: Factory, engine: Engine) -> None:
    at = ready(factory, f"{engine.url}/v1", "local_engine", examples=22)
    wanted = {"n_epochs": 3, "batch_size": 4, "adapter": {"r": 4, "learning_rate": 0.02}}
    row = at.launch(hyperparameters=wanted)
    work(at, row, lambda: row.status in ("succeeded", "failed", "needs_decision"))
    assert row.status == "succeeded", row.error
    job = engine.client.fine_tuning.jobs.retrieve(str(row.provider_job_id))
    assert job.metadata == {"holdout_launch": row.launch_token}
    uploaded = engine.client.files.content(job.training_file).read()
    assert len(uploaded.splitlines()) == at.version.size == 24
    assert row.trained_tokens == job.trained_tokens
    assert row.cost == 0
    curve = [e.data for e in queries.events(at.session, row.id, kind="metrics")]
    assert [data["step"] for data in curve] == list(range(1, 19))
    assert curve[-1]["train_loss"] < curve[0]["train_loss"]
    assert (row.step, row.total_steps) == (18, 18)
    assert row.settled_hyperparameters is not None
    assert row.settled_hyperparameters["adapter"]["r"] == 4
    assert [c.step for c in queries.checkpoints(at.session, row.id)] == [
        18,
        16,
        12,
        8,
        4,
    ]  # a quarter of the steps each
    made = at.session.get_one(Candidate, row.candidate_id)
    assert made.name == "Tuned v1 · lora r4"
    messages = [{"role": "user", "content": "question 1"}]
    answer = engine.client.chat.completions.create(model=made.model, messages=messages, temperature=0, max_tokens=8)  # type: ignore[arg-type]
    assert answer.choices[0].finish_reason


def test_four_bits_are_trained_by_the_engine_and_validated(factory: Factory, engine: Engine) -> None:
    at = ready(factory, f"{engine.url}/v1", "local_engine", examples=14)
    wanted = {"n_epochs": 2, "batch_size": 4, "adapter": {"r": 4, "learning_rate": 0.02}}
    row = at.launch(method="qlora", validation_share=0.25, hyperparameters=wanted)
    work(at, row, lambda: row.status in ENDED)
    assert row.status == "succeeded", row.error
    losses = [data["valid_loss"] for data in curve(at, row) if data.get("valid_loss") is not None]
    assert losses[-1] < losses[0]
    assert row.settled_hyperparameters is not None
    assert row.settled_hyperparameters["adapter"]["type"] == "qlora"


def test_sixty_votes_from_elsewhere_move_the_reward_margin(
    client: TestClient, factory: Factory, engine: Engine
) -> None:
    """Votes in a file, their round closed, examples made of its pairs and approved, a version of them, a DPO tune."""
    at = ready(factory, f"{engine.url}/v1", "local_engine")
    round_ = ImportRound(client, factory, at.project, at.user)
    sides = {"output_a": "worse", "output_b": "better"}
    turned = {"candidate_a": "tuned", "candidate_b": "base", "output_a": "better", "output_b": "worse"}
    cast = [vote(prompt=f"pair {n}", **(turned if n % 2 else sides), winner="ba"[n % 2]) for n in range(60)]
    assert round_.send(*cast).json()["votes"] == 60
    round_.post("close")
    run_import(round_.post("pairs-examples", json={"min_votes": 1}).json()["id"])
    base = f"/api/v1/projects/{at.project.slug}"
    approval = {"filter": {"tag": "from votes"}, "action": "approve", "expected_count": 60}
    approved = client.post(f"{base}/examples/bulk", json=approval, headers=round_.engineer)
    assert approved.json()["changed"] == 60, approved.text
    frozen = {"name": "From votes", "filters": {"tag": "from votes"}}
    version = client.post(f"{base}/dataset-versions", json=frozen, headers=round_.engineer).json()
    assert version["size"] == 60, version
    wanted = {"n_epochs": 1, "batch_size": 6, "adapter": {"r": 4, "learning_rate": 0.01}}
    row = at.launch(dataset_version_id=version["id"], objective="dpo", hyperparameters=wanted)
    work(at, row, lambda: row.status in ENDED)
    assert row.status == "succeeded", row.error
    margins = [data["reward_margin"] for data in curve(at, row) if data.get("reward_margin") is not None]
    assert abs(margins[0]) < 0.05 < margins[-1]


def test_paused_resumed_and_cancelled_at_once(factory: Factory, engine: Engine) -> None:
    at = ready(factory, f"{engine.url}/v1", "local_engine", examples=22)
    row = at.launch(hyperparameters={"n_epochs": 100})
    work(at, row, lambda: row.step >= 2)
    service.pause(at.session, at.access, row)
    at.session.commit()
    work(at, row, lambda: row.status == "paused")
    assert not asyncio.run(runner.advance(row.id, 0.3))  # nothing to do while it rests
    service.resume(at.session, at.access, row)
    at.session.commit()
    reached = row.step
    work(at, row, lambda: row.step > reached)
    service.cancel(at.session, at.access, row)
    at.session.commit()
    began = time.monotonic()
    work(at, row, lambda: row.status == "cancelled")
    assert time.monotonic() - began < 5
    assert engine.client.fine_tuning.jobs.retrieve(str(row.provider_job_id)).status == "cancelled"
    assert row.candidate_id is None
    assert [call.state for call in at.session.query(PaidCall)] == ["done"]


def test_the_engines_own_reason(factory: Factory, engine: Engine) -> None:
    at = ready(factory, f"{engine.url}/v1", "local_engine")
    row = at.launch(hyperparameters={"adapter": {"target_modules": ["nowhere"]}})
    work(at, row, lambda: row.status == "failed")
    assert "nowhere" in (row.error or "")
    missing = at.launch(base_model="no-such-model", override_reason="to see it fail")
    work(at, missing, lambda: missing.status == "failed")
    assert "no-such-model" in (missing.error or "")
