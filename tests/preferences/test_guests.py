"""Experts without an account: a link that opens one round's pairs and nothing else."""

import pytest
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from sqlalchemy import text
from starlette.routing import Route

from app.accounts.access import COOKIE
from app.preferences.guests import entry
from tests.conftest import the_app
from tests.factories import Factory
from tests.preferences.opened import Opened


@pytest.fixture
def opened(client: TestClient, factory: Factory) -> Opened:
    return Opened(client, factory)


def invite(opened: Opened, **fields: object) -> tuple[str, str]:
    """(invitation id, path of the link)."""
    made = opened.client.post(
        f"{opened.base}/{opened.round}/invitations", json={"name": "Dr. Okafor"} | fields, headers=opened.engineer
    )
    assert made.status_code == 201, made.text
    return made.json()["id"], "/invited/" + made.json()["url"].rpartition("/")[2]


def enter(client: TestClient, link: str) -> None:
    answer = client.post(link)
    assert answer.status_code == 303, answer.text


def pair_of(html: str) -> str:
    return html.split('name="pair_id" value="')[1].split('"')[0]


def test_a_guest_votes_and_counts(opened: Opened) -> None:
    client, url = opened.client, opened.page
    _id, link = invite(opened)
    assert client.get(link).status_code == 200
    enter(client, link)
    for _ in range(5):
        page = client.get(f"{url}/vote")
        assert page.status_code == 200
        assert "candidate-" not in page.text
        vote = {"pair_id": pair_of(page.text), "choice": "left", "rationale": "Clearer."}
        assert client.post(f"{url}/votes", data=vote, headers={"hx-request": "true"}).status_code == 200
    assert "All pairs are voted on" in client.get(f"{url}/vote").text
    assert client.post(f"{opened.base}/{opened.round}/close", headers=opened.engineer).status_code == 200
    found = client.get(f"{opened.base}/{opened.round}/results", headers=opened.engineer).json()
    assert ("Dr. Okafor", 5) in [(one["name"], one["votes"]) for one in found["reviewers"]]
    assert "This round is closed" in client.get(f"{url}/vote").text


def test_fewer_pairs_are_those_with_the_fewest_ballots(opened: Opened) -> None:
    invite(opened, pairs=2)
    invite(opened, pairs=3)
    counts = "select count(*) from ballot_pairs group by pair_id"
    assert sorted(row[0] for row in opened.factory.session.execute(text(counts))) == [3] * 5


def test_the_link_reaches_nothing_else(opened: Opened) -> None:
    """Every route of the program, with the ids of the guest's own project and round."""
    client = opened.client
    _id, link = invite(opened)
    enter(client, link)
    ids = {
        "slug": opened.project.slug, "round_id": opened.round, "run_id": opened.measured.runs[0].id,
        "set_id": opened.measured.test_set.id, "case_id": opened.measured.cases[0].id,
    }  # fmt: skip
    cookie = {"cookie": f"{entry.COOKIE}={link.rpartition('/')[2]}"}  # sent everywhere, as no browser would
    own = {"/vote", "/ahead", "/pairs/{pair_id}/sides", "/pairs/{pair_id}/skip", "/votes", "/undo", "/leaving"}
    reached = set()
    for context in iter_route_contexts(the_app().routes):
        path = context.path or ""
        if not isinstance(context.original_route, Route) or path.startswith(("/invited", "/sign-in", "/shared")):
            continue
        if path in ("/healthz", "/readyz", "/_patterns", "/api/v1/openapi.json"):
            continue
        for method in context.methods or ():
            at = path
            for name in getattr(context, "param_convertors", None) or {}:
                at = at.replace("{" + name + "}", ids.get(name, opened.round))
            answer = client.request(method, at, headers=cookie)
            refused = answer.status_code == 401 or answer.headers.get("location", "").startswith("/sign-in?")
            if not refused:
                reached.add(path.removeprefix("/p/{slug}/rounds/{round_id}"))
    assert reached <= own
    assert "/vote" in reached
    other = Opened(client, opened.factory)
    assert client.get(f"{other.page}/vote", headers=cookie).status_code == 404


def test_a_revoked_or_expired_link_opens_nothing(opened: Opened) -> None:
    client, url, session = opened.client, opened.page, opened.factory.session
    invitation, link = invite(opened)
    enter(client, link)
    vote = {"pair_id": pair_of(client.get(f"{url}/vote").text), "choice": "tie"}
    assert client.post(f"{url}/votes", data=vote, headers={"hx-request": "true"}).status_code == 200
    where = f"{opened.base}/{opened.round}/invitations"
    assert client.delete(f"{where}/{invitation}", headers=opened.engineer).status_code == 204
    assert client.get(f"{url}/vote").status_code == 303
    assert client.post(link).status_code == 404
    (line,) = client.get(where, headers=opened.engineer).json()["items"]
    assert (line["status"], line["progress"]) == ("revoked", {"done": 1, "total": 1})
    _id, second = invite(opened)
    session.execute(text("update round_invitations set expires_at = now() - interval '1 second'"))
    session.commit()
    assert client.post(second).status_code == 404
    assert client.post("/invited/guest_unknown").text.count("does not exist") == client.post(second).text.count(
        "does not exist"
    )


def test_the_token_is_not_kept_and_the_guest_has_no_account(opened: Opened) -> None:
    _id, link = invite(opened)
    token = link.rpartition("/")[2]
    session = opened.factory.session
    row = session.execute(text("select i::text, u::text from round_invitations i join users u on u.id = i.user_id"))
    assert token not in str(row.all())
    assert (
        session.execute(text("select count(*) from users where disabled_at is null and name like 'Dr.%'")).scalar() == 0
    )
    listed = opened.client.get(f"{opened.base}/{opened.round}/invitations", headers=opened.engineer)
    assert token not in listed.text


def test_who_is_signed_in_cannot_come_by_a_link(opened: Opened) -> None:
    client = opened.client
    _id, link = invite(opened)
    opened.factory.sign_in(client, opened.owner)
    assert client.post(link).status_code == 409
    enter_cookie = {"cookie": f"{COOKIE}={client.cookies[COOKIE]}; {entry.COOKIE}={link.rpartition('/')[2]}"}
    assert client.get(f"{opened.page}/vote", headers=enter_cookie).status_code == 404


def test_only_engineers_invite_and_only_while_it_is_open(opened: Opened) -> None:
    client, where = opened.client, f"{opened.base}/{opened.round}/invitations"
    assert client.post(where, json={"name": "X"}, headers=opened.voters[0]).status_code == 403
    assert client.get(where, headers=opened.voters[0]).status_code == 403
    page = opened.factory.sign_in(client, opened.owner)
    made = page.post(f"{opened.page}/guests", data={"name": "Dr. Okafor", "days": "7"})
    assert "/invited/guest_" in made.text
    assert "/invited/" not in page.get(f"{opened.page}/guests").text
    assert page.post(f"{opened.page}/guests", data={"name": ""}).status_code == 422
    client.post(f"{opened.base}/{opened.round}/close", headers=opened.engineer)
    assert client.post(where, json={"name": "Late"}, headers=opened.engineer).status_code == 409


@pytest.mark.usefixtures("one_window")
def test_many_tries_are_slowed_down(opened: Opened) -> None:
    answers = {opened.client.post(f"/invited/guest_{number}").status_code for number in range(62)}
    assert answers == {404, 429}


def test_guests_seated_at_the_opening_share_the_pairs(opened: Opened) -> None:
    """No member votes: the pairs go to two guests, who get their links afterwards."""
    client, session = opened.client, opened.factory.session
    body = opened.body(reviewers=[], guests=["Dr. Okafor", "Dr. Lind"], guest_days=7)
    made = client.post(opened.base, json=body, headers=opened.engineer)
    assert made.status_code == 201, made.text
    assert (made.json()["progress"]["total"], "url" in made.text) == (2 * 5, False)
    opened.round = made.json()["id"]
    where = f"{opened.base}/{opened.round}/invitations"
    lines = client.get(where, headers=opened.engineer).json()["items"]
    told = {(one["name"], one["status"], one["progress"]["total"]) for one in lines}
    assert told == {("Dr. Okafor", "no link", 5), ("Dr. Lind", "no link", 5)}
    links = [
        client.post(f"{where}/{lines[0]['id']}/tokens", headers=opened.engineer).json()["url"].rpartition("/")[2]
        for _ in range(2)
    ]
    assert client.post(f"/invited/{links[0]}").status_code == 404  # the second link took its place
    enter(client, f"/invited/{links[1]}")
    assert pair_of(client.get(f"{opened.page}/vote").text)
    days = "select extract(days from expires_at - created_at)::int from round_invitations where token_hash is not null"
    assert session.scalar(text(days)) == 7


def test_a_revoked_seat_gets_no_link(opened: Opened) -> None:
    client, where = opened.client, f"{opened.base}/{opened.round}/invitations"
    invitation, _link = invite(opened)
    client.delete(f"{where}/{invitation}", headers=opened.engineer)
    assert client.post(f"{where}/{invitation}/tokens", headers=opened.engineer).status_code == 409
    other, _link = invite(opened)
    client.post(f"{opened.base}/{opened.round}/close", headers=opened.engineer)
    assert client.post(f"{where}/{other}/tokens", headers=opened.engineer).status_code == 409


def test_the_form_seats_guests(opened: Opened) -> None:
    page, url = opened.factory.sign_in(opened.client, opened.owner), f"/p/{opened.project.slug}/rounds"
    form = {"run_ids": opened.body()["run_ids"], "guests": "Dr. Okafor\r\n\r\nDr. Lind", "guests_only": "true"}
    refused = page.post(url, data=form | {"votes_per_pair": "3"})
    assert (refused.status_code, "but 2 can vote" in refused.text) == (422, True)
    assert all(kept in refused.text for kept in ("Dr. Okafor", "Dr. Lind"))
    twice = page.post(url, data=form | {"guests": "Ana\nana"})
    assert (twice.status_code, "Each guest once" in twice.text) == (422, True)
    plan = page.get(f"{url}/new", params=form | {"votes_per_pair": "2"}, headers={"hx-request": "true"})  # type: ignore[arg-type]
    assert "10" in plan.text  # votes: two guests on five pairs
    made = page.post(url, data=form | {"votes_per_pair": "2"})
    assert made.status_code == 303
    listed = page.get(made.headers["location"])
    assert listed.text.count("no link") == 2
    assert "2 guests cannot vote yet" in listed.text
    link = listed.text.split('action="')[1:]
    action = next(part.split('"')[0] for part in link if part.split('"')[0].endswith("/link"))
    assert "/invited/guest_" in page.post(action).text
