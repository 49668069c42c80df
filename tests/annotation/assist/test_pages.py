"""Pages and API of model batches: choose, estimate, start, follow."""

from fastapi.testclient import TestClient

from app.annotation.assist.models import ModelBatch
from tests.annotation.assist.conftest import Bench, said
from tests.factories import Factory


def test_from_the_list_to_the_review(bench: Bench, factory: Factory, client: TestClient) -> None:
    one, other = bench.example("How do I cancel?"), bench.example("Where is my invoice?")
    factory.sign_in(client, bench.user)
    base = f"/p/{bench.project.slug}/variations"
    chosen = client.post(f"{base}/chosen", data={"ids": [one.id], "filter": ""})
    assert (chosen.status_code, chosen.headers["location"]) == (303, f"{base}/new?ids={one.id}")
    everything = client.post(f"{base}/chosen", data={"scope": "all", "filter": "status=approved"})
    assert everything.headers["location"] == f"{base}/new?status=approved"
    page = client.get(chosen.headers["location"]).text
    assert "1 example chosen" in page
    assert other.request not in page
    form = {"filter": f"ids={one.id}", "provider_id": bench.provider.id, "model": "small", "each": "2"}
    form |= {"wishes": "tone", "answers": "keep", "price_input": "1", "price_output": "2"}
    estimated = client.post(base, data=form | {"do": "estimate"})
    assert estimated.status_code == 200
    assert "At most $0.00" in estimated.text
    assert bench.double.requests == []
    assert bench.session.query(ModelBatch).count() == 0
    bench.double.script.default = said("end it", "stop it")
    started = client.post(base, data=form | {"do": "start"})
    assert started.status_code == 303
    assert 'hx-trigger="every 1s"' in client.get(started.headers["location"]).text
    bench.work()
    html = client.get(started.headers["location"]).text
    assert "2 variations" in html
    assert "/review?source=synthetic" in html
    assert "end it" in client.get(f"/p/{bench.project.slug}/review?source=synthetic").text


def test_what_is_wrong_is_named_and_nothing_typed_is_lost(bench: Bench, factory: Factory, client: TestClient) -> None:
    one = bench.example("How do I cancel?")
    factory.sign_in(client, bench.user)
    form = {"filter": f"ids={one.id}", "provider_id": bench.provider.id, "model": "gpt-x", "each": "99"}
    answer = client.post(f"/p/{bench.project.slug}/variations", data=form | {"wishes": "typos"})
    assert answer.status_code == 422
    assert 'value="gpt-x"' in answer.text
    assert 'value="typos" checked' in answer.text
    assert client.get(f"/p/{bench.project.slug}/variations/new?status=nonsense").status_code == 422


def test_the_api_does_the_same(bench: Bench, factory: Factory, client: TestClient) -> None:
    one = bench.example("How do I cancel?")
    headers = factory.bearer(bench.user)
    base = f"/api/v1/projects/{bench.project.slug}/variations"
    body = {"filter": {"ids": [one.id]}, "provider_id": bench.provider.id, "model": "small", "each": 1}
    estimate = client.post(f"{base}/estimate", json=body, headers=headers).json()
    assert (estimate["calls"], estimate["cost"], estimate["left_out"]) == (1, None, {})
    bench.double.script.default = said("end it")
    started = client.post(base, json=body, headers=headers)
    assert started.status_code == 202, started.text
    assert (started.json()["status"], started.json()["progress"]) == ("queued", {"done": 0, "total": 1})
    bench.work()
    done = client.get(f"{base}/{started.json()['id']}", headers=headers).json()
    assert (done["status"], done["made"], done["dropped"]) == ("succeeded", 1, {})
    assert client.get(base, headers=headers).json()["items"][0]["id"] == done["id"]
    with client.stream("GET", f"{base}/{done['id']}/events", headers=headers) as stream:
        assert "event: end" in "".join(stream.iter_text())


def test_spending_money_needs_an_engineer(bench: Bench, factory: Factory, client: TestClient) -> None:
    headers = factory.bearer(factory.member(bench.project, "annotator"))
    body = {"provider_id": bench.provider.id, "model": "small"}
    for kind in ("variations", "suggestions"):
        path = f"/api/v1/projects/{bench.project.slug}/{kind}"
        assert client.post(path, json=body, headers=headers).status_code == 403
        assert client.get(path, headers=headers).status_code == 200
