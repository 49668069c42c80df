"""Traffic from the request to the review queue, the page and its drafts."""

import html
import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, text

from app.checks.pool.queries import in_pool
from app.datasets import service as datasets
from app.datasets.forms import NewTestSet
from app.datasets.near import service as near
from app.examples.importing import run_import
from app.examples.models import Example, Import, Revision
from app.projects.models import Project
from app.traffic.models import TrafficItem
from tests.examples.factories import add
from tests.factories import Factory
from tests.traffic.factories import attribute, frame, pair, span


class Intake:
    def __init__(self, client: TestClient, factory: Factory) -> None:
        self.client, self.factory, self.session = client, factory, factory.session
        self.owner = factory.user()
        self.project: Project = factory.project(self.owner, labels=["billing", "orders"])
        self.headers = factory.bearer(self.owner)
        self.url = f"/api/v1/traffic/{self.project.slug}"
        factory.sign_in(client, self.owner)

    def rate(self, share: float) -> None:
        answer = self.client.put(f"{self.url}/sampling", json={"sample_rate": share}, headers=self.headers)
        assert answer.status_code == 200, answer.text

    def send(self, sent: Any, status: int = 202, headers: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
        content = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
        answer = self.client.post(self.url, content=content, headers=self.headers | (headers or {}), **more)
        assert answer.status_code == status, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def imported(self) -> list[Example]:
        for source in self.session.scalars(select(Import).where(Import.status == "queued")):
            self.session.commit()
            run_import(source.id)
        self.session.expire_all()
        return list(self.session.scalars(select(Example).order_by(Example.id)))

    def page(self, status: int = 200) -> str:
        answer = self.client.get(f"/p/{self.project.slug}/traffic")
        assert answer.status_code == status, answer.text
        return html.unescape(answer.text)


@pytest.fixture
def intake(client: TestClient, factory: Factory) -> Intake:
    return Intake(client, factory)


def test_a_sample_comes_into_review_without_people_in_it(intake: Intake) -> None:
    intake.rate(1.0)
    found = intake.send(pair("1", "I am jane.roe@example.com. Where is it?", "billing"))
    assert (found["received"], found["stored"], found["sampled"]) == (1, 1, 1)
    [example] = intake.imported()
    assert (example.source, example.status, example.tags) == ("production", "to_review", ["traffic"])
    assert example.request == "I am [EMAIL]. Where is it?"
    for table in (Example, Revision, Import, TrafficItem):
        rows = intake.session.execute(text(f"select t::text from {table.__tablename__} t")).scalars()
        assert not any("jane" in row for row in rows)


def test_of_what_is_not_sampled_only_figures_are_kept(intake: Intake) -> None:
    intake.rate(0.0)
    intake.send([pair("1", said="billing"), pair("2", said="I can't help with that.")])
    assert intake.imported() == []
    rows = intake.session.scalars(select(TrafficItem).order_by(TrafficItem.answer_characters)).all()
    assert [(r.answer_characters, r.behavior, r.format_ok) for r in rows] == [
        (7, "answer", True),
        (23, "refuse", False),
    ]


def test_sent_again_it_counts_once(intake: Intake) -> None:
    intake.rate(1.0)
    intake.send([pair("1"), pair("1", "Something else?")])
    again = intake.send([pair("1"), pair("2", "Another one?")])
    assert (again["stored"], again["duplicates"], again["sampled"]) == (1, 1, 1)
    assert len(intake.imported()) == 2
    assert intake.session.query(TrafficItem).count() == 2


def test_a_sealed_case_that_is_seen_in_production_never_trains(intake: Intake) -> None:
    """Word for word it is held out on arrival, with another word once it was compared; both stay out of the pool."""
    intake.rate(1.0)
    asked = "Can you tell me please when my parcel with the blue shoes will be here?"
    held_out = add(intake.session, intake.project, intake.owner, "approved", request=asked, answer="billing").id
    made = datasets.draft(intake.session, intake.owner, intake.project, NewTestSet(name="T", example_ids=[held_out]))
    datasets.seal(intake.session, intake.owner, intake.project.id, made.test_set.id)
    intake.session.commit()
    fresh = "How do I change the card that I pay with?"
    intake.send([pair("1", asked, "orders"), pair("2", asked.replace("blue", "red")), pair("3", fresh)])
    intake.imported()
    assert intake.session.scalars(select(Import.held_out)).one() == 1
    near.bring_up_to_date(intake.session, intake.project.id)
    intake.session.commit()
    pool = intake.session.scalars(
        select(Example.request).where(*in_pool(intake.project.id), Example.import_id.is_not(None))
    )
    assert pool.all() == [fresh]


def test_rows_are_refused_alone(intake: Intake) -> None:
    nul = pair("n", "a\x00b")
    deep: Any = "x"
    for _ in range(200):
        deep = [deep]
    wrong_role = pair("r")
    wrong_role["request"]["messages"] = [{"role": "wizard", "content": "x"}]
    found = intake.send([nul, pair("d") | {"request": {"messages": deep}}, wrong_role, 7, pair("good")])
    assert (found["rejected_count"], found["stored"]) == (4, 1)
    assert [row["row"] for row in found["rejected"]] == [1, 2, 3, 4]
    assert found["partialSuccess"]["rejectedSpans"] == 4


def test_spans_are_answered_as_otlp_wants_it(intake: Intake) -> None:
    asked = [{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}]
    said = [{"role": "assistant", "parts": [{"type": "text", "content": "billing"}]}]
    attributes = (
        attribute("gen_ai.input.messages", json.dumps(asked)),
        attribute("gen_ai.output.messages", json.dumps(said)),
    )
    found = intake.send(frame(span(*attributes), span(name="2")), status=200)
    assert (found["stored"], found["ignored"], found["partialSuccess"]) == (1, 1, {})
    [item] = intake.session.scalars(select(TrafficItem)).all()
    assert item.at.isoformat() == "2026-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("sent", "headers", "status"),
    [
        (b"{", {}, 422),
        (b" " * 5_000_001, {}, 413),
        (b"{}", {"Content-Type": "application/x-protobuf"}, 422),
        (b"{}", {"Content-Encoding": "gzip"}, 422),
        (b"[" * 200_000, {}, 422),
    ],
)
def test_bodies_that_are_refused_whole(intake: Intake, sent: bytes, headers: dict[str, str], status: int) -> None:
    intake.send(sent, status=status, headers=headers)
    assert intake.session.query(TrafficItem).count() == 0


def test_times_that_cannot_be_are_the_arrivals(intake: Intake) -> None:
    intake.send([pair(str(n), created=at) for n, at in enumerate([10**12, -5, 1e300, True])])
    ages = intake.session.execute(text("select abs(extract(epoch from received_at - at)) from traffic_items")).scalars()
    assert max(ages) < 60


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("annotator", 403), ("engineer", 202)])
def test_a_token_needs_the_role(intake: Intake, role: str, status: int) -> None:
    token = intake.factory.bearer(intake.owner, role=role, project_id=intake.project.id)
    intake.send(pair("1"), status=status, headers=token)
    elsewhere = intake.factory.bearer(intake.owner, role="engineer", project_id=intake.factory.project().id)
    intake.send(pair("1"), status=404, headers=elsewhere)


def test_the_page_shows_how_before_there_is_any(intake: Intake) -> None:
    page = intake.page()
    assert "No traffic yet" in page
    assert f'curl -H "Authorization: Bearer $HOLDOUT_TOKEN" "$HOLDOUT_URL"{intake.url}' in page


def test_the_page_shows_drift_and_what_is_not_covered(intake: Intake) -> None:
    intake.rate(1.0)
    january = 1767571200
    for number in range(6):
        said = "I can't help with that." if number == 5 else "billing"
        rows = [
            pair(
                f"{number}-{n}", f"Please cancel my subscription, number {n}", said, created=january + number * 604_800
            )
            for n in range(30)
        ]
        intake.send(rows)
    intake.imported()
    page = intake.page()
    assert "Drifted from the reference: length of answers, refusals, answers in the right format." in page
    assert "60 of 60 sampled requests are like no test case" in page
    ids = [one.id for one in intake.session.scalars(select(Example)).all()][:3]
    made = intake.client.post(
        f"/p/{intake.project.slug}/traffic/drafts", data={"name": "Cancelling", "example_ids": ids}
    )
    assert made.status_code == 303
    assert intake.client.get(made.headers["location"]).status_code == 200
    twice = intake.client.post(
        f"/p/{intake.project.slug}/traffic/drafts", data={"name": "Cancelling", "example_ids": ids}
    )
    assert twice.status_code == 422
    assert "already a test set" in html.unescape(twice.text)
    answer = intake.client.get(intake.url, headers=intake.headers).json()
    assert answer["received"] == 180
    refusals = next(one for one in answer["drift"] if one["key"] == "refusals")
    assert [point["drifted"] for point in refusals["weeks"]] == [False] * 5 + [True]


def test_the_rate_is_set_in_percent(intake: Intake) -> None:
    url = f"/p/{intake.project.slug}/traffic/sampling"
    assert intake.client.post(url, data={"sample_rate": "12.5 %"}).status_code == 303
    assert 'value="12.5"' in intake.page()
    for wrong in ("lots", "101", "nan"):
        refused = intake.client.post(url, data={"sample_rate": wrong})
        assert refused.status_code == 422
        assert f'value="{wrong}"' in refused.text
