"""Public data that leaks: some of clinc150's own test rows stand in its training rows."""

import json
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.checks.models import Finding
from app.datasets import service, upload
from app.datasets.forms import NewTestSet
from app.datasets.models import TestCase
from app.examples.batches import store
from app.examples.models import Import
from app.examples.rules import parse_example
from app.projects.models import Project
from tests.checks.factories import scanned
from tests.factories import Factory

DATA = Path(__file__).parents[3] / "shared/data/clinc150/data_full.json"
Row = tuple[str, str]


def plain(text: str) -> str:
    """Without case and punctuation: counted here in a way of the test's own."""
    return " ".join(re.sub(r"[^\w\s]", "", text.lower()).split())


def fields(row: Row) -> dict[str, Any]:
    text, intent = row
    return {"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": intent}]}


def bring_in(session: Session, project: Project, rows: list[Row]) -> None:
    source = Import(project_id=project.id, file_name="train", stored_name="s", format="openai_chat", tags=[])
    session.add(source)
    session.flush()
    store(session, source, [parse_example(fields(row)) for row in rows])


def draft_cases(session: Session, factory: Factory, project: Project, rows: list[Row]) -> None:
    """A draft: sealed, the set would take the copies out of the pool before they could be found in it."""
    user = factory.user()
    made = service.draft(session, user, project, NewTestSet(name="clinc150"))
    lines = "".join(json.dumps(fields(row)) + "\n" for row in rows).encode()
    report = upload.add_file(session, user, made.test_set, BytesIO(lines), "test.jsonl", len(lines))
    assert report.rejected_count == 0


def leaking(session: Session, project: Project, code: str) -> set[str]:
    """What is asked by the cases of which the scan says that they stand in the training pool."""
    open_leaks = (Finding.kind == "leak", Finding.code == code, Finding.state == "open")
    units = set(session.scalars(select(Finding.key).where(Finding.project_id == project.id, *open_leaks)))
    asked = select(TestCase.messages[0]["content"].astext).where(TestCase.project_id == project.id)
    return {plain(text) for text in session.scalars(asked.where(TestCase.fingerprint_unit.in_(units)))}


@pytest.mark.slow
@pytest.mark.skipif(not DATA.exists(), reason=f"no {DATA}")
def test_the_26_test_rows_that_stand_in_train_are_found(session: Session, factory: Factory) -> None:
    data: dict[str, list[Row]] = json.loads(DATA.read_text())
    train, test = ([(text, intent) for text, intent in data[part]] for part in ("train", "test"))
    known = {plain(text) for text, _intent in train}
    leaked = {plain(text) for text, _intent in test if plain(text) in known}
    assert len(leaked) == 26
    project = factory.project()
    bring_in(session, project, train)
    draft_cases(session, factory, project, test)
    scanned(session, project)
    found = leaking(session, project, "exact")
    assert len(found) == 26
    # A hyphen parts words here: "to-do" asks what "to do" asks, and "w-2" is only near to "w2"
    assert found - leaked == {"what is on my todo list"}
    assert leaked - found == {"where can i get my w2"}
    assert leaked - found <= leaking(session, project, "near")
