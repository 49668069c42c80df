"""The checklist over real rows: counts, links, signatures and how they lapse, who may sign."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from app.checks.models import Finding
from app.checks.readiness.items import KEYS
from app.checks.scan import run_scan
from app.core.ids import new_id
from app.datasets.near import service as near
from app.examples import service as examples
from app.examples.models import Example
from tests.examples import factories
from tests.examples.factories import Api
from tests.factories import Factory


@pytest.fixture
def api(client: TestClient, factory: Factory) -> Api:
    return Api(client, factory, "admin")


def add(api: Api, factory: Factory, count: int, **fields: Any) -> list[Example]:
    made = []
    for number in range(count):
        row = factories.chat(f"Question {new_id()} {number}?", f"Answer {number}.", **fields)
        made.append(factories.add(factory.session, api.project, status="approved", **row))
    return made


def found(session: Session, example: Example, kind: str, code: str, state: str = "open") -> None:
    row = {"project_id": example.project_id, "example_id": example.id, "revision": example.revision}
    session.add(Finding(**row, kind=kind, code=code, key=new_id(), state=state, words="seen"))
    session.commit()


def scan(api: Api) -> None:
    near.scan(api.project.id)
    run_scan(api.project.id)


def items(api: Api) -> dict[str, dict[str, Any]]:
    answer = api.get("/checklist")
    assert answer.status_code == 200, answer.text
    return {item["key"]: item for item in answer.json()["items"]}


def sign(api: Api, item: str, **body: Any) -> Any:
    return api.post("/checklist/sign-offs", {"item": item, **body})


def test_an_empty_project_is_not_ready(api: Api) -> None:
    body = api.get("/checklist").json()
    assert body["ready"] is False
    assert [item["key"] for item in body["items"]] == list(KEYS)
    assert {item["state"] for item in body["items"]} == {"fail"}
    assert all(item["measured"] and item["required"] and item["examples_url"] for item in body["items"])


def test_what_is_not_scanned_never_passes(api: Api, factory: Factory) -> None:
    one, _other = add(api, factory, 2)
    assert items(api)["sensitive_data"]["state"] == "attention"
    assert "2 examples not scanned" in items(api)["sensitive_data"]["measured"]
    scan(api)
    assert items(api)["sensitive_data"]["state"] == "pass"
    examples.revise(factory.session, None, one, 1, messages=factories.chat("New?", "Other.")["messages"])
    examples.set_status(factory.session, None, one, "approved")
    factory.session.commit()
    assert "1 example not scanned" in items(api)["sensitive_data"]["measured"]
    scan(api)
    api.project.goal = "structured_output"  # the detectors judge by the project's own rules: all is looked at anew
    factory.session.commit()
    assert "2 examples not scanned" in items(api)["sensitive_data"]["measured"]


def test_only_approved_training_examples_count(api: Api, factory: Factory) -> None:
    approved, waiting, deleted, held_out = add(api, factory, 4)
    waiting.status, held_out.split, deleted.deleted_at = "to_review", "test", waiting.created_at
    factory.session.commit()
    for example in (approved, waiting, deleted, held_out):
        found(factory.session, example, "sensitive", "email")
    found(factory.session, approved, "sensitive", "email")
    item = items(api)["sensitive_data"]
    assert item["state"] == "fail"
    assert item["measured"] == "1 e-mail address"
    assert item["examples_url"].endswith("finding=sensitive")
    assert api.get("/checklist").json()["size"]["approved"] == 1


def test_an_approval_for_training_is_counted_apart(api: Api, factory: Factory) -> None:
    (example,) = add(api, factory, 1)
    found(factory.session, example, "sensitive", "phone", "accepted")
    item = items(api)["sensitive_data"]
    assert item["state"] == "attention"  # nothing is open, but nothing was scanned either
    assert "1 approved for training" in item["measured"]


def test_behaviours_and_subjects_stand_beside_those_of_the_tests(api: Api, factory: Factory) -> None:
    add(api, factory, 3, behavior="escalate", tags=["refunds"])
    factories.use_in_a_test_set(factory.session, api.project, add(api, factory, 1)[0].id)
    factory.session.execute(text("update test_cases set behavior = 'refuse', tags = '{refunds,fraud}'"))
    factory.session.commit()
    body = api.get("/checklist").json()
    assert {"name": "escalate", "train": 3, "test": 0} in body["behaviors"]
    assert {"name": "refuse", "train": 0, "test": 1} in body["behaviors"]
    assert body["tags"][0] == {"name": "fraud", "train": 0, "test": 1}
    assert body["tags"][1] == {"name": "refunds", "train": 3, "test": 1}


def test_labels_are_counted_where_the_goal_is_classification(client: TestClient, factory: Factory) -> None:
    api = Api(client, factory, "admin")  # the factory's projects are for classification
    api.project.labels = ["tax", "refund"]
    factory.session.commit()
    add(api, factory, 2, expected={"label": "tax"})
    factories.add(factory.session, api.project, status="approved", **factories.chat("Which?", "refund"))
    labels = api.get("/checklist").json()["size"]["labels"]
    assert [(one["label"], one["examples"]) for one in labels] == [("refund", 1), ("tax", 2)]


def test_a_signature_names_what_it_rests_on_and_lapses(api: Api, factory: Factory) -> None:
    made = add(api, factory, 20)
    answer = sign(api, "exact_behavior", note="Read thirty.", sample_ids=[made[0].id])
    assert answer.status_code == 201
    signed = items(api)["exact_behavior"]["sign_off"]
    assert (signed["rests_on"], signed["changed"], signed["holds"], signed["sample"]) == (20, 0, True, 1)
    assert len(signed["content_hash"]) == 64
    # a tag makes a new revision with the same content: nothing that was read has changed
    examples.revise(factory.session, None, made[0], 1, tags=["new"])
    # two edits are a tenth, which the signature bears; the third is too many
    for number, changed in ((1, 1), (2, 2), (3, 3)):
        edited = factories.chat(f"Edited {number}?", "Now so.")["messages"]
        examples.revise(factory.session, None, made[number], 1, messages=edited)
        examples.set_status(factory.session, None, made[number], "approved")
        factory.session.commit()
        signed = items(api)["exact_behavior"]["sign_off"]
        assert (signed["changed"], signed["holds"]) == (changed, changed <= 2)
    assert items(api)["exact_behavior"]["state"] == "attention"
    assert "has lapsed" in items(api)["exact_behavior"]["measured"]
    assert sign(api, "exact_behavior").status_code == 201
    assert items(api)["exact_behavior"]["sign_off"]["holds"] is True


def test_examples_that_go_or_come_count_as_changes(api: Api, factory: Factory) -> None:
    made = add(api, factory, 10)
    sign(api, "realistic_requests")
    made[0].status = "rejected"
    factory.session.commit()
    assert items(api)["realistic_requests"]["sign_off"]["changed"] == 1
    add(api, factory, 5)
    signed = items(api)["realistic_requests"]["sign_off"]
    assert (signed["changed"], signed["holds"]) == (5, False)  # 14 now, 9 of them as they were


def test_a_signature_can_be_withdrawn_and_the_rows_only_grow(api: Api, factory: Factory) -> None:
    add(api, factory, 2)
    sign(api, "realistic_requests")
    sign(api, "realistic_requests", action="withdraw")
    assert items(api)["realistic_requests"]["sign_off"] is None
    factory.session.expire_all()
    assert factory.session.execute(text("select count(*) from sign_offs")).scalar_one() == 2
    with pytest.raises(ProgrammingError) as refused:
        factory.session.execute(text("update sign_offs set action = 'sign'"))
    assert isinstance(refused.value.orig, InsufficientPrivilege)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"item": "deduplicated"}, 422),  # it is measured
        ({"item": "edge_cases"}, 422),  # it can only be declared not needed
        ({"item": "edge_cases", "action": "not_needed", "note": "no"}, 422),
        ({"item": "exact_behavior", "action": "not_needed", "note": "We do not care for it."}, 422),
        ({"item": "exact_behavior", "sample_ids": ["1 or 1=1"]}, 422),
        ({"item": "exact_behavior"}, 409),  # nothing is approved yet
        ({"item": "edge_cases", "action": "not_needed", "note": "Labels only: no edges."}, 201),
    ],
)
def test_what_may_be_signed(api: Api, body: dict[str, Any], status: int) -> None:
    assert api.post("/checklist/sign-offs", body).status_code == status


def test_signing_is_a_permission_that_any_member_can_be_given(client: TestClient, factory: Factory) -> None:
    api = Api(client, factory, "engineer")
    add(api, factory, 2)
    assert sign(api, "exact_behavior").status_code == 403
    boss = factory.bearer(factory.member(api.project, "admin"))
    members = f"/api/v1/projects/{api.project.slug}/members"
    viewer = factory.user("eva@example.com")
    body = {"email": viewer.email, "role": "viewer", "may_sign_off": True}
    assert client.post(members, json=body, headers=boss).json()["may_sign_off"] is True
    path = f"/api/v1/projects/{api.project.slug}/checklist/sign-offs"
    signed = client.post(path, json={"item": "exact_behavior"}, headers=factory.bearer(viewer))
    assert signed.status_code == 201, signed.text
    # a token that is limited to a role does not carry the permission, and another role keeps it
    limited = factory.bearer(viewer, role="viewer")
    assert client.post(path, json={"item": "exact_behavior"}, headers=limited).status_code == 403
    client.post(members, json={"email": viewer.email, "role": "annotator"}, headers=boss)
    assert client.post(path, json={"item": "exact_behavior"}, headers=factory.bearer(viewer)).status_code == 201


def test_the_page_says_first_what_blocks(client: TestClient, api: Api, factory: Factory) -> None:
    example = add(api, factory, 3)[0]
    found(factory.session, example, "secret", "aws_key")
    html = factory.sign_in(client, factory.member(api.project, "admin")).get(f"/p/{api.project.slug}/checklist").text
    assert "Not ready to train on" in html
    assert "First: 1 aws key" in html
    assert "3 approved examples" in html


def test_a_sample_is_read_and_signed_in_the_browser(client: TestClient, api: Api, factory: Factory) -> None:
    made = add(api, factory, 40)
    base = f"/p/{api.project.slug}/checklist"
    factory.sign_in(client, factory.member(api.project, "admin"))
    html = client.get(f"{base}/sample/exact_behavior?seed=7").text
    assert html.count('name="sample_ids"') == 30
    assert html == client.get(f"{base}/sample/exact_behavior?seed=7").text
    form = {"item": "exact_behavior", "seed": "7", "sample_ids": [made[0].id], "note": "Good."}
    answer = client.post(f"{base}/sign-offs", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{base}#exact_behavior")
    assert items(api)["exact_behavior"]["sign_off"]["note"] == "Good."
    too_long = client.post(f"{base}/sign-offs", data=form | {"note": "x" * 2001})
    assert too_long.status_code == 422
    assert "x" * 2001 in too_long.text
    assert client.get(f"{base}/sample/deduplicated").status_code == 404


def test_a_scan_is_started_from_the_page(client: TestClient, api: Api, factory: Factory) -> None:
    add(api, factory, 2)
    base = f"/p/{api.project.slug}/checklist"
    factory.sign_in(client, factory.member(api.project, "annotator"))
    assert "Scan now" in client.get(base).text
    assert client.post(f"{base}/scan").status_code == 303
    assert "Scanning" in client.get(base).text
    assert 'hx-trigger="every 2s"' in client.get(f"{base}/standing").text
    scan(api)  # what the job does
    assert "Scan" not in client.get(f"{base}/standing").text
    assert items(api)["sensitive_data"]["state"] == "pass"
