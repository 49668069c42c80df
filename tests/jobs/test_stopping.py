"""Jobs hear that the worker stops, also those that begin their work after it was said."""

import pytest

from app.jobs import stopping


def test_it_is_said_once_and_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "_stopping", False)
    said: list[str] = []
    with stopping.when_stopping(lambda: said.append("early")):
        assert said == []
        stopping.tell_jobs()
    with stopping.when_stopping(lambda: said.append("late")):
        assert said == ["early", "late"]
    stopping.tell_jobs()
    assert said == ["early", "late"]
