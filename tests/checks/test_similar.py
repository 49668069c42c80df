"""Examples like one, by page and API."""

from fastapi.testclient import TestClient

from tests.examples.factories import add
from tests.factories import Factory


def test_the_closest_first_and_only_of_this_project(client: TestClient, factory: Factory) -> None:
    project, foreign = factory.project(), factory.project()
    first = add(factory.session, project, request="Can I get a refund for my annual plan?")
    near = add(factory.session, project, request="Can I get a refund for the annual plan please?")
    add(factory.session, project, request="Where is the office?")
    add(factory.session, foreign, request="Can I get a refund for my annual plan?")
    headers = factory.bearer(factory.member(project, "viewer"))
    url = f"/api/v1/projects/{project.slug}/examples"
    items = client.get(f"{url}/{first.id}/similar", headers=headers).json()["items"]
    assert items[0]["example_id"] == near.id
    assert 0.5 <= items[0]["similarity"] <= 1
    assert client.get(f"{url}/{first.id}/similar?limit=0", headers=headers).status_code == 422
    factory.sign_in(client, factory.member(project, "viewer"))
    page = f"/p/{project.slug}/examples/{first.id}/similar"
    part = client.get(page, headers={"hx-request": "true"}).text
    assert f"#{near.number}" in part
    assert "<html" not in part
    assert "closest by" in client.get(page).text
    assert client.get(f"/p/{foreign.slug}/examples/{first.id}/similar").status_code == 404
