"""A link shows one verdict to people without an account, until it ends or is taken back."""

import html
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, select

from app.core.clock import utcnow
from app.core.ids import token_hash
from app.decisions.links.models import VerdictLink
from app.decisions.models import VerdictView
from app.evals.blind import blind
from app.projects.models import Member
from tests.decisions.factories import ACCURACY, Desk
from tests.factories import Factory


@pytest.fixture
def desk(client: TestClient, factory: Factory) -> Desk:
    found = Desk(client, factory)
    found.set_gates(ACCURACY)
    found.measure()
    return found


def made(desk: Desk, **fields: object) -> dict[str, str]:
    answer = desk.client.post(f"{desk.api}/verdict-links", json=fields, headers=desk.headers)
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


def path(link: dict[str, str]) -> str:
    return "/shared/" + link["url"].rpartition("/")[2]


def opened(desk: Desk, link: dict[str, str]) -> int:
    desk.client.cookies.clear()
    return desk.client.get(path(link)).status_code


def test_a_stranger_reads_the_verdict_and_nothing_else(desk: Desk) -> None:
    answer = desk.client.get(path(made(desk)))
    assert answer.status_code == 200
    page = html.unescape(answer.text)
    assert "Ship: Tuned" in page
    assert "Task accuracy not worse" in page
    assert "written" in page
    assert f"/p/{desk.project.slug}" not in page, "no way into the project"
    for run in (desk.base_run, desk.tuned_run):
        assert run.id not in page
    assert 'content="noindex, nofollow"' in page
    assert answer.headers["x-robots-tag"] == "noindex, nofollow"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"


def test_only_a_hash_is_kept_and_looks_are_counted(desk: Desk) -> None:
    link = made(desk)
    token = link["url"].rpartition("/")[2]
    row = desk.factory.session.scalars(select(VerdictLink)).one()
    assert row.token_hash == token_hash(token)
    assert len(token) > 40
    desk.client.get(path(link))
    desk.client.get(path(link))
    listed = desk.client.get(f"{desk.api}/verdict-links", headers=desk.headers)
    assert token not in listed.text
    assert listed.json()["items"][0]["opened"] == 2
    assert desk.factory.session.scalars(select(VerdictView)).all() == [], "nobody of the project has read it"


def test_a_secret_is_not_kept_for_a_repeated_request(desk: Desk) -> None:
    headers = desk.headers | {"Idempotency-Key": "once"}
    first, second = (desk.client.post(f"{desk.api}/verdict-links", json={}, headers=headers).json() for _ in range(2))
    assert first["url"] != second["url"]


def test_it_ends_by_time_and_by_hand(desk: Desk) -> None:
    link, other = made(desk, days=7), made(desk)
    assert opened(desk, link) == opened(desk, other) == 200
    row = desk.factory.session.get_one(VerdictLink, link["id"])
    assert row.expires_at - utcnow() > timedelta(days=6)
    row.expires_at = utcnow()
    desk.factory.session.commit()
    assert (opened(desk, link), opened(desk, other)) == (404, 200)
    url = f"{desk.api}/verdict-links/{other['id']}"
    assert desk.client.delete(url, headers=desk.headers).json()["revoked_at"]
    assert opened(desk, other) == 404
    assert desk.client.delete(url, headers=desk.headers).status_code == 409
    assert desk.client.get("/shared/verdict_unknown").status_code == 404


def test_it_shows_no_more_than_its_maker_may_see(desk: Desk) -> None:
    link = made(desk)
    session = desk.factory.session
    blind(session, desk.tuned_run.id, [desk.tuned_run.id], [desk.owner.id])
    session.commit()
    assert opened(desk, link) == 404


def test_it_dies_with_its_makers_membership(desk: Desk) -> None:
    link = made(desk)
    desk.factory.session.execute(delete(Member).where(Member.user_id == desk.owner.id))
    desk.factory.session.commit()
    assert opened(desk, link) == 404


def test_made_and_revoked_on_the_page(desk: Desk) -> None:
    desk.factory.sign_in(desk.client, desk.owner)
    base = f"/p/{desk.project.slug}/decide"
    share = html.unescape(desk.client.get(base).text).split('href="' + base + "/links?")[1].split('"')[0]
    form = html.unescape(desk.client.get(f"{base}/links?{share}").text)
    assert "Tuned against Base" in form
    fields = {"baseline": desk.base.id, "candidate": desk.tuned.id, "test_set": desk.test_set.id}
    refused = desk.client.post(f"{base}/links", data=fields | {"days": "0"})
    assert refused.status_code == 422
    done = desk.client.post(f"{base}/links", data=fields | {"days": "7"})
    address = done.text.split('<code class="wrap">')[1].split("</code>")[0]
    assert desk.client.get("/shared/" + address.rpartition("/")[2]).status_code == 200
    row = desk.factory.session.scalars(select(VerdictLink)).one()
    assert address not in desk.client.get(f"{base}/links").text
    assert desk.client.post(f"{base}/links/{row.id}/revocation").status_code == 303
    assert f"by <bdi>{desk.owner.name}</bdi>" in desk.client.get(f"{base}/links").text


def test_a_viewer_shares_nothing(desk: Desk, factory: Factory) -> None:
    viewer = factory.bearer(factory.member(desk.project, "viewer"))
    assert desk.client.post(f"{desk.api}/verdict-links", json={}, headers=viewer).status_code == 403
    assert desk.client.get(f"{desk.api}/verdict-links", headers=viewer).status_code == 200
    stranger = factory.bearer(factory.user())
    assert desk.client.get(f"{desk.api}/verdict-links", headers=stranger).status_code == 404


def test_the_reader_is_told_what_changed(desk: Desk) -> None:
    desk.factory.sign_in(desk.client, desk.owner)
    base = f"/p/{desk.project.slug}/decide"
    assert "Since you last looked" not in desk.client.get(base).text
    assert "Since you last looked" not in desk.client.get(base).text
    desk.set_gates(ACCURACY | {"rule": "at_least", "value": 0.99})
    for _ in range(2):  # a reload loses nothing
        page = html.unescape(desk.client.get(base).text)
        assert "The verdict was “Ship” when you read it" in page
        assert "The gates changed since" in page
    row = desk.factory.session.scalars(select(VerdictView)).one()
    row.noticed_at = utcnow() - timedelta(hours=1)
    desk.factory.session.commit()
    assert "Since you last looked" not in desk.client.get(base).text
