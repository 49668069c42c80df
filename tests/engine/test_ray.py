"""Training handed over to a real Ray head on this machine, by its own job API."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.engine.main import CannotStart, serve
from tests.engine.conftest import ROWS, Engine, wait_for

pytestmark = [pytest.mark.engine, pytest.mark.slow]
RAY = Path(sys.executable).parent / "ray"
LONG = 100  # epochs


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Head:
    """A Ray head of its own ports and folder; it can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, _free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.environment = os.environ | {"RAY_USAGE_STATS_ENABLED": "0", "PATH": f"{RAY.parent}:{os.environ['PATH']}"}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                *(sys.executable, str(RAY), "start", "--head", "--block", "--num-cpus=2"),
                *(f"--port={_free_port()}", f"--dashboard-port={self.port}", f"--temp-dir={self.folder}"),
                *("--include-dashboard=true", "--disable-usage-stats", "--object-store-memory=100000000"),
            ],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_for(self._answers, 60)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        """As a machine that goes away: everything that the head started, at once."""
        if self.process is not None and self.process.poll() is None:
            for one in [*psutil.Process(self.process.pid).children(recursive=True), psutil.Process(self.process.pid)]:
                with suppress(psutil.NoSuchProcess):
                    one.kill()
            self.process.wait(30)


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    pytest.importorskip("ray")
    pytest.importorskip("trl")
    folder = Path("/tmp") / f"holdout-ray-{os.getpid()}"  # Ray's sockets need a short path
    running = Head(folder)
    running.start()
    yield running
    running.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def own(tmp_path: Path, head: Head) -> Iterator[Engine]:
    engine = Engine(tmp_path / "home", HOLDOUT_ENGINE_RAY=head.address)
    engine.start()
    yield engine
    engine.stop(signal.SIGKILL)


def submitted(head: Head, job: str) -> list[Any]:
    from ray.job_submission import JobSubmissionClient

    found = JobSubmissionClient(head.address).list_jobs()
    return [one for one in found if one.submission_id and one.submission_id.startswith(f"holdout-{job}-")]


def test_a_job_is_submitted_trains_there_and_is_served_here(own: Engine, head: Head) -> None:
    job = own.launch(ROWS, validation_file=own.upload(ROWS[:4]), metadata={"holdout_launch": "token-7"})
    done = own.wait(job, "succeeded", seconds=120)
    (there,) = submitted(head, job)
    assert (there.status.value, there.metadata["holdout_launch"]) == ("SUCCEEDED", "token-7")
    assert "app.engine.train" in there.entrypoint
    steps = [
        event.data["step"] for event in own.events(job) if event.type == "metrics" and "learning_rate" in event.data
    ]
    assert steps == list(range(1, 13))
    answer = own.client.chat.completions.create(
        model=done.fine_tuned_model, messages=[{"role": "user", "content": "question 1"}], max_tokens=2
    )
    assert answer.choices[0].message.role == "assistant"


def test_kill_9_of_the_engine_leaves_one_submission_and_the_next_engine_follows_it(own: Engine, head: Head) -> None:
    job = own.launch(ROWS, epochs=10)
    own.wait_for_step(job, 2)
    own.stop(signal.SIGKILL)
    own.start()
    own.wait(job, "succeeded", seconds=120)
    assert len(submitted(head, job)) == 1
    messages = [event.message for event in own.events(job)]
    assert "The engine was restarted; it follows the job on the Ray cluster again." in messages
    assert not any(message.startswith("Resuming") for message in messages)  # it never stopped


def test_pause_resume_and_cancel_reach_the_cluster(own: Engine, head: Head) -> None:
    jobs = own.client.fine_tuning.jobs
    job = own.launch(ROWS, epochs=LONG)
    own.wait_for_step(job, 2)
    jobs.pause(job)
    wait_for(lambda: [one.driver_exit_code for one in submitted(head, job)] == [75])
    jobs.resume(job)
    wait_for(lambda: any(event.message.startswith("Resuming from checkpoint-") for event in own.events(job)))
    assert jobs.cancel(job).status == "cancelled"
    wait_for(lambda: {one.status.value for one in submitted(head, job)} <= {"FAILED", "STOPPED", "SUCCEEDED"})
    assert jobs.retrieve(job).status == "cancelled"


def test_a_head_that_goes_is_shown_and_the_job_goes_on_when_it_is_back(own: Engine, head: Head) -> None:
    job = own.launch(ROWS, epochs=40)
    own.wait_for_step(job, 35)  # behind a checkpoint
    head.stop()
    said = wait_for(lambda: own.client.fine_tuning.jobs.retrieve(job).to_dict().get("notice"))
    assert f"The Ray cluster at {head.address} does not answer" in said
    head.start()
    own.wait(job, "succeeded", seconds=180)
    messages = [event.message for event in own.events(job)]
    assert any("no longer knows the job" in message for message in messages)
    assert any(message.startswith("Resuming from checkpoint-") for message in messages)


def test_it_starts_only_with_an_address_of_a_dashboard(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="no address of a Ray head's dashboard"):
        serve("127.0.0.1", 0, "cpu", tmp_path, None, "ray-head:6379")
