"""A batch as the model would see it, before there is a job."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from app.engine.app import make_app
from app.engine.config import EngineConfig
from tests.engine.conftest import PAIRS, ROWS, TINY, Engine, chat_row

pytestmark = pytest.mark.engine


def preview(engine: Engine, **body: Any) -> dict[str, Any]:
    answer = httpx.post(f"{engine.url}/v1/fine_tuning/preview", json={"model": TINY} | body, timeout=60)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_the_tokens_that_carry_loss_are_marked_and_all_are_counted(engine: Engine) -> None:
    long = chat_row("x" * 5000, "no")
    found = preview(engine, rows=[chat_row("café", "naïve 🙂"), ROWS[0], {"messages": []}, long], show=1)
    tokens = found["rows"][0]["tokens"]
    assert "".join(token["text"] for token in tokens).endswith(
        "café<|im_end|>\n<|im_start|>assistant\nnaïve 🙂<|im_end|>\n"
    )
    assert "".join(token["text"] for token in tokens if token["trained"]) == "naïve 🙂<|im_end|>"
    assert [row["row"] for row in found["rows"]] == [1]
    assert found["rows"][0]["trained_tokens"] == len("naïve 🙂".encode()) + 1  # a byte each, and the end mark
    counts = found["counts"]
    assert (counts["rows"], counts["usable"]) == (4, 2)
    assert counts["trained_tokens"] == found["rows"][0]["trained_tokens"] + len("yes") + 1
    assert counts["longest_row"] == found["rows"][0]["total_tokens"] == len(tokens)
    assert [problem["row"] for problem in found["problems"]] == [3, 4]
    assert "the model reads 4,096" in found["problems"][1]["message"]


def test_a_preference_row_shows_both_answers(engine: Engine) -> None:
    found = preview(engine, method={"type": "dpo"}, rows=PAIRS[:2], show=1)
    learned = {
        row["side"]: "".join(token["text"] for token in row["tokens"] if token["trained"]) for row in found["rows"]
    }
    assert learned == {"preferred": "yes<|im_end|>", "non_preferred": "no<|im_end|>"}
    assert found["counts"]["trained_tokens"] == 2 * (len("yes") + 1 + len("no") + 1)


@pytest.mark.parametrize(
    ("adapter", "trainable"),
    [
        ({"type": "lora", "r": 4}, 2 * 4 * (4 * (64 + 64) + 3 * (64 + 128))),
        ({"type": "qlora", "r": 4, "target_modules": ["q_proj"]}, 2 * 4 * (64 + 64)),
        ({"type": "lora", "target_modules": ".*_proj"}, None),
        ({"type": "full"}, 98_816),
    ],
)
def test_the_sizes_that_an_estimate_needs(engine: Engine, adapter: dict[str, Any], trainable: int | None) -> None:
    found = preview(engine, adapter=adapter)
    assert found["base"]["parameters"] == 98_816
    assert found["base"]["linear_parameters"] == 2 * (4 * 64 * 64 + 3 * 64 * 128)
    assert found["base"]["trainable_parameters"] == trainable
    assert (found["base"]["hidden_size"], found["base"]["layers"], found["base"]["context"]) == (64, 2, 4096)
    assert found["machine"]["device"] == "cpu"
    assert found["machine"]["memory_bytes"] > 2**28


def test_a_hub_id_is_found_in_the_cache_or_the_refusal_says_where_to_put_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.engine import convert
    from app.engine.tiny import make_tiny

    cache = tmp_path / "hf" / "hub" / "models--acme--tiny-chat"
    (cache / "refs").mkdir(parents=True)
    (cache / "refs" / "main").write_text("a" * 40)
    (cache / "snapshots" / ("a" * 40)).mkdir(parents=True)
    make_tiny(cache / "snapshots" / ("a" * 40), convert.TEMPLATE.read_text())
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    config = EngineConfig(tmp_path / "home", prepare=False)
    with TestClient(make_app(config), base_url="http://127.0.0.1") as client:
        row = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
        told = client.post("/v1/fine_tuning/preview", json={"model": "acme/tiny-chat", "rows": [row]})
        assert told.status_code == 200, told.text
        assert told.json()["counts"]["rows"] == 1
        assert "acme--tiny-chat" in [model["id"] for model in client.get("/v1/models").json()["data"]]
        refused = client.post("/v1/fine_tuning/preview", json={"model": "acme/absent", "rows": [row]})
        assert refused.status_code == 404
        assert str(config.models / "acme--absent") in refused.json()["error"]["message"]
        for name in ("../etc/passwd", "a/b/c", "acme/../x"):
            assert client.post("/v1/fine_tuning/preview", json={"model": name}).status_code == 404
