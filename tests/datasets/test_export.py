"""Exports of a frozen version: same bytes always, refusals that name the rows, by API, page and command."""

import hashlib
import json

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.datasets import versions
from app.datasets.formats import WRITERS
from app.datasets.models import DatasetVersion
from app.examples.forms import ExampleFilter
from app.projects.models import Project
from tests.datasets.factories import add_example
from tests.factories import Factory

TOOL = {"type": "function", "function": {"name": "refund", "parameters": {"type": "object"}}}


@pytest.fixture
def user(factory: Factory) -> User:
    return factory.user()


@pytest.fixture
def project(factory: Factory, user: User) -> Project:
    return factory.project(user)


@pytest.fixture
def base(factory: Factory, client: TestClient, project: Project) -> str:
    client.headers.update(factory.bearer(factory.member(project, "viewer")))
    return f"/api/v1/projects/{project.slug}/dataset-versions"


def freeze(session: Session, user: User, project: Project) -> DatasetVersion:
    version = versions.freeze(session, user, project, "First", ExampleFilter())
    session.commit()
    return version


def test_each_format_gives_the_same_bytes_for_the_same_examples(
    client: TestClient, session: Session, user: User, project: Project, base: str
) -> None:
    other = [{"role": "assistant", "content": "No."}]
    for n in range(3):
        add_example(session, project, f"Q{n}", tags=[f"t{n}"], non_preferred=other)
    one, two = freeze(session, user, project), freeze(session, user, project)
    assert (one.content_hash, one.record_hash) == (two.content_hash, two.record_hash)
    for name in WRITERS:
        first, second = (client.get(f"{base}/{v.id}/export", params={"format": name}) for v in (one, two))
        assert (first.status_code, first.content) == (200, second.content), name
        assert first.headers["etag"] == second.headers["etag"]
        assert first.headers["content-disposition"].startswith("attachment; ")
    chat = client.get(f"{base}/{one.id}/export").content
    assert hashlib.sha256(chat).hexdigest() == one.content_hash


def test_pairs_by_default_only_where_every_example_has_one(
    client: TestClient, session: Session, user: User, project: Project, base: str
) -> None:
    add_example(session, project, "A", non_preferred=[{"role": "assistant", "content": "No."}])
    url = f"{base}/{freeze(session, user, project).id}/export?format=trl"
    assert set(client.get(url).json()) == {"prompt", "chosen", "rejected"}
    assert set(client.get(url + "&objective=supervised").json()) == {"messages"}
    add_example(session, project, "B")
    url = f"{base}/{freeze(session, user, project).id}/export?format=trl"
    assert all(set(json.loads(line)) == {"messages"} for line in client.get(url).text.splitlines())
    refused = client.get(url + "&objective=dpo")
    assert (refused.status_code, "no answer that was not preferred" in refused.text) == (422, True)


def test_what_a_format_cannot_hold_is_named_or_left_out_aloud(
    client: TestClient, session: Session, user: User, project: Project, base: str
) -> None:
    add_example(session, project, "A")
    held = add_example(session, project, "B", tools=[TOOL])
    url = f"{base}/{freeze(session, user, project).id}/export?format=alpaca"
    refused = client.get(url)
    assert refused.status_code == 422
    assert f"1 of 2 examples do not fit into Alpaca: #{held.number} has tools." in refused.json()["detail"]
    omitted = client.get(url + "&omit=true")
    assert (omitted.headers["x-left-out"], len(omitted.text.splitlines())) == ("1", 1)
    none = client.get(f"{url.partition('?')[0]}?format=openai_preference&omit=true")
    assert (none.status_code, "None of the 2 examples fits" in none.text) == (422, True)
    assert client.get(f"{url.partition('?')[0]}?format=xml").status_code == 422


def test_tags_change_the_hash_of_the_rows_and_not_that_of_the_training_bytes(
    session: Session, user: User, project: Project
) -> None:
    add_example(session, project, "A", tags=["x"])
    one = freeze(session, user, project)
    add_example(session, project, "B", status="to_review")
    assert freeze(session, user, project).record_hash == one.record_hash
    assert versions.verify_hash(session, one)
    lines = list(versions.hashes(versions.queries.records(session, one.id)))
    assert lines == [one.content_hash, one.record_hash]
    assert one.content_hash != one.record_hash
