"""Runs side by side, the list narrowed by its address, and a run as a folder for another trainer."""

import ast
import io
import json
import zipfile
from datetime import UTC, date, datetime
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient

from app.finetunes.models import FineTune, FineTuneEvent
from app.gateway.shutdowns import last_job, shutdown
from tests.factories import Factory
from tests.finetunes.factories import Ready, ready

OPENAI = "https://api.openai.com/v1"
ADAPTER = {
    "type": "qlora", "r": 8, "alpha": 16.0, "dropout": 0.1, "learning_rate": 0.0005,
    "target_modules": '["q_proj","v_proj"]',
}  # fmt: skip
SETTLED = {"n_epochs": 2, "batch_size": 8, "learning_rate_multiplier": 2.0, "seed": 7, "adapter": ADAPTER}


@pytest.fixture
def at(factory: Factory, client: TestClient) -> Ready:
    found = ready(factory, "http://127.0.0.1:9/v1", "local_engine")
    factory.sign_in(client, found.user)
    client.headers.update(factory.bearer(found.user))
    return found


def run(at: Ready, losses: list[float] = (), **fields: Any) -> FineTune:  # type: ignore[assignment]
    row = at.launch(override_reason="for the test")
    for name, value in fields.items():
        setattr(row, name, value)
    for step, value in enumerate(losses, 1):
        at.session.add(
            FineTuneEvent(
                fine_tune_id=row.id, provider_event_id=f"e{step}", at=datetime.now(UTC), kind="metrics", level="info",
                message="", data={"step": step, "train_loss": value, "valid_loss": value + 0.5},
            )
        )  # fmt: skip
    at.session.commit()
    return row


def test_settings_that_differ_are_marked_and_the_lower_loss_too(client: TestClient, at: Ready) -> None:
    one = run(at, [2.0, 1.0], settled_hyperparameters={"n_epochs": 3, "batch_size": 4})
    two = run(at, [2.0, 0.25], settled_hyperparameters={"n_epochs": 9, "batch_size": 4}, method="qlora")
    page = client.get(f"/p/{at.project.slug}/fine-tunes/compare", params={"run": [one.id, two.id]})
    assert page.status_code == 200
    rows = {line.split("</th>")[0].split(">")[-1].strip() or line: line for line in page.text.split("<tr>")}
    assert "<strong>9</strong>" in page.text
    assert "<strong>4</strong>" not in page.text
    assert page.text.index("0.7500") < page.text.index("lowest", page.text.index("0.7500"))
    assert f"fine-tune {two.number}" in page.text
    assert rows
    alone = client.get(f"/p/{at.project.slug}/fine-tunes/compare", params={"run": [one.id]})
    assert alone.status_code == 422
    elsewhere = client.get(f"/p/{at.project.slug}/fine-tunes/compare", params={"run": [one.id, at.project.id]})
    assert elsewhere.status_code == 404


def test_the_list_is_narrowed_by_its_address(client: TestClient, at: Ready) -> None:
    one, two = run(at, status="failed", method="full"), run(at, base_model="other-base")
    base = f"/p/{at.project.slug}/fine-tunes"
    api = f"/api/v1/projects/{at.project.slug}/fine-tunes"
    for query, wanted in {
        "status=failed": [one], "method=lora": [two], "base_model=other-base": [two], "q=OTHER": [two],
        f"q=fine-tune+{one.number}": [one], f"created_by={at.user.id}": [two, one], "provider_id=none": [],
        f"provider_id={at.provider.id}&method=full": [one], "q=%25": [],
    }.items():  # fmt: skip
        found = [item["id"] for item in client.get(f"{api}?{query}").json()["items"]]
        assert found == [row.id for row in wanted], query
        page = client.get(f"{base}?{query}").text
        assert all((f"/fine-tunes/{row.id}" in page) is (row in wanted) for row in (one, two)), query
    assert "No fine-tune matches" in client.get(f"{base}?q=nothing-like-it").text


def folder(client: TestClient, at: Ready, row: FineTune, format: str) -> dict[str, bytes]:
    answer = client.get(f"/api/v1/projects/{at.project.slug}/fine-tunes/{row.id}/export", params={"format": format})
    assert answer.status_code == 200, answer.text
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def test_a_run_goes_out_with_its_own_settings(client: TestClient, at: Ready) -> None:
    row = run(at, method="qlora", settled_hyperparameters=SETTLED)
    factory = yaml.safe_load(folder(client, at, row, "llama_factory")["train.yaml"])
    assert {
        "lora_rank": 8, "lora_alpha": 16, "lora_target": "q_proj,v_proj", "quantization_bit": 4, "learning_rate": 0.001,
        "num_train_epochs": 2, "per_device_train_batch_size": 8, "gradient_accumulation_steps": 1, "seed": 7,
    }.items() <= factory.items()  # fmt: skip
    axolotl = yaml.safe_load(folder(client, at, row, "axolotl")["config.yaml"])
    assert {
        "adapter": "qlora", "load_in_4bit": True, "lora_r": 8, "lora_target_modules": ["q_proj", "v_proj"],
        "learning_rate": 0.001, "num_epochs": 2, "micro_batch_size": 8, "lr_scheduler": "linear",
    }.items() <= axolotl.items()  # fmt: skip
    whole = run(at, method="full", settled_hyperparameters={"n_epochs": 1, "adapter": {"learning_rate": 0.0001}})
    assert "lora_rank" not in yaml.safe_load(folder(client, at, whole, "llama_factory")["train.yaml"])
    assert b"LoraConfig" not in folder(client, at, whole, "trl")["train.py"]


@pytest.mark.parametrize("format", ["trl", "llama_factory", "axolotl"])
def test_the_rows_are_those_that_were_trained_on(client: TestClient, at: Ready, format: str) -> None:
    row = at.launch(validation_share=0.25)
    files = folder(client, at, row, format)
    trained, held = (files[name].splitlines() for name in ("train.jsonl", "validation.jsonl"))
    assert len(trained) + len(held) == at.version.size
    assert held
    assert not set(trained) & set(held)
    assert json.loads(files["check.json"])["rows"] == len(trained)
    assert at.version.content_hash.encode() in files["README.md"]
    assert f"those of fine-tune {row.number}".encode() in files["README.md"]


@pytest.mark.engine
def test_trl_s_own_parser_takes_the_settings(client: TestClient, at: Ready) -> None:
    pytest.importorskip("trl")
    from peft import LoraConfig
    from transformers import BitsAndBytesConfig
    from trl import SFTConfig

    script = folder(client, at, run(at, method="qlora", settled_hyperparameters=SETTLED), "trl")["train.py"]
    calls = {
        node.func.id: node
        for node in ast.walk(ast.parse(script))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    known = {"SFTConfig": SFTConfig, "LoraConfig": LoraConfig, "BitsAndBytesConfig": BitsAndBytesConfig}

    def made(name: str) -> Any:
        keywords = {k.arg: eval(compile(ast.Expression(k.value), name, "eval"), known) for k in calls[name].keywords}
        return known[name](**keywords | ({"use_cpu": True, "bf16": False} if name == "SFTConfig" else {}))

    config, lora = made("SFTConfig"), made("LoraConfig")
    assert (config.learning_rate, config.num_train_epochs, config.per_device_train_batch_size) == (0.001, 2, 8)
    assert config.model_init_kwargs["quantization_config"].load_in_4bit
    assert (lora.r, lora.lora_alpha, set(lora.target_modules)) == (8, 16, {"q_proj", "v_proj"})


def test_shutdown_dates_by_the_providers_list_first_and_of_what_was_tuned_on_it() -> None:
    listed = [{"id": "gpt-4o-mini-2024-07-18", "shutdown_date": "2030-02-01"}]
    tuned = "ft:gpt-4o-mini-2024-07-18:team::x1"
    by_list, by_table = shutdown(OPENAI, listed, tuned), shutdown(OPENAI, [], tuned)
    assert by_list is not None
    assert by_table is not None
    assert (by_list.on, by_table.on) == (date(2030, 2, 1), date(2027, 1, 14))
    assert not by_list.is_near(date(2026, 11, 27))
    assert by_table.is_near(date(2026, 11, 27))
    assert "in 48 days" in by_table.sentence(date(2026, 11, 27))
    assert "was shut down" in by_table.sentence(date(2027, 1, 14))
    assert shutdown("http://127.0.0.1:9/v1", [], tuned) is None
    assert shutdown(OPENAI, [{"id": "gpt-9", "shutdown_date": "soon"}], "gpt-9") is None
    assert "until 6 January 2027" in str(last_job(OPENAI, date(2026, 11, 27)))
    assert last_job("https://api.together.ai/v1", date(2026, 11, 27)) is None


def test_a_launch_and_a_candidate_say_when_the_model_ends(client: TestClient, at: Ready) -> None:
    at.provider.models = [{"id": "tiny-random-llama", "kind": "base", "shutdown_date": "2020-01-01"}]
    at.session.commit()
    page = client.get(f"/p/{at.project.slug}/fine-tunes/new").text
    assert page.count("tiny-random-llama was shut down on 1 January 2020") == 2  # beside the field and in the preflight
    found = client.post(f"/api/v1/projects/{at.project.slug}/fine-tunes/preflight", json=at.body()).json()
    assert "shutdown" in [warning["key"] for warning in found["warnings"]]
    candidate = client.get(f"/p/{at.project.slug}/candidates/{at.baseline.id}").text
    assert "was shut down on 1 January 2020" in candidate
