"""The ledger of a project, the page, the API and the CSV of it."""

import html

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.annotation.models import Annotation
from app.candidates.service import note_making
from app.core.clock import utcnow
from app.core.ids import new_id
from app.costs.rules import Entry, ledger, priced, within
from app.gateway.models import PaidCall, Provider
from app.projects.models import Project
from tests.annotation.factories import add_examples
from tests.decisions.factories import Desk
from tests.factories import Factory


@pytest.fixture
def desk(client: TestClient, factory: Factory) -> Desk:
    found = Desk(client, factory)
    factory.sign_in(client, found.owner)
    return found


def paid(session: Session, project: Project, purpose: str, **fields: object) -> None:
    provider = session.query(Provider).first() or Provider(name="p", base_url="https://p.example/v1")
    session.add(provider)
    session.flush()
    values = {"state": "done", "sent_at": utcnow(), "subject_id": new_id(), "item": "1"} | fields
    session.add(PaidCall(project_id=project.id, provider_id=provider.id, purpose=purpose, **values))
    session.commit()


def page(desk: Desk, path: str = "/costs", status: int = 200) -> str:
    answer = desk.client.get(f"/p/{desk.project.slug}{path}")
    assert answer.status_code == status, answer.text
    return html.unescape(answer.text)


def answer(desk: Desk, path: str = "/costs", **query: object) -> dict:  # type: ignore[type-arg]
    found = desk.client.get(f"{desk.api}{path}", params=query, headers=desk.headers)  # type: ignore[arg-type]
    assert found.status_code == 200, found.text
    return found.json()  # type: ignore[no-any-return]


def test_parts_sum_their_kinds_by_month() -> None:
    entries = [
        Entry("2026-01", "review", 3, 30.0, 0.0, 0.0, 0),
        Entry("2026-02", "eval", 10, 0.0, 1.5, 0.5, 2),
        Entry("2026-02", "judge", 5, 0.0, 0.25, 0.0, 0),
        Entry("2026-02", "new_kind", 1, 0.0, 0.1, 0.0, 0),
    ]
    found = ledger(priced(entries, 60.0))
    lines = {line.label: line for line in found.lines}
    assert found.months == ["2026-01", "2026-02"]
    assert (found.total, found.held, found.unknown) == (pytest.approx(31.85), 0.5, 2)
    assert list(lines["Data preparation"].months) == [30.0, None]
    assert lines["Evaluation"].total == pytest.approx(1.85)
    assert lines["Other paid calls"].total == 0.1
    assert lines["Monitoring"].count == 0
    assert ledger(priced(entries, None)).lines[0].total == 0.0


def test_the_filter_keeps_whole_months_and_parts() -> None:
    entries = [Entry(f"2026-{m:02}", kind, 1, 0.0, 1.0, 0.0, 0) for m in range(1, 13) for kind in ("eval", "fine_tune")]
    assert len(within(entries, "2026-03", "2026-04", "training")) == 2
    assert len(within(entries, None, None, None)) == 24


def test_what_was_paid_and_what_people_took(desk: Desk, factory: Factory) -> None:
    session, project = factory.session, desk.project
    example_id = add_examples(factory, project, 1)[0]
    said = {"project_id": project.id, "annotator_id": desk.owner.id, "verdict": "approve", "revision": 1}
    session.add(Annotation(example_id=example_id, seconds=90.0, before={}, **said))
    project.expert_hourly_rate = 80.0
    for purpose, cost in (("eval", 0.5), ("judge", 0.25), ("suggestions", 0.125), ("grader_try", 0.0625)):
        paid(session, project, purpose, cost=cost)
    paid(session, project, "eval", cost_estimate=0.75, state="unknown")
    paid(session, project, "eval", cost=100.0, state="planned", sent_at=None)
    paid(session, factory.project(), "eval", cost=1000.0)
    found = answer(desk)
    kinds = {item["kind"]: item for item in found["items"]}
    assert {kind: item["dollars"] for kind, item in kinds.items()} == {
        "review": pytest.approx(2.0), "eval": 0.5, "judge": 0.25, "suggestions": 0.125, "grader_try": 0.0625,
    }  # fmt: skip
    assert kinds["eval"]["dollars_held"] == 0.75
    assert found["total"] == pytest.approx(2.9375)
    assert found["budget"]["spent"] == pytest.approx(0.9375)
    assert "Monitoring has cost nothing" in page(desk)
    lines = desk.client.get(f"/p/{project.slug}/costs/ledger.csv?part=data").text.splitlines()
    assert [line.split(",")[2] for line in lines] == ["kind", "review", "suggestions"]


def test_the_first_line_answers_what_a_success_costs_and_whether_it_pays_back(desk: Desk) -> None:
    desk.measure(cost=0.01)
    note_making(desk.factory.session, desk.tuned.id, 30.0)
    desk.factory.session.commit()
    found = answer(desk)
    # 30/(71/120) over 0.01·120/52 − 0.005·120/71
    volume = 30 * 120 / 71 / (0.01 * 120 / 52 - 0.005 * 120 / 71)
    assert found["pays_back"]["tasks"] == pytest.approx(volume)
    low, high = found["pays_back"]["interval"]
    assert low < volume < high
    assert "Cost per success, marginal $0.023077 → $0.008451" in found["answer"]
    assert "it pays back after 3,470 tasks (95 % interval" in found["answer"]
    heading = page(desk).split("</header>")[0]
    assert found["answer"] in page(desk)
    assert heading
    assert "it pays back after 3,470 tasks" in page(desk, "/decide")
    wider = answer(desk, volume=1_000_000)["answer"]
    assert "fully loaded at 1,000,000 tasks" in wider


def test_without_a_price_or_a_measurement_it_says_what_to_do(desk: Desk) -> None:
    assert "What a successful task costs is not known yet: choose a baseline first" in page(desk)
    desk.measure()
    assert "a price is missing" in answer(desk)["answer"]


def test_serving_is_the_stated_volume_times_the_cost_of_a_task(desk: Desk) -> None:
    desk.measure(cost=0.01)
    sent = {"monthly_limit": None, "monthly_tasks": 20_000}
    assert desk.client.put(f"{desk.api}/budget", json=sent, headers=desk.headers).status_code == 200
    assert "$200.00 a month for 20,000 tasks" in page(desk)
    assert "$100.00 a month for 20,000 tasks" in page(desk)


def test_the_budget_is_set_and_shown(desk: Desk) -> None:
    form = {"monthly_limit": "12.50", "monthly_tasks": ""}
    assert desk.client.post(f"/p/{desk.project.slug}/costs/budget", data=form).status_code == 303
    assert "$0.00 spent of $12.50" in page(desk)
    assert answer(desk, "/budget")["left"] == 12.5
    wrong = desk.client.post(f"/p/{desk.project.slug}/costs/budget", data={"monthly_limit": "lots"})
    assert wrong.status_code == 422
    assert 'value="lots"' in wrong.text
    emptied = desk.client.post(f"/p/{desk.project.slug}/costs/budget", data={"monthly_limit": ""})
    assert emptied.status_code == 303
    assert answer(desk, "/budget")["monthly_limit"] is None


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("annotator", 403), ("engineer", 200)])
def test_engineers_set_the_budget(desk: Desk, factory: Factory, role: str, status: int) -> None:
    person: User = factory.member(desk.project, role)
    headers = factory.bearer(person)
    sent = {"monthly_limit": 5}
    assert desk.client.put(f"{desk.api}/budget", json=sent, headers=headers).status_code == status
    assert desk.client.get(f"{desk.api}/costs", headers=headers).status_code == 200


@pytest.mark.parametrize("sent", [{"monthly_limit": -1}, {"monthly_limit": "x"}, {"monthly_tasks": 0}, {"limit": 1}])
def test_a_wrong_budget_names_the_field(desk: Desk, sent: dict[str, object]) -> None:
    found = desk.client.put(f"{desk.api}/budget", json=sent, headers=desk.headers)
    assert found.status_code == 422
    assert next(iter(sent)) in found.json()["errors"][0]["loc"]


@pytest.mark.parametrize("query", ["since=2026", "until=2026-13", "part=everything", "volume=0"])
def test_a_wrong_filter_is_refused(desk: Desk, query: str) -> None:
    assert desk.client.get(f"{desk.api}/costs?{query}", headers=desk.headers).status_code == 422


def test_a_filter_left_empty_is_none(desk: Desk) -> None:
    page(desk, "/costs?since=&until=&part=&volume=500")
