"""The short form of ``benchmarks/leak_meter.py``: nothing but the texts tells, and planted leaks show."""

import psycopg
import pytest
from fastapi.testclient import TestClient

from tests.factories import Factory
from tests.preferences.leak_meter import PLANTED, measure, serve
from tests.preferences.opened import Opened


@pytest.mark.parametrize("planted", [None, *PLANTED])
def test_the_meter(client: TestClient, factory: Factory, database_url: str, planted: str | None) -> None:
    opened = Opened(client, factory, cases=161, seed=11)
    if planted:
        with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as owner:
            for sql in PLANTED[planted]:
                owner.execute(sql)
    found = measure(list(serve(opened, client, 0)))
    assert found.pairs == 160
    # without a leak p is any number: at one in a hundred this would fail on every hundredth day
    assert found.p_value <= 0.01 if planted else found.p_value > 0.001, f"{planted}: {found}"
