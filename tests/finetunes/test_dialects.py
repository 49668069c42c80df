"""Providers that say it otherwise: what they are told, what they answer, and what is made of it."""

import dataclasses
from typing import Any

import pytest

from app.core.errors import Invalid
from app.finetunes import answers, dialects
from app.finetunes.dialects import AZURE, DIALECTS, ENGINE, FIREWORKS, OPENAI, TOGETHER, Dialect, Order
from app.finetunes.rules import ENDED
from tests.doubles.dialects import Azure, Together
from tests.doubles.fine_tuning import Script, running
from tests.factories import Factory
from tests.finetunes.factories import ready
from tests.finetunes.test_launching import work

SETTINGS = {"n_epochs": 2, "batch_size": 8, "learning_rate_multiplier": 0.5, "beta": 0.2, "seed": 7,
            "adapter.r": 4, "adapter.learning_rate": 0.001, "early_stopping": 3}  # fmt: skip
ORDER = Order("base", "lora", "supervised", "file-1", "file-2", "v1-abc", "token", SETTINGS)
DPO = dataclasses.replace(ORDER, objective="dpo")


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://api.openai.com/v1", "OpenAI"),
        ("https://team.openai.azure.com/openai/v1", "Azure OpenAI"),
        ("https://api.together.xyz/v1", "Together AI"),
        ("https://api.fireworks.ai/inference/v1", "Fireworks AI"),
        ("https://evil-api.together.xyz.example/v1", "OpenAI"),
        ("http://10.0.0.4:8000/v1", "OpenAI"),
    ],
)
def test_a_provider_is_known_by_its_host(url: str, name: str) -> None:
    assert dialects.of("openai", url).name == name
    assert dialects.of("local_engine", url) is ENGINE


def test_where_no_job_can_be_created_a_launch_is_refused_by_name(
    factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialects, "of", lambda kind, url: FIREWORKS)
    at = ready(factory, "http://127.0.0.1:9/v1")
    with pytest.raises(Invalid, match="Jobs at Fireworks AI cannot be created from here yet"):
        at.launch()


@pytest.mark.parametrize("dialect", [one for one in DIALECTS if one.speaks], ids=lambda one: one.name)
def test_every_dialect_can_end_and_never_by_an_unknown_word(dialect: Dialect) -> None:
    ours = set(dialect.statuses.values())
    assert set(ENDED) <= ours
    assert ours <= {"queued", "running", "paused", *ENDED}
    for word in ("", "warming_up", "SUCCEEDED", "succeeded ", "almost_done"):
        assert dialect.our_status(word) == "running"
    assert dialect.source
    assert dialect.read_on.startswith("20")


def test_only_the_engines_pause_waits_for_us() -> None:
    """A job that is paused elsewhere goes on being watched: nobody here could wake it."""
    assert {d.name for d in DIALECTS if d.our_status("paused") == "paused"} == {"local engine"}


@pytest.mark.parametrize(
    ("dialect", "word", "ours"),
    [
        (AZURE, "notRunning", "queued"),
        (AZURE, "canceled", "cancelled"),
        (TOGETHER, "completed", "succeeded"),
        (TOGETHER, "compressing", "running"),
        (TOGETHER, "cancel_requested", "running"),
        (TOGETHER, "user_error", "failed"),
    ],
)
def test_their_word_and_ours(dialect: Dialect, word: str, ours: str) -> None:
    assert dialect.our_status(word) == ours


def test_openai_is_told_by_its_own_names_and_nothing_else() -> None:
    body = OPENAI.body(ORDER)
    assert body["method"] == {
        "type": "supervised",
        "supervised": {"hyperparameters": {"n_epochs": 2, "batch_size": 8, "learning_rate_multiplier": 0.5}},
    }
    assert (body["seed"], body["validation_file"]) == (7, "file-2")
    assert body["metadata"] == {"holdout_launch": "token"}
    assert OPENAI.body(DPO)["method"]["dpo"]["hyperparameters"]["beta"] == 0.2
    bare = dataclasses.replace(ORDER, settings={}, validation_file=None)
    assert "method" not in OPENAI.body(bare)
    assert OPENAI.body(dataclasses.replace(bare, objective="dpo"))["method"] == {
        "type": "dpo",
        "dpo": {"hyperparameters": {}},
    }


def test_the_engine_is_told_of_its_adapter_beside_it() -> None:
    body = ENGINE.body(ORDER)
    assert body["adapter"] == {"r": 4, "learning_rate": 0.001, "type": "lora"}
    assert body["early_stopping_patience"] == 3
    assert body["method"]["type"] == "supervised"


def test_together_is_told_in_its_shape() -> None:
    together = TOGETHER.body(DPO)
    assert together["training_type"] == {"type": "Lora", "lora_r": 4, "lora_alpha": 8}
    assert together["training_method"] == {"method": "dpo", "dpo_beta": 0.2}
    assert (together["n_epochs"], together["learning_rate"], together["validation_file"]) == (2, 0.001, "file-2")
    assert "metadata" not in together
    assert "learning_rate_multiplier" not in together


@pytest.mark.parametrize(
    "broken", [{"events": "x", "status": "error", "id": "1"}, {"id": "1", "status": "error", "events": [[]]}]
)
def test_a_broken_answer_is_no_crash(broken: dict[str, Any]) -> None:
    assert answers.read_job(broken, TOGETHER).standing == "failed"


@pytest.mark.usefixtures("quick")
def test_together_from_launch_to_candidate(factory: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialects, "of", lambda kind, url: TOGETHER)
    script = Script(statuses=["pending", "queued", "running", "uploading"], ends="completed")
    script.faults = {"POST /fine-tunes": ["lost"]}  # no marks are kept there: the file proves which job is ours
    with running(script, Together) as tuning:
        at = ready(factory, tuning.base_url)
        row = at.launch(hyperparameters={"n_epochs": 2, "adapter": {"r": 4}})
        work(row.id)
        assert at.seen(row).status == "succeeded", row.error
    (body,) = tuning.bodies
    assert body["training_type"]["lora_r"] == 4
    assert len(tuning.jobs) == 1
    assert row.provider_status == "completed"
    assert row.fine_tuned_model == f"team/{row.base_model}-{row.provider_job_id}"
    assert (row.trained_tokens, row.settled_hyperparameters) == (
        4200,
        {"n_epochs": 3, "batch_size": "max", "lora_r": 8},
    )


@pytest.mark.usefixtures("quick")
def test_azure_takes_the_file_in_before_the_job(factory: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialects, "of", lambda kind, url: AZURE)
    monkeypatch.setattr("app.finetunes.provider.FILE_PAUSE", 0.01)
    with running(Script(statuses=["notRunning", "running"], ends="canceled"), Azure) as tuning:
        at = ready(factory, tuning.base_url)
        row = at.launch()
        work(row.id)
        assert (at.seen(row).status, row.provider_status) == ("cancelled", "canceled")
        assert tuning.count("POST /fine_tuning/jobs") == 1
