"""The real small model: made from its wheel while the engine already answers, then asked something."""

import signal
from pathlib import Path

import httpx
import pytest

from app.engine.convert import gguf_file
from tests.engine.conftest import Engine, wait_for

pytestmark = [pytest.mark.engine, pytest.mark.slow]


def test_the_small_model_is_prepared_and_answers(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("trl")
    if gguf_file() is None:
        pytest.skip("the model wheel is not installed")
    engine = Engine(tmp_path, HOLDOUT_ENGINE_PREPARE="1")
    try:
        assert engine.start() < 10

        def health() -> dict[str, str]:
            return dict(httpx.get(f"{engine.url}/healthz").json())

        assert health()["model"] == "preparing"
        wait_for(lambda: health()["model"] == "ready", seconds=240)
        answer = engine.client.chat.completions.create(
            model="smollm2-135m-instruct",
            messages=[{"role": "user", "content": "What is the capital of France?"}],
            temperature=0,
            max_tokens=30,
        )
        assert "Paris" in (answer.choices[0].message.content or "")
        assert not list((tmp_path / "models").glob(".making-*"))
    finally:
        engine.stop(signal.SIGKILL)
