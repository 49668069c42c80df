"""The log on a fine-tune's page: one kind of lines at a time; and the last checkpoint is not offered twice."""

from datetime import UTC, datetime

from fastapi.testclient import TestClient

from app.finetunes import watching
from app.finetunes.models import Checkpoint, FineTune, FineTuneEvent
from tests.factories import Factory
from tests.finetunes.factories import Ready, ready


def launched(factory: Factory, client: TestClient) -> tuple[Ready, FineTune, str]:
    at = ready(factory, "http://127.0.0.1:9/v1", "local_engine")
    factory.sign_in(client, at.user)
    row = at.launch()
    return at, row, f"/p/{at.project.slug}/fine-tunes/{row.id}"


def test_samples_do_not_drown_the_log(client: TestClient, factory: Factory) -> None:
    at, row, url = launched(factory, client)
    for number in range(70):
        said = "Checkpoint created at step 4." if number == 0 else f"Sample {number} of 3 at step 8."
        values = {"kind": "message", "level": "info", "message": said, "data": {}}
        at.session.add(
            FineTuneEvent(fine_tune_id=row.id, provider_event_id=str(number), at=datetime.now(UTC), **values)
        )
    at.session.commit()
    first = client.get(url).text
    assert "Checkpoint created at step 4." in first
    assert "at step 8." not in first
    samples = client.get(url, params={"log": "samples"}).text
    assert "Sample 69 of 3 at step 8." in samples
    assert "Checkpoint created" not in samples
    watching.keep_output(row.id, "first")
    watching.keep_output(row.id, "Loading <weights> of the model")
    part = client.get(url, params={"part": "log", "log": "process"}, headers={"hx-request": "true"}).text
    assert "Loading &lt;weights&gt; of the model" in part
    assert "<html" not in part


def test_the_last_checkpoint_is_the_final_model_unless_it_stops_early(client: TestClient, factory: Factory) -> None:
    at, row, url = launched(factory, client)
    row.status, row.fine_tuned_model, row.step, row.total_steps = "succeeded", "ft:tiny:v1:x", 8, 8
    for step in (4, 8):
        model = f"ft:tiny:v1:x:ckpt-step-{step}"
        at.session.add(Checkpoint(fine_tune_id=row.id, provider_checkpoint_id=str(step), step=step, model=model))
    at.session.commit()
    page = client.get(url).text
    assert page.count("<span>Promote</span>") == 1
    assert "the final model" in page
    row.hyperparameters = {"early_stopping": 2}
    at.session.commit()
    page = client.get(url).text
    assert page.count("<span>Promote</span>") == 2
