"""Tuned models in and out, by the stock client's paths and a few of ours."""

import io
import json
import tarfile
import time
from typing import Any

import httpx
import pytest

from tests.engine.conftest import TINY, Engine

pytestmark = pytest.mark.engine


def download(engine: Engine, model: str, **options: str) -> dict[str, bytes]:
    answer = httpx.get(f"{engine.url}/v1/models/{model}/archive", params=options, timeout=60)
    assert answer.status_code == 200, answer.text
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as tar:
        return {member.name.rpartition("/")[2]: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


def archive(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"../{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def take(engine: Engine, body: bytes, base: str = TINY) -> httpx.Response:
    file = engine.client.files.create(file=("adapter.tgz", body), purpose="user_data")
    return httpx.post(f"{engine.url}/v1/models", json={"file": file.id, "base": base, "suffix": "again"}, timeout=60)


def ask(engine: Engine, model: str) -> str | None:
    answer = engine.client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": "question 3"}], temperature=0, max_tokens=9
    )
    return answer.choices[0].message.content


def test_an_adapter_goes_out_and_comes_in_again(engine: Engine, tuned: Any) -> None:
    files = download(engine, tuned.fine_tuned_model)
    assert "adapter_model.safetensors" in files
    assert "model.json" not in files
    config = json.loads(files["adapter_config.json"]) | {"megatron_core": "os", "megatron_config": {"x": 1}}
    taken = take(engine, archive(files | {"adapter_config.json": json.dumps(config).encode()}))
    assert taken.status_code == 200, taken.text
    model = taken.json()
    assert model["id"].startswith(f"ft:{TINY}:again:")
    assert model["fine_tuning_job"] is None
    assert ask(engine, model["id"]) == "yes"
    assert "megatron" not in download(engine, model["id"])["adapter_config.json"].decode()
    nothing_left(engine)


def nothing_left(engine: Engine) -> None:
    """The engine tidies up after the last byte, so the client may look too soon."""
    deadline = time.monotonic() + 10
    while list(engine.home.glob(".archive-*")):
        assert time.monotonic() < deadline, "a download left its files behind"
        time.sleep(0.02)


def test_a_merged_export_is_a_model_of_its_own(engine: Engine, tuned: Any) -> None:
    files = download(engine, tuned.fine_tuned_model, merged="true")
    folder = engine.home / "models" / "merged"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    assert ask(engine, "merged") == "yes"


def test_vllm_is_told_the_same_name_and_folders(engine: Engine, tuned: Any) -> None:
    model: Any = engine.client.models.retrieve(tuned.fine_tuned_model)
    folder = engine.home / "tuned" / model.id.rpartition(":")[2]
    assert model.serve_command == (
        f"vllm serve {engine.home}/models/{TINY} --enable-lora --max-lora-rank 8 --lora-modules {model.id}={folder}"
    )


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"no archive", "not a tar of an adapter folder"),
        (archive({"readme.md": b"x"}), "no readable adapter_config.json"),
        (archive({"adapter_config.json": b'{"peft_type": "IA3"}'}), "Only LoRA adapters"),
        (archive({"adapter_config.json": b'{"peft_type": "LORA"}'}), "no adapter_model.safetensors"),
        (
            archive({"adapter_config.json": b'{"peft_type": "LORA"}', "adapter_model.safetensors": b"x"}),
            "cannot be read",
        ),
    ],
)
def test_what_is_no_adapter_is_refused(engine: Engine, body: bytes, says: str) -> None:
    refused = take(engine, body)
    assert refused.status_code == 400
    assert says in refused.json()["error"]["message"]
    assert refused.json()["error"]["param"] == "file"


def test_an_adapter_for_another_base_is_refused(engine: Engine) -> None:
    from safetensors.numpy import save

    numpy = pytest.importorskip("numpy")
    name = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"
    weights = save({name: numpy.zeros((4, 96), dtype="float32")})
    body = archive({"adapter_config.json": b'{"peft_type": "LORA"}', "adapter_model.safetensors": weights})
    assert "does not fit the base" in take(engine, body).json()["error"]["message"]
