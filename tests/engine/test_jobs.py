"""Fine-tuning jobs, by the stock client."""

import json
from typing import Any

import openai
import pytest
from openai.types.fine_tuning import FineTuningJob, FineTuningJobEvent
from openai.types.fine_tuning.jobs import FineTuningJobCheckpoint

from tests.engine.conftest import PAIRS, ROWS, TINY, Engine, chat_row, pair_row, wait_for

pytestmark = pytest.mark.engine

LONG = 100  # epochs: a job that is still running when the test wants to interfere


def test_a_job_succeeds_and_says_everything(engine: Engine, tuned: Any) -> None:
    job = FineTuningJob.model_validate(tuned.to_dict())  # OpenAI's own types, strictly
    assert job.fine_tuned_model == f"ft:{TINY}:desk-v1:{job.id.removeprefix('ftjob-')[:12]}"
    assert job.hyperparameters.model_dump() == {
        "n_epochs": 2,
        "batch_size": 4,
        "learning_rate_multiplier": 1.0,
    }
    assert job.method is not None
    assert job.method.type == "supervised"
    assert job.metadata == {"launch": "token-1"}
    assert job.seed == 1
    assert job.trained_tokens
    assert job.finished_at
    assert tuned.adapter["r"] == 4
    assert tuned.fine_tuned_model in [model.id for model in engine.client.models.list()]
    assert engine.client.models.retrieve(tuned.fine_tuned_model).owned_by == "holdout"


def test_the_curve_is_in_the_events(engine: Engine, tuned: Any) -> None:
    events = [FineTuningJobEvent.model_validate(event.to_dict()) for event in engine.events(tuned.id)]
    metrics: list[Any] = [event.data for event in events if event.type == "metrics"]
    trained = [data for data in metrics if "learning_rate" in data]
    assert [data["step"] for data in trained] == list(range(1, 13))
    assert trained[-1]["train_loss"] < trained[0]["train_loss"] * 0.7
    assert all(data["learning_rate"] >= 0 and data["tokens"] > 0 for data in trained)
    validated = [data for data in metrics if "learning_rate" not in data]
    assert [data["step"] for data in validated] == [0, 3, 6, 9, 12]
    assert validated[-1]["full_valid_loss"] < validated[0]["full_valid_loss"]
    assert metrics[-1]["tokens"] == tuned.trained_tokens
    assert events[0].message.startswith("Created fine-tuning job")
    assert events[-1].message == "The job has successfully completed."


def test_events_are_newest_first_and_come_in_pages(engine: Engine, tuned: Any) -> None:
    first = engine.client.fine_tuning.jobs.list_events(tuned.id, limit=3)
    assert first.data[0].message == "The job has successfully completed."
    assert first.has_more
    ids = [event.id for event in engine.client.fine_tuning.jobs.list_events(tuned.id, limit=3)]
    assert len(ids) == len(set(ids)) == len(engine.events(tuned.id))


def test_checkpoints_and_result_file(engine: Engine, tuned: Any) -> None:
    found = list(engine.client.fine_tuning.jobs.checkpoints.list(tuned.id))
    checkpoints = [FineTuningJobCheckpoint.model_validate(checkpoint.to_dict()) for checkpoint in found]
    assert [checkpoint.step_number for checkpoint in checkpoints] == [12, 9, 6, 3]
    assert checkpoints[0].metrics.full_valid_loss is not None
    table = engine.client.files.content(tuned.result_files[0]).text.splitlines()
    assert table[0].startswith("step,train_loss")
    assert len(table) == 14


def test_a_job_is_found_by_its_launch_token(engine: Engine, tuned: Any) -> None:
    jobs = engine.client.fine_tuning.jobs
    assert [job.id for job in jobs.list(metadata={"launch": "token-1"})] == [tuned.id]
    assert [job.id for job in jobs.list(metadata={"launch": "another"})] == []
    assert tuned.id in [job.id for job in jobs.list()]


def test_a_bad_row_fails_the_job_and_is_named(engine: Engine) -> None:
    rows = json.dumps(ROWS[0]).encode() + b"\n{broken\n"
    job = engine.wait(engine.launch(rows), "failed", seconds=5)
    assert job.error.code == "invalid_training_file"
    assert job.error.param == "training_file"
    assert "line 2: not JSON" in job.error.message
    assert job.fine_tuned_model is None


def test_a_row_longer_than_the_context_fails_the_job_and_is_named(engine: Engine) -> None:
    job = engine.wait(engine.launch([ROWS[0], chat_row("x" * 5000, "no"), ROWS[1]]), "failed")
    assert job.error.code == "invalid_training_file"
    assert "line 2:" in job.error.message
    assert "the model reads 4,096" in job.error.message


def test_a_bad_validation_file_is_told_apart(engine: Engine) -> None:
    job = engine.wait(engine.launch(ROWS, validation_file=engine.upload(b"[]")), "failed", seconds=5)
    assert job.error.param == "validation_file"


@pytest.mark.parametrize(
    ("method", "row", "says"),
    [
        ("dpo", ROWS[0], "line 2: 'input' must be an object with 'messages'; a row of 'messages' is for a supervised"),
        ("supervised", PAIRS[0], "line 2: a preference row: it is for a job of method 'dpo'"),
        ("dpo", pair_row("q", "same", "same"), "line 2: preferred_output and non_preferred_output are the same"),
    ],
)
def test_rows_of_the_other_kind_are_named(engine: Engine, method: str, row: dict[str, Any], says: str) -> None:
    good = PAIRS[1] if method == "dpo" else ROWS[1]
    job = engine.wait(engine.launch([good, row], method=method), "failed", seconds=5)
    assert says in job.error.message


def test_cancel_ends_the_process_at_once(engine: Engine) -> None:
    job = engine.launch(ROWS, epochs=LONG)
    engine.wait_for_step(job, 3)
    process = engine.trainer()
    with pytest.raises(openai.BadRequestError, match=f"is used by {job}"):
        engine.client.files.delete(engine.client.fine_tuning.jobs.retrieve(job).training_file)
    assert engine.client.fine_tuning.jobs.cancel(job).status == "cancelled"
    assert not process.is_running()
    assert engine.client.fine_tuning.jobs.cancel(job).status == "cancelled"  # again: the same answer
    with pytest.raises(openai.BadRequestError) as caught:
        engine.client.fine_tuning.jobs.resume(job)
    assert caught.value.code == "invalid_job_status"
    assert engine.events(job)[-1].message == "The job was cancelled."


def test_a_job_pauses_and_goes_on_where_it_was(engine: Engine) -> None:
    job, waiting = engine.launch(ROWS, epochs=6), engine.launch(ROWS)
    engine.wait_for_step(job, 1)
    assert engine.client.fine_tuning.jobs.pause(job).status == "paused"
    assert engine.client.fine_tuning.jobs.cancel(waiting).status == "cancelled"  # while it was in the queue
    wait_for(lambda: any("Training stopped" in event.message for event in engine.events(job)))
    reached = max(event.data["step"] for event in engine.events(job) if event.type == "metrics")
    assert reached < 36
    assert engine.client.fine_tuning.jobs.resume(job).status == "queued"
    engine.wait(job, "succeeded")
    steps = [event.data["step"] for event in engine.events(job) if event.type == "metrics"]
    assert steps == list(range(1, 37))  # none left out, none twice
    assert f"Resuming from checkpoint-{reached}." in [event.message for event in engine.events(job)]


def test_a_killed_training_fails_clearly_and_the_engine_stays(engine: Engine, tuned: Any) -> None:
    job = engine.launch(ROWS, epochs=LONG)
    engine.wait_for_step(job, 1)
    engine.trainer().kill()
    ended = engine.wait(job, "failed", seconds=10)
    assert "it was ended by SIGKILL" in ended.error.message
    answer = engine.client.chat.completions.create(
        model=tuned.fine_tuned_model, messages=[{"role": "user", "content": "question 1"}], temperature=0
    )
    assert answer.choices[0].message.content == "yes"


def test_a_training_that_breaks_says_what_broke(engine: Engine) -> None:
    adapter = {"type": "lora", "target_modules": ["nowhere"]}
    ended = engine.wait(engine.launch(ROWS, extra_body={"adapter": adapter}), "failed")
    assert ended.error.code == "training_failed"
    assert "nowhere" in ended.error.message


def test_full_tuning_makes_a_model_of_its_own(engine: Engine) -> None:
    job = engine.launch(ROWS, epochs=3, extra_body={"adapter": {"type": "full", "learning_rate": 0.01}})
    model = engine.wait(job, "succeeded").fine_tuned_model
    answer = engine.client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": "question 1"}], temperature=0, max_tokens=9
    )
    assert answer.choices[0].message.content == "yes"
    assert engine.client.models.delete(model).deleted
    with pytest.raises(openai.NotFoundError):
        engine.client.models.retrieve(model)


def dpo(**hyperparameters: Any) -> dict[str, Any]:
    return {"type": "dpo", "dpo": {"hyperparameters": hyperparameters}}


@pytest.mark.parametrize(
    ("fields", "param", "says"),
    [
        ({"model": "gpt-4o"}, "model", "No such model"),
        ({"training_file": "file-none"}, "training_file", "No such File object"),
        ({"suffix": "a b"}, "suffix", "use letters"),
        ({"method": {"type": "reinforcement"}}, "method.type", "trains 'supervised' and 'dpo' jobs"),
        ({"method": {"type": "dpo", "supervised": {}}}, "method", "'supervised' was given for a job of type 'dpo'"),
        ({"method": dpo(beta=0)}, "method.dpo.hyperparameters.beta", "greater than 0"),
        ({"method": dpo(), "hyperparameters": {"n_epochs": 1}}, "", "belong into 'method.dpo.hyperparameters'"),
        ({"extra_body": {"adapter": {"type": "ia3"}}}, "adapter.type", "'lora', 'qlora' or 'full'"),
        ({"extra_body": {"early_stopping_patience": 2}}, "", "needs a 'validation_file'"),
        ({"extra_body": {"adapter": {"rank": 3}}}, "adapter.rank", "Unrecognized request argument"),
        ({"hyperparameters": {"n_epochs": 0}}, "hyperparameters.n_epochs", "greater than or equal to 1"),
        ({"hyperparameters": {"batch_size": "big"}}, "hyperparameters.batch_size", "valid integer"),
        ({"metadata": {"k": "v" * 513}}, "metadata", "512 characters"),
    ],
)
def test_what_cannot_be_trained_is_refused_by_field(
    engine: Engine, fields: dict[str, Any], param: str, says: str
) -> None:
    wishes = {"model": TINY, "training_file": engine.upload(ROWS)} | fields
    with pytest.raises((openai.BadRequestError, openai.NotFoundError), match=says) as caught:
        engine.client.fine_tuning.jobs.create(**wishes)
    assert (caught.value.param or "").startswith(param)
