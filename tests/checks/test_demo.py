"""The demo's planted defects are found, and little else is."""

import json
from collections import defaultdict

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.checks.models import Finding
from app.checks.scan import run_scan
from app.demo.load import DATA, load_demo, request_of
from app.examples.models import Example

LINES = (DATA / "training.jsonl").read_text().splitlines()
PLANTED = json.loads((DATA / "planted.json").read_text())["items"]
KIND = {"placeholder": "format"}


def test_planted_defects_are_found(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    owner = accounts.add_user(session, "admin@localhost", "Admin", is_instance_admin=True)
    session.commit()
    load_demo(owner.id)
    project_id = session.scalars(select(Example.project_id)).first()
    assert project_id is not None
    run_scan(project_id)
    found: dict[str, set[str]] = defaultdict(set)
    for kind, request in session.execute(
        select(Finding.kind, Example.request)
        .join(Example, Example.id == Finding.example_id)
        .where(Finding.code != "person")  # where the optional model for names is installed
    ):
        found[request].add(kind)
    missed, planted = [], defaultdict(set)
    for item in PLANTED:
        line = json.loads(LINES[item["line"] - 1])
        kind = KIND.get(item["kind"], item["kind"])
        planted[request_of(line)].add(kind)
        same_bytes = item["kind"] == "duplicate" and line["messages"] == json.loads(LINES[item["of"] - 1])["messages"]
        if not same_bytes and kind not in found[request_of(line)]:  # the import keeps one of two equal lines
            missed.append((item["line"], kind))
    others = [(request[:60], kind) for request, kinds in found.items() for kind in kinds - planted[request]]
    stated = sum(kind == "stale_fact" for _request, kind in others)  # true: the desk's answers state prices and periods
    alarms = [one for one in others if one[1] != "stale_fact"]
    with capsys.disabled():
        print(f"\nplanted {len(PLANTED)} · missed {missed}\nother rows: stale facts {stated} · otherwise {alarms}")
    # of the planted near-duplicates those that differ in more than a word or two are left to the semantic detector
    assert {kind for _line, kind in missed} <= {"near_duplicate"}
    assert sum(kind == "near_duplicate" for _line, kind in missed) <= 5
    assert len(alarms) <= 0.02 * len(LINES)
