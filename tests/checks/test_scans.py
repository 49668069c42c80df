"""Scans see what is new and nothing twice, survive being killed, and can be stopped."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.checks import look, scan, scan_queries, service
from app.checks.models import Finding, Scan, ScanMark
from app.core import db
from app.core.errors import Conflict
from app.datasets import service as datasets
from app.datasets import versions
from app.datasets.forms import NewTestSet
from app.examples import bulk, list_queries, queries
from app.examples import service as examples
from app.examples.forms import BulkAction, ExampleFilter, SelectionFilter
from app.projects.models import Project
from tests.checks.factories import findings, kinds, latest, scanned, settled, upload_cases, with_mail
from tests.examples.factories import add, chat

WAITING = text("select count(*) from procrastinate_jobs where task_name = 'checks.scan' and status = 'todo'")


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many examples each chunk looked at."""
    sizes: list[int] = []
    real = look.look
    monkeypatch.setattr(look, "look", lambda rows, setting: (sizes.append(len(rows)), real(rows, setting))[1])
    return sizes


def test_a_scan_looks_only_at_what_is_new(session: Session, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    first = with_mail(session, project)
    scanned(session, project)
    assert kinds(session, first) == ["sensitive"]
    assert (latest(session, project).status, latest(session, project).done) == ("succeeded", 1)
    sizes = counted(monkeypatch)
    second = add(session, project, request="Nothing to see")
    scanned(session, project)
    assert sizes == [1]
    assert kinds(session, second) == []
    examples.revise(session, None, second, 1, messages=chat("Write to ben@harborline.example")["messages"])
    scanned(session, project)
    assert sizes == [1, 1]
    assert kinds(session, second) == ["sensitive"]
    scanned(session, project)
    assert sizes == [1, 1], "nothing was new"
    with db.transaction() as other:
        service.request(other, None, other.get_one(Project, project.id), full=True)
    scanned(session, project)
    assert sizes == [1, 1, 2]


def test_what_is_not_seen_any_more_is_resolved(session: Session, project: Project) -> None:
    example = with_mail(session, project)
    scanned(session, project)
    examples.revise(session, None, example, 1, messages=chat("Please write to us")["messages"])
    scanned(session, project)
    assert kinds(session, example) == []
    assert [one.kind for one in findings(session, project, "resolved")] == ["sensitive"]
    examples.restore(session, user_of(session, project), queries.get(session, project.id, example.id), 1, 2)
    scanned(session, project)
    assert [one.state for one in session.scalars(select(Finding))] == ["open"]


def user_of(session: Session, project: Project) -> User:
    return session.get_one(User, project.created_by)


def test_what_leaves_the_pool_is_no_finding(session: Session, project: Project) -> None:
    first = add(session, project, request="Where is my invoice?")
    again = add(session, project, request="where is my invoice")
    gone = with_mail(session, project)
    scanned(session, project)
    assert (kinds(session, first), kinds(session, again), kinds(session, gone)) == ([], ["duplicate"], ["sensitive"])
    user = user_of(session, project)
    delete = {"filter": SelectionFilter(ids=[gone.id]), "action": "delete", "expected_count": 1}
    change = bulk.apply(session, user, project.id, BulkAction.model_validate(delete))
    examples.set_status(session, user, first, "rejected")
    scanned(session, project)
    assert findings(session, project) == []
    bulk.undo(session, user, project.id, change.id)
    examples.set_status(session, user, queries.get(session, project.id, first.id), "approved")
    scanned(session, project)
    assert (kinds(session, first), kinds(session, again), kinds(session, gone)) == ([], ["duplicate"], ["sensitive"])


def test_changes_ask_for_a_scan_once(session: Session, project: Project) -> None:
    example = add(session, project)
    assert session.scalar(WAITING) == 1
    examples.revise(session, None, example, 1, messages=chat("Another request")["messages"])
    session.commit()
    assert session.scalar(WAITING) == 1
    session.execute(text("delete from procrastinate_jobs"))
    examples.set_status(session, None, example, "approved")
    session.commit()
    assert session.scalar(WAITING) == 0, "an approval shows nothing new"
    examples.set_status(session, None, example, "rejected")
    session.commit()
    assert session.scalar(WAITING) == 1


def test_the_worker_runs_what_was_asked_for(session: Session, project: Project, run_jobs: Callable[[], None]) -> None:
    example = with_mail(session, project)
    settled(session)
    asked = service.request(session, None, project)
    again = service.request(session, None, project)
    session.commit()
    assert asked.id == again.id
    run_jobs()
    assert latest(session, project).status == "succeeded"
    assert kinds(session, example) == ["sensitive"]


def test_cancel_keeps_what_was_found(session: Session, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "CHUNK", 2)
    for number in range(6):
        with_mail(session, project, number)
    real = look.look

    def cancelling(rows: list[look.Looked], setting: object) -> object:
        with db.transaction() as other:
            running = scan_queries.open_scan(other, project.id)
            if running is not None and running.done == 2:
                service.cancel(other, user_of(other, project), running)
        return real(rows, setting)  # type: ignore[arg-type]

    monkeypatch.setattr(look, "look", cancelling)
    scanned(session, project)
    assert (latest(session, project).status, latest(session, project).done) == ("cancelled", 4)
    assert len(findings(session, project)) == 4
    with pytest.raises(Conflict, match="over"):
        service.cancel(session, user_of(session, project), latest(session, project))
    session.rollback()
    monkeypatch.setattr(look, "look", real)
    scanned(session, project)
    assert len(findings(session, project)) == 6


KILLED = """
import sys, os
import app.models
from app.checks import look, scan
real, scan.CHUNK = look.look, 2
def slow(rows, setting):
    seen = real(rows, setting)
    print(len(rows), flush=True)
    sys.stdin.readline()
    return seen
look.look = slow
scan.run_scan(sys.argv[1])
"""


def test_kill_9(session: Session, project: Project) -> None:
    """A process of its own, killed with a chunk in its hands: the next one goes on, nothing is lost or doubled."""
    for number in range(7):
        with_mail(session, project, number)
    command = [sys.executable, "-c", KILLED, project.id]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ.copy())
    assert process.stdin is not None
    assert process.stdout is not None
    for _ in range(2):
        process.stdout.readline()
        process.stdin.write(b"\n")
        process.stdin.flush()
    process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdin.close()
    process.stdout.close()
    assert (latest(session, project).status, latest(session, project).done) == ("running", 4)
    scanned(session, project)
    assert (latest(session, project).status, latest(session, project).done) == ("succeeded", 7)
    assert len(findings(session, project)) == 7
    assert session.scalars(select(Scan)).all() == [latest(session, project)]
    assert all(session.scalars(select(ScanMark.pooled)))


def test_a_slow_worker_stores_nothing_after_another_went_on(
    session: Session, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_mail(session, project)
    real = look.look

    def overtaken(rows: list[look.Looked], setting: object) -> object:
        monkeypatch.setattr(look, "look", real)
        scan.run_scan(project.id)
        return real(rows, setting)  # type: ignore[arg-type]

    monkeypatch.setattr(look, "look", overtaken)
    scanned(session, project)
    assert (latest(session, project).done, latest(session, project).total) == (1, 1)
    assert len(findings(session, project)) == 1


def test_a_detector_that_breaks_holds_up_nothing(
    session: Session, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    def broken(*_: object) -> list[object]:
        raise ZeroDivisionError

    bad = replace(look.DETECTORS[0], name="broken", look=broken)  # type: ignore[arg-type]
    monkeypatch.setattr(look, "DETECTORS", (bad, *look.DETECTORS))
    example = with_mail(session, project)
    scanned(session, project)
    assert latest(session, project).status == "succeeded"
    assert kinds(session, example) == ["sensitive"]


def test_an_uploaded_case_in_the_pool_is_a_leak_that_versions_leave_out(session: Session, project: Project) -> None:
    user = user_of(session, project)
    leaked = add(session, project, status="approved", request="How do I cancel?")
    add(session, project, status="approved", request="Something else")
    upload_cases(session, user, project, "how do I cancel")
    scanned(session, project)
    assert [(one.kind, one.code, one.example_id) for one in findings(session, project)] == [
        ("leak", "exact", leaked.id)
    ]
    plan = versions.plan(session, project.id, ExampleFilter())
    assert (plan.size, plan.kinds) == (1, [("open finding, test case", 1)])


def test_the_sources_of_a_drawn_set_are_no_leak(session: Session, project: Project) -> None:
    example = add(session, project, status="approved")
    wanted = NewTestSet(name="Drawn", example_ids=[example.id])
    datasets.draft(session, user_of(session, project), project, wanted)
    scanned(session, project)
    assert findings(session, project) == []


def test_the_list_is_filtered_by_what_is_open(session: Session, project: Project) -> None:
    example = with_mail(session, project)
    add(session, project, request="Nothing to see")
    scanned(session, project)
    wanted = ExampleFilter(finding="sensitive")
    _, found = list_queries.page(session, project.id, wanted, cursor=None, limit=10)
    assert [one.id for one in found.items] == [example.id]
    assert queries.count(session, project.id, ExampleFilter(finding="leak")) == 0
