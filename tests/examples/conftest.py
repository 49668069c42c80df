"""Fixtures of the examples stage."""

import pytest
from fastapi.testclient import TestClient

from tests.annotation.conftest import app_url
from tests.examples.factories import Api
from tests.factories import Factory

__all__ = ["app_url"]  # the same live server


@pytest.fixture
def api(client: TestClient, factory: Factory) -> Api:
    return Api(client, factory)
