"""Nothing but the texts tells two candidates apart, and nothing but the texts changes when they change places."""

import re
from itertools import pairwise

from fastapi.testclient import TestClient
from sqlalchemy import text

from tests.factories import Factory
from tests.preferences.opened import Opened

OTHERS = {"date", "content-length"}
TEXTS = "update ballots set text_a = 'Aleph' || position, text_b = 'Bet' || position"  # not a word in common
SWAP = "update ballots set text_a = text_b, text_b = text_a"


def places(body: str) -> str:
    """The answer with the two texts under one name for each place, in reading order."""
    found: dict[str, str] = {}
    return re.sub(r"(Aleph|Bet)\d+", lambda match: found.setdefault(match.group(), f"place {len(found) + 1}"), body)


def everything(opened: Opened) -> list[tuple[int, dict[str, str], str]]:
    """Every kind of answer that a voter gets, without what tells one request from another (times, rest of a minute)."""
    client, url = opened.client, opened.page
    pair = client.post(f"{opened.base}/{opened.round}/next", headers=opened.voters[0]).json()["pair_id"]
    htmx = {"hx-request": "true"}
    wrong = {"pair_id": pair, "choice": "neither"}
    answers = [
        client.post(f"{opened.base}/{opened.round}/next", headers=opened.voters[0]),
        client.get(f"{url}/vote"),
        client.get(f"{url}/vote?differences=true"),
        client.get(f"{url}/pairs/{pair}/sides", headers=htmx),
        client.get(f"{url}/pairs/{pair}/sides?differences=true", headers=htmx),
        client.post(f"{url}/ahead", data={"shown": pair}, headers=htmx),
        client.post(f"{url}/votes", data=wrong, headers=htmx),
        client.get(f"{url}/pairs/{opened.round}/sides", headers=htmx),
        client.get(url),
    ]
    shown = []
    for answer in answers:
        headers = {name: value for name, value in answer.headers.items() if name not in OTHERS}
        shown.append((answer.status_code, headers, places(answer.text)))
    return shown


def test_swapping_a_and_b_changes_only_which_text_stands_where(client: TestClient, factory: Factory) -> None:
    opened = Opened(client, factory)
    factory.session.execute(text(TEXTS))
    factory.session.commit()
    factory.sign_in(client, opened.people[0])
    before = everything(opened)
    first = client.get(f"{opened.page}/vote").text
    factory.session.execute(text(SWAP))
    factory.session.commit()
    after = everything(opened)
    second = client.get(f"{opened.page}/vote").text
    assert [status for status, _headers, _body in before] == [200] * 6 + [422, 404, 200]
    assert sum("place 2" in body for _status, _headers, body in before) == 7
    assert before == after
    assert first != second
    swapped = re.sub("Aleph|Bet", lambda match: {"Aleph": "Bet", "Bet": "Aleph"}[match.group()], first)
    assert swapped == second, "byte for byte, but for the texts"


def test_no_answer_names_a_candidate(client: TestClient, factory: Factory) -> None:
    opened = Opened(client, factory)
    factory.sign_in(client, opened.people[0])
    made = opened.measured
    secrets = ["candidate-", "secret-model", "secret system", "12.5", *(run.id for run in made.runs)]
    secrets += [*(case.id for case in made.cases), made.test_set.id, *(run.candidate_id for run in made.runs)]
    for status, headers, body in everything(opened):
        assert [one for one in secrets if one in body or one in str(headers)] == [], status
        assert {"etag", "last-modified", "server-timing"} & set(headers) == set()


def test_sides_are_fair_and_ids_tell_no_order(client: TestClient, factory: Factory) -> None:
    """A binomial count within three standard deviations, and ids (UUIDv4) that do not follow the pairs."""
    opened = Opened(client, factory, cases=201, seed=7)
    rows = factory.session.execute(
        text(
            "select b.id::text, b.a_is_left, p.id::text from ballots b join ballot_pairs bp on bp.ballot_id = b.id "
            "join pairs p on p.id = bp.pair_id order by p.id, b.reviewer_id"
        )
    ).all()
    assert len(rows) == 400
    left = sum(row[1] for row in rows)
    assert abs(left - 200) < 3 * (400 * 0.25) ** 0.5
    ids = [row[0] for row in rows]
    assert {one[14] for one in ids} == {"4"}
    rising = sum(one < other for one, other in pairwise(ids))
    assert abs(rising - 199.5) < 4 * (400 / 12) ** 0.5
    assert opened.round not in "".join(ids)
