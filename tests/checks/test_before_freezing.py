"""What nobody has looked at does not slip into a version: a freeze looks itself, or says what to wait for."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.checks import before_freezing
from app.checks.models import ScanMark
from app.core.errors import Conflict, Invalid
from app.datasets import versions
from app.datasets.models import DatasetVersion
from app.datasets.version_queries import exclusions
from app.examples import service
from app.examples.forms import ExampleFilter
from app.projects.models import Project
from tests.checks.factories import findings, kinds, mail, scanned, with_mail
from tests.examples.factories import add, chat


def freeze(session: Session, user: User, project: Project, status: str | None = None) -> DatasetVersion:
    wanted = ExampleFilter.model_validate({"status": status})
    version = versions.freeze(session, user, project, "v", wanted)
    session.commit()
    return version


def reasons(session: Session, version: DatasetVersion) -> list[str]:
    return [one.reason for one in exclusions(session, version.id, 100)]


def test_what_was_approved_before_any_scan_is_looked_at_first(session: Session, user: User, project: Project) -> None:
    add(session, project, request="What does the plan cost?", status="approved")
    held = with_mail(session, project, status="approved")
    version = freeze(session, user, project)
    assert (version.size, reasons(session, version)) == (1, ["open finding, sensitive data: email"])
    assert kinds(session, held) == ["sensitive"]
    marks = session.scalars(select(ScanMark).where(ScanMark.project_id == project.id)).all()
    assert [(mark.revision, mark.pooled) for mark in marks] == [(1, False), (1, False)], "the scan compares them"


def test_an_edit_since_the_scan_is_looked_at_and_nothing_else(
    session: Session, user: User, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    edited = add(session, project, request="What does the plan cost?", status="approved")
    add(session, project, request="Where do invoices go to?", status="approved")
    tagged = add(session, project, request="Who may add a seat?", status="approved")
    scanned(session, project)
    service.revise(session, None, tagged, 1, tags=["seats"])
    service.set_status(session, user, tagged, "approved")
    service.revise(session, None, edited, 1, messages=chat(mail(3))["messages"])
    service.set_status(session, user, edited, "approved")
    session.commit()
    looked: list[int] = []
    read = before_freezing.looking.look
    monkeypatch.setattr(
        before_freezing.looking, "look", lambda rows, setting: (looked.append(len(rows)), read(rows, setting))[1]
    )
    version = freeze(session, user, project)
    assert (version.size, looked) == (2, [1])
    assert reasons(session, version) == ["open finding, sensitive data: email"]
    assert freeze(session, user, project).size == 2
    assert looked == [1], "what was looked at is not looked at again"


def test_too_many_are_left_to_the_scan(
    session: Session, user: User, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(before_freezing, "AT_ONCE", 1)
    monkeypatch.setattr(before_freezing, "AT_ONCE_WITH_NAMES", 1)
    with_mail(session, project, 1, status="approved")
    add(session, project, request="What does the plan cost?", status="approved")
    with pytest.raises(Conflict, match=r"2 of the examples have not been looked at .* when the scan has ended"):
        freeze(session, user, project)
    session.rollback()
    scanned(session, project)
    assert freeze(session, user, project).size == 1


def test_rejected_examples_that_a_filter_asks_for_are_looked_at_too(
    session: Session, user: User, project: Project
) -> None:
    with_mail(session, project, status="rejected")
    with pytest.raises(Invalid, match="open finding, sensitive data: email"):
        freeze(session, user, project, "rejected")
    session.commit()
    scanned(session, project)
    assert findings(session, project) == [], "the pool is what is shown as open"
