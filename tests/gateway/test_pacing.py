"""Within any minute no more goes out than a provider's limits allow."""

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from app.core.ids import new_id
from app.gateway.models import Provider
from app.gateway.pacing import Pace, pace_of
from tests.factories import Factory


def sent(pace: Pace, calls: int, tokens: int) -> list[float]:
    """When each of many calls goes out, each as soon as it may and answered at once."""
    now, times = 0.0, []
    for _ in range(calls):
        now += pace.wait(now)
        assert pace.wait(now) == pytest.approx(0, abs=1e-6)
        pace.took(pace.take(now), tokens)
        times.append(now)
    return times


@given(st.integers(1, 20), st.integers(1, 60))
def test_requests(limit: int, calls: int) -> None:
    times = sent(Pace(limit, None), calls, 10)
    for start in times:
        assert sum(start <= at < start + 59.999 for at in times) <= limit
    assert times[-1] == pytest.approx((calls - 1) // limit * 60)


@given(st.integers(100, 5_000), st.integers(1, 60))
def test_tokens(limit: int, calls: int) -> None:
    times = sent(Pace(None, limit), calls, 100)
    for start in times:
        assert sum(100 for at in times if start <= at < start + 59.999) <= limit
    assert times[-1] == pytest.approx((calls - 1) // (limit // 100) * 60)


def test_a_call_larger_than_the_limit_goes_out_alone() -> None:
    assert sent(Pace(None, 50), 3, 100) == [0, 60, 120]


def test_what_did_not_go_out_leaves_its_place() -> None:
    pace = Pace(1, None)
    taken = pace.take(0.0)
    assert pace.wait(1.0) == 59.0
    pace.put_back(taken)
    assert pace.wait(1.0) == 0.0


def test_runs_of_one_worker_share_a_providers_pace() -> None:
    provider = new_id()
    assert pace_of(provider, None, None) is None
    first = pace_of(provider, 5, None)
    second = pace_of(provider, 7, 100)
    assert first is second
    assert second is not None
    assert (second.requests, second.tokens) == (7, 100)


def test_without_limits_nothing_waits() -> None:
    pace = Pace(None, None)
    for _ in range(1_000):
        pace.take(0.0)
    assert pace.wait(0.0) == 0.0


def test_limits_on_the_page_and_over_the_api(client: TestClient, factory: Factory) -> None:
    admin = factory.user(is_instance_admin=True)
    factory.sign_in(client, admin)
    form = {
        "name": "Paced",
        "base_url": "https://paced.example/v1",
        "max_concurrency": "4",
        "tokens_per_minute": "9000",
    }
    here = client.post("/providers", data=form | {"requests_per_minute": "0"})
    assert here.status_code == 422
    assert 'value="9000"' in here.text
    here = client.post("/providers", data=form | {"requests_per_minute": "60"})
    url = here.headers["location"]
    assert "9,000" in client.get(url).text
    assert client.post(url, data=form | {"requests_per_minute": "", "tokens_per_minute": ""}).status_code == 303
    row = factory.session.query(Provider).filter_by(name="Paced").one()
    assert (row.requests_per_minute, row.tokens_per_minute) == (None, None)
    headers = factory.bearer(admin)
    told = client.patch(f"/api/v1{url}", json={"requests_per_minute": 30}, headers=headers).json()
    assert (told["requests_per_minute"], told["max_concurrency"]) == (30, 4)
