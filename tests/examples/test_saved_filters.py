"""Filters under a name: made, renamed, forgotten; shared by the team."""

import pytest
from fastapi.testclient import TestClient

from tests.examples.factories import add
from tests.factories import Factory


def test_a_team_shares_filters_by_the_api(client: TestClient, factory: Factory) -> None:
    project = factory.project()
    ana = factory.bearer(factory.member(project, "annotator"))
    ben = factory.bearer(factory.member(project, "annotator"))
    engineer = factory.bearer(factory.member(project, "engineer"))
    url = f"/api/v1/projects/{project.slug}/saved-filters"
    new = {"name": "Refunds", "filter": {"tag": "refund", "status": "to_review"}}
    made = client.post(url, json=new, headers=ana)
    assert (made.status_code, made.json()["filter"]) == (201, {"tag": "refund", "status": "to_review"})
    assert client.post(url, json=new, headers=ben).status_code == 409
    one = f"{url}/{made.json()['id']}"
    assert client.patch(one, json={"name": "Mine"}, headers=ben).status_code == 403
    assert client.patch(one, json={"name": "Refunds to do"}, headers=engineer).json()["name"] == "Refunds to do"
    assert [item["name"] for item in client.get(url, headers=ben).json()["items"]] == ["Refunds to do"]
    assert client.delete(one, headers=ana).status_code == 204
    assert client.get(url, headers=ben).json()["items"] == []


@pytest.mark.parametrize(
    "body",
    [{"name": "All", "filter": {}}, {"name": "", "filter": {"tag": "x"}}, {"name": "x", "filter": {"status": "odd"}}],
)
def test_what_is_no_filter_is_refused(client: TestClient, factory: Factory, body: dict[str, object]) -> None:
    project = factory.project()
    headers = factory.bearer(factory.member(project, "annotator"))
    assert client.post(f"/api/v1/projects/{project.slug}/saved-filters", json=body, headers=headers).status_code == 422


def test_chips_lead_to_the_list_and_a_taken_name_is_said(client: TestClient, factory: Factory) -> None:
    project = factory.project()
    add(factory.session, project, request="Refund me", tags=["refund"])
    factory.sign_in(client, factory.member(project, "annotator"))
    base = f"/p/{project.slug}"
    form = {"name": "Refunds", "filter": "tag=refund"}
    saved = client.post(f"{base}/saved-filters", data=form)
    assert (saved.status_code, saved.headers["location"]) == (303, f"{base}/examples?tag=refund")
    page = client.get(saved.headers["location"]).text
    assert f'href="{base}/examples?tag=refund"' in page
    assert "Forget it" in page
    again = client.post(f"{base}/saved-filters", data=form)
    assert again.status_code == 409
    assert "already a saved filter" in again.text
    factory.sign_in(client, factory.member(project, "viewer"))
    assert "Forget it" not in client.get(saved.headers["location"]).text


def test_rows_of_a_page(client: TestClient, factory: Factory) -> None:
    project = factory.project()
    for number in range(27):
        add(factory.session, project, request=f"Request {number}")
    factory.sign_in(client, factory.member(project, "viewer"))
    base = f"/p/{project.slug}/examples"
    page = client.get(f"{base}?rows=25").text
    assert page.count("data-row=") == 25
    assert "rows=25&amp;cursor=" in page
    assert client.get(f"{base}?rows=7").text.count("data-row=") == 27
