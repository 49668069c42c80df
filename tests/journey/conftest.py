"""One running product for the journeys, with the real engine where PyTorch is installed."""

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from tests.journey.stack import Stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    if find_spec("torch") is None:
        pytest.skip("the journeys train a model: install the engine extra")
    running = Stack()
    yield running
    running.stop()
