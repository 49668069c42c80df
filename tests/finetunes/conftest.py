from collections.abc import Callable, Iterator

import pytest

from tests.doubles.fine_tuning import Script, Tuning, running
from tests.factories import Factory
from tests.finetunes.factories import Ready, ready

Begin = Callable[..., tuple[Ready, Tuning]]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that a test need not sit through."""
    from app.finetunes import launching, runner, watching

    monkeypatch.setattr(watching, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(watching, "TROUBLE_SECONDS", 0.02)
    monkeypatch.setattr(runner, "TROUBLE_SECONDS", 0.02)
    monkeypatch.setattr(launching, "PAUSE", 0.05)
    monkeypatch.setattr(launching, "OTHERS_SETTLE", 0.3)
    monkeypatch.setitem(launching.SETTLE_SECONDS, "local_engine", 0.3)
    monkeypatch.setattr(launching, "ASK_SECONDS", 0.3)


@pytest.fixture
def begin(factory: Factory, quick: None) -> Iterator[Begin]:
    """A provider double that follows a script, and a project that is ready to launch there."""
    open_doubles = []

    def make(script: Script | None = None, kind: str = "openai", examples: int = 12) -> tuple[Ready, Tuning]:
        double = running(script)
        open_doubles.append(double)
        tuning = double.__enter__()
        return ready(factory, tuning.base_url, kind, examples), tuning

    yield make
    for double in open_doubles:
        double.__exit__(None, None, None)
