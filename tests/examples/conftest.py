"""Fixtures of the examples stage."""

import pytest
from fastapi.testclient import TestClient

from tests.examples.factories import Api
from tests.factories import Factory


@pytest.fixture
def api(client: TestClient, factory: Factory) -> Api:
    return Api(client, factory)
