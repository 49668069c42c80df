"""How far people agree, what is confused with what, and what their time costs."""

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from app.annotation import queries, service, settling
from app.annotation.agreement import rules
from app.annotation.agreement.rules import Opinion
from app.annotation.forms import NewAnnotation, NewSettlement
from app.examples import queries as examples
from app.projects.access import Access
from app.projects.models import Project
from tests.annotation.factories import access_of, add_examples
from tests.factories import Factory


def opinions(rows: list[tuple[str, ...]]) -> list[Opinion]:
    return [
        Opinion(item, person, {"label": value})
        for item, row in enumerate(rows)
        for person, value in zip("abc", row, strict=False)
    ]


def test_what_is_confused_with_what() -> None:
    found = rules.aspect(opinions([("x", "x"), ("x", "y"), ("y", "x"), ("y", "y"), ("z", "z"), ("x",)]), "label")
    assert found
    assert (found.percent.value, found.percent.n) == (0.6, 5)
    assert found.confused == [rules.Confused("x", "y", 2)]
    assert found.labels == ["x", "y", "z"]
    assert found.counts == [[1, 1, 0], [1, 1, 0], [0, 0, 1]]
    assert found.cohen
    assert found.cohen.value == pytest.approx((0.6 - 0.36) / 0.64)
    assert rules.aspect(opinions([("x",), ("y",)]), "label") is None


def test_three_people_have_no_cohen() -> None:
    found = rules.aspect(opinions([("x", "y", "x"), ("x", "x", "x")]), "label")
    assert found
    assert (found.cohen, found.percent.value) == (None, pytest.approx((1 / 3 + 1) / 2))
    assert found.confused == [rules.Confused("x", "y", 2)]
    with_others = rules.with_others(opinions([("x", "y", "x"), ("x", "x", "x")]), "label")
    assert {person: (one.value, one.n) for person, one in with_others.items()} == {
        "a": (0.75, 4),
        "b": (0.5, 4),
        "c": (0.75, 4),
    }


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "Nobody has judged the same example"),
        ([("x", "x")] * 3, "All gave one and the same verdict"),
        ([("x", "x"), ("y", "y")] * 40, "nobody ever differed, though this many examples leave room for 5% of"),
        ([("x", "x"), ("y", "y")] * 40 + [("x", "y")], "can be relied on"),
        ([("x", "y"), ("y", "x"), ("x", "x"), ("y", "y")] * 20, "cannot be relied on"),
        ([("x", "x"), ("y", "y"), ("x", "y")], "do not show yet"),
    ],
)
def test_the_sentence(rows: Any, words: str) -> None:
    assert words in " ".join(rules.sentence(rules.aspect(opinions(rows), "label")))


@pytest.fixture
def project(factory: Factory) -> Project:
    return factory.project(overlap=2, labels=["refund", "invoice"], expert_hourly_rate=60)


def test_from_opinions_to_the_page(client: TestClient, factory: Factory, project: Project) -> None:
    session, ids = factory.session, add_examples(factory, project, 4)
    ana, ben = (access_of(factory, project) for _ in range(2))
    eve = access_of(factory, project, "engineer")
    said = [("refund", "refund"), ("refund", "invoice"), ("invoice", "invoice")]
    for example_id, labels in zip(ids, said, strict=False):
        for who, label in zip((ana, ben), labels, strict=True):
            judge(factory, who, example_id, label)
    judge(factory, ana, ids[3], "refund")  # waits: it counts nowhere yet
    held = settling.next_disagreement(session, eve)
    assert held
    chosen = queries.opinions(session, held.example_id)[1]
    example = examples.get(session, project.id, held.example_id)
    settling.settle(session, eve, example, NewSettlement(revision=1, annotation_id=chosen.id), held.id)
    session.commit()
    url = f"/api/v1/projects/{project.slug}/agreement"
    found = client.get(url, headers=factory.bearer(eve.user)).json()
    label = found["aspects"]["label"]
    assert (label["percent"]["value"], label["percent"]["n"]) == (pytest.approx(2 / 3), 3)
    assert label["confused"] == [{"one": "invoice", "other": "refund", "count": 1}]
    assert found["aspects"]["verdict"]["krippendorff_alpha"]["value"] is None
    by_name = {one["name"]: one for one in found["annotators"]}
    assert by_name[ben.user.name]["agrees"]["value"] == 1.0
    assert (by_name[ben.user.name]["settled"], by_name[ben.user.name]["upheld"]) == (1, 1)
    assert found["expert_time"]["minutes"] == pytest.approx(7 * 30 / 60)
    assert found["expert_time"]["cost"] == pytest.approx(7 * 30 / 60)
    factory.sign_in(client, eve.user)
    page = client.get(f"/p/{project.slug}/agreement").text
    assert "of 3 examples that several judged" in page
    assert "$3.50" in page


def test_the_pace_is_told_in_quartiles_of_what_was_timed(
    client: TestClient, factory: Factory, project: Project
) -> None:
    ids = add_examples(factory, project, 6)
    ana, ben = (access_of(factory, project) for _ in range(2))
    for example_id, seconds in zip(ids, (100, 10, 40, 20, 30, 0), strict=True):
        timed(factory, ana, example_id, seconds)
    timed(factory, ben, ids[0], 0)  # by a program: nobody took the time
    engineer = factory.member(project, "engineer")
    found = client.get(f"/api/v1/projects/{project.slug}/agreement", headers=factory.bearer(engineer)).json()
    first, second = found["annotators"]
    assert (first["name"], first["decisions"], first["quartiles"]) == (ana.user.name, 6, [20.0, 30.0, 40.0])
    assert first["hours"] == pytest.approx(200 / 3600)
    assert (second["name"], second["decisions"], second["quartiles"]) == (ben.user.name, 1, None)
    factory.sign_in(client, engineer)
    page = client.get(f"/p/{project.slug}/agreement").text
    rows = [re.findall(r"<td[^>]*>([^<]*)</td>", row) for row in page.split('<th scope="row">')[1:]]
    assert [row[:3] for row in rows[-2:]] == [["6", "30", "20 to 40"], ["1", "–", "–"]]
    assert "Consistency is measured against others" in page


def timed(factory: Factory, who: Access, example_id: str, seconds: float) -> None:
    example = examples.get(factory.session, who.project.id, example_id)
    new = NewAnnotation.model_validate({"revision": 1, "verdict": "approve"})
    service.annotate(factory.session, who, example, new).seconds = seconds
    factory.session.commit()


def judge(factory: Factory, who: Access, example_id: str, label: str) -> None:
    """Thirty seconds over an example that has been in hand for a minute; ninety are claimed."""
    session = factory.session
    held = service.next_item(session, who)
    assert held
    assert held.example_id == example_id
    session.execute(text("update reservations set created_at = clock_timestamp() - interval '30 seconds'"))
    example = examples.get(session, who.project.id, example_id)
    new = NewAnnotation.model_validate({"revision": 1, "verdict": "approve", "label": label, "seconds": 90})
    annotation = service.annotate(session, who, example, new, reservation_id=held.id)
    assert annotation.seconds == pytest.approx(30, abs=2)
    annotation.seconds = 30
    session.commit()


def test_time_on_what_was_skipped_counts(factory: Factory, project: Project) -> None:
    add_examples(factory, project, 1)
    session, ana = factory.session, access_of(factory, project)
    for seconds in (20.0, 30.0):
        held = service.next_item(session, ana)
        assert held
        session.execute(text("update reservations set created_at = clock_timestamp() - interval '1 minute'"))
        service.skip(session, ana, held, seconds)
    assert queries.expert_minutes(session, project.id).minutes == pytest.approx(50 / 60)
    held = service.next_item(session, ana)
    assert held
    example = examples.get(session, project.id, held.example_id)
    new = NewAnnotation(revision=1, verdict="approve", seconds=0)
    assert service.annotate(session, ana, example, new, reservation_id=held.id).seconds == 50
