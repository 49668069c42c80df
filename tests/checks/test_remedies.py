"""Each remedy does what it says, leaves nothing half up to date, and can be taken back."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import AuditEvent, User
from app.checks import remedies, service, undoing
from app.checks.forms import BulkDecision, Decision, FindingFilter
from app.checks.masking import Span, masked
from app.checks.models import Finding, FindingChange, FindingDecision
from app.core.errors import Conflict, Forbidden, Invalid
from app.datasets import versions
from app.examples import queries as examples
from app.examples import service as example_service
from app.examples.forms import ExampleFilter
from app.examples.models import Example
from app.projects.access import Access
from app.projects.models import Project
from tests.checks.factories import findings, kinds, mail, scanned, upload_cases, with_mail
from tests.examples.factories import add, chat
from tests.factories import Factory

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)


def do(session: Session, access: Access, finding: Finding, action: str, **more: object) -> FindingChange:
    change = remedies.decide(session, access, finding, Decision.model_validate({"action": action, **more}), NOW)
    session.commit()
    return change


def do_all(session: Session, access: Access, action: str, count: int, **wanted: str) -> FindingChange:
    fields = {"filter": FindingFilter.model_validate(wanted).model_dump(), "action": action, "expected_count": count}
    change = remedies.decide_all(session, access, BulkDecision.model_validate(fields), NOW)
    session.commit()
    return change


def again(session: Session, project: Project, example: Example) -> Example:
    session.expire_all()
    return examples.get(session, project.id, example.id)


def said(session: Session, project: Project, example: Example) -> str:
    now = again(session, project, example)
    return str(examples.revision(session, now.id, now.revision).messages[1]["content"])


def engineer(user: User, project: Project) -> Access:
    return Access(user, project, "engineer")


def test_masking_makes_a_revision_and_undo_brings_the_text_back(
    session: Session, project: Project, access: Access
) -> None:
    example = with_mail(session, project, 7, status="approved")
    scanned(session, project)
    change = do(session, access, findings(session, project)[0], "mask")
    assert said(session, project, example) == mail(7, "[EMAIL]")
    assert (again(session, project, example).status, kinds(session, example)) == ("to_review", [])
    assert findings(session, project) == []
    undoing.undo(session, access, change.id, NOW)
    session.commit()
    assert said(session, project, example) == mail(7)
    assert (again(session, project, example).status, kinds(session, example)) == ("approved", ["sensitive"])
    with pytest.raises(Conflict, match="already"):
        undoing.undo(session, access, change.id, NOW)
    history = session.scalars(select(FindingDecision.action).order_by(FindingDecision.id)).all()
    assert list(history) == ["mask", "undo"]
    audit = session.scalars(select(AuditEvent.action).where(AuditEvent.object_type == "findings")).all()
    assert sorted(audit) == ["mask", "undo"]


def test_all_of_a_filter_are_masked_and_taken_back(session: Session, project: Project, access: Access) -> None:
    two = add(session, project, request="Write to a.b@harborline.example, not to c.d@harborline.example")
    others = [with_mail(session, project, number) for number in range(3)]
    scanned(session, project)
    with pytest.raises(Conflict, match="matches 5 findings now, not 4"):
        do_all(session, access, "mask", 4, kind="sensitive")
    session.rollback()
    change = do_all(session, access, "mask", 5, kind="sensitive")
    assert (change.size, change.examples) == (5, 4)
    assert said(session, project, two) == "Write to [EMAIL], not to [EMAIL]"
    assert findings(session, project) == []
    example_service.revise(session, None, again(session, project, others[0]), 2, messages=chat("Mine")["messages"])
    undoing.undo(session, access, change.id, NOW)
    session.commit()
    assert said(session, project, others[0]) == "Mine", "what somebody has changed since stays"
    assert len(findings(session, project)) == 4


def test_of_very_many_the_first_are_decided_and_the_rest_goes_on_behind_them(
    session: Session, project: Project, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind what is still open, too: an example that needs work keeps its finding."""
    monkeypatch.setattr(remedies, "MAX_AT_ONCE", 2)
    rows = [add(session, project, request=mail(n, "{{Agent Name}}")) for n in range(5)]
    scanned(session, project)
    change, lefts = do_all(session, access, "needs_work", 5, kind="format"), []
    lefts.append(change.left)
    while change.left:
        change = remedies.go_on(session, access, change.id, NOW)
        session.commit()
        lefts.append(change.left)
    assert lefts == [3, 1, 0]
    assert {again(session, project, one).status for one in rows} == {"needs_work"}
    with pytest.raises(Conflict, match="Nothing is left"):
        remedies.go_on(session, access, change.id, NOW)
    undoing.undo(session, access, change.id, NOW)
    assert sorted(again(session, project, one).status for one in rows) == ["needs_work"] * 4 + ["to_review"]


def test_going_on_wants_the_same_person_and_the_same_rest(
    session: Session, project: Project, access: Access, factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remedies, "MAX_AT_ONCE", 1)
    for number in range(3):
        with_mail(session, project, number)
    scanned(session, project)
    change = do_all(session, access, "mask", 3, kind="sensitive")
    other = Access(factory.member(project, "annotator"), project, "annotator")
    with pytest.raises(Forbidden, match="Only the person who decided"):
        remedies.go_on(session, other, change.id, NOW)
    do(session, access, findings(session, project)[0], "mask")
    with pytest.raises(Conflict, match="matches 1 findings now, not 2"):
        remedies.go_on(session, access, change.id, NOW)
    session.rollback()
    undoing.undo(session, access, change.id, NOW)
    with pytest.raises(Conflict, match="was taken back"):
        remedies.go_on(session, access, change.id, NOW)


def test_a_mask_is_not_put_over_text_that_has_changed(session: Session, project: Project, access: Access) -> None:
    example = with_mail(session, project)
    scanned(session, project)
    found = findings(session, project)[0]
    example_service.revise(session, None, again(session, project, example), 1, tags=["billing"])
    do(session, access, found, "mask")
    assert said(session, project, example) == mail(1, "[EMAIL]")
    other = with_mail(session, project, 2)
    scanned(session, project)
    found = findings(session, project)[0]
    example_service.revise(session, None, other, 1, messages=chat("Short")["messages"])
    with pytest.raises(Conflict, match="has changed since"):
        do(session, access, found, "mask")


def test_removing_takes_an_example_out_of_training(session: Session, project: Project, access: Access) -> None:
    example = with_mail(session, project, status="approved")
    scanned(session, project)
    change = do(session, access, findings(session, project)[0], "remove")
    assert (again(session, project, example).status, kinds(session, example)) == ("rejected", [])
    undoing.undo(session, access, change.id, NOW)
    session.commit()
    assert (again(session, project, example).status, kinds(session, example)) == ("approved", ["sensitive"])


def test_an_open_finding_keeps_an_example_out_and_an_approval_ends(
    session: Session, project: Project, access: Access, user: User
) -> None:
    with_mail(session, project, status="approved")
    add(session, project, status="approved", request="Nothing to see")
    scanned(session, project)
    found = findings(session, project)[0]
    everything = ExampleFilter()
    plan = versions.plan(session, project.id, everything, NOW)
    assert (plan.size, plan.kinds) == (1, [("open finding, sensitive data", 1)])
    with pytest.raises(Forbidden):
        do(session, access, found, "approve", reason="A made-up address")
    with pytest.raises(Invalid, match="why"):
        do(session, engineer(user, project), found, "approve")
    with pytest.raises(Invalid, match="over"):
        do(session, engineer(user, project), found, "approve", reason="Made up", expires_at=NOW)
    until = NOW + timedelta(days=30)
    do(session, engineer(user, project), found, "approve", reason="A made-up address", expires_at=until)
    assert versions.plan(session, project.id, everything, until - timedelta(seconds=1)).size == 2
    plan = versions.plan(session, project.id, everything, until)
    assert (plan.size, plan.kinds) == (1, [("approval for training expired", 1)])
    assert plan.excluded[0].reason == "approval for training expired: on 31 Mar 2027"
    scanned(session, project)
    assert [one.state for one in findings(session, project, None)] == ["accepted"], "a scan does not ask again"
    assert service.end_approvals(session, until - timedelta(days=1)) == 0
    assert service.end_approvals(session, until) == 1
    session.commit()
    assert [one.state for one in findings(session, project, None)] == ["open"]
    plan = versions.plan(session, project.id, everything, NOW)
    assert plan.excluded[0].reason == "approval for training expired: on 31 Mar 2027"


def test_the_permission_to_sign_off_is_enough_to_approve(session: Session, project: Project, user: User) -> None:
    with_mail(session, project)
    scanned(session, project)
    signer = Access(user, project, "annotator", signs=True)
    do(session, signer, findings(session, project)[0], "approve", reason="Consent is filed")
    accepted = findings(session, project, "accepted")
    assert len(accepted) == 1
    do(session, signer, accepted[0], "reopen")
    assert len(findings(session, project, "open")) == 1


def test_one_of_a_cluster_is_kept_with_the_tags_of_all(session: Session, project: Project, access: Access) -> None:
    old = add(session, project, request="Where is my invoice?", tags=["invoice"])
    best = add(session, project, request="where is my invoice", status="approved", tags=["billing"])
    late = add(session, project, request="WHERE is my invoice", tags=["loud"])
    scanned(session, project)
    assert {one.example_id for one in findings(session, project, kind="duplicate")} == {old.id, late.id}
    change = do_all(session, access, "keep_one", 2, kind="duplicate")
    assert again(session, project, best).tags == ["billing", "invoice", "loud"]
    assert [again(session, project, one).status for one in (old, best, late)] == ["rejected", "approved", "rejected"]
    assert findings(session, project) == []
    undoing.undo(session, access, change.id, NOW)
    session.commit()
    assert again(session, project, best).tags == ["billing"]
    assert [again(session, project, one).status for one in (old, best, late)] == ["to_review", "approved", "to_review"]
    assert len(findings(session, project, kind="duplicate")) == 2


def test_another_one_than_the_best_may_be_kept(session: Session, project: Project, access: Access) -> None:
    best = add(session, project, request="Where is my invoice?", status="approved")
    wanted = add(session, project, request="where is my invoice")
    scanned(session, project)
    do(session, access, findings(session, project)[0], "keep_one", keep=wanted.id)
    assert [again(session, project, one).status for one in (best, wanted)] == ["rejected", "to_review"]
    assert findings(session, project) == []


def test_not_a_duplicate_stays_said_over_full_scans(session: Session, project: Project, access: Access) -> None:
    add(session, project, request="Where is my invoice?")
    add(session, project, request="where is my invoice")
    scanned(session, project)
    do(session, access, findings(session, project)[0], "not_duplicate")
    service.request(session, None, project, full=True)
    scanned(session, project)
    assert [one.state for one in findings(session, project, None)] == ["accepted"]


def test_near_duplicates_are_taken_apart_and_joined_again(session: Session, project: Project, access: Access) -> None:
    first = add(session, project, request="Our company card expires at the end of next month, what do I have to do?")
    second = add(session, project, request="Our company card expires at the end of this month, what do I have to do?")
    third = add(session, project, request="Our company card expires at the end of May, what do I have to do?")
    scanned(session, project)
    found = findings(session, project, kind="near_duplicate")
    assert {(one.example_id, one.other_example_id) for one in found} >= {(second.id, first.id)}
    assert len({one.cluster for one in found}) == 1
    change = do_all(session, access, "not_duplicate", len(found), kind="near_duplicate")
    scanned(session, project)
    assert findings(session, project) == []
    undoing.undo(session, access, change.id, NOW)
    session.commit()
    assert {one.id for one in findings(session, project, kind="near_duplicate")} == {one.id for one in found}
    examples_now = [again(session, project, one) for one in (first, second, third)]
    example_service.revise(session, None, examples_now[0], 1, messages=chat("Quite another question")["messages"])
    scanned(session, project)
    assert {one.example_id for one in findings(session, project, kind="near_duplicate")} <= {third.id}


def test_a_near_copy_of_a_test_case_is_kept_out_until_it_is_said_to_be_none(
    session: Session, project: Project, access: Access, user: User
) -> None:
    leaked = add(session, project, status="approved", request="Our company card expires at the end of next month, ok?")
    upload_cases(session, user, project, "Our company card expires at the end of this month, ok?")
    scanned(session, project)
    found = findings(session, project, kind="leak")
    assert [(one.example_id, one.code) for one in found] == [(leaked.id, "near")]
    assert versions.plan(session, project.id, ExampleFilter(), NOW).kinds == [("open finding, test case", 1)]
    do(session, access, found[0], "not_duplicate")
    scanned(session, project)
    assert findings(session, project) == []
    assert versions.plan(session, project.id, ExampleFilter(), NOW).size == 1


def test_the_right_one_of_two_answers_is_chosen(session: Session, project: Project, access: Access) -> None:
    right = add(session, project, request="Do you refund?", answer="Yes, gladly, whenever you ask for it in time.")
    wrong = add(session, project, request="do you refund", answer="No. Nothing is ever given back to anybody.")
    scanned(session, project)
    both = findings(session, project, kind="label_conflict")
    assert {one.example_id for one in both} == {right.id, wrong.id}
    do(session, access, next(one for one in both if one.example_id == right.id), "choose")
    assert [again(session, project, one).status for one in (right, wrong)] == ["to_review", "rejected"]
    assert findings(session, project) == []


def test_a_remedy_that_does_not_fit_is_refused(session: Session, project: Project, access: Access) -> None:
    with_mail(session, project)
    scanned(session, project)
    found = findings(session, project)[0]
    with pytest.raises(Conflict, match="does not fit"):
        do(session, access, found, "keep_one")
    session.rollback()
    do(session, access, found, "mask")
    with pytest.raises(Conflict, match="is resolved"):
        do(session, access, found, "mask")


def test_spans_of_parts_and_spans_that_overlap() -> None:
    parts = [{"type": "text", "text": "call 123"}, {"type": "image_url", "image_url": {"url": "x"}}]
    parts.append({"type": "text", "text": "or a@b.example"})
    messages = [{"role": "user", "content": parts}, {"role": "assistant", "content": "a@b.example or c"}]
    text = "call 123\n[image_url]\nor a@b.example"
    found = masked(
        messages,
        [
            Span(0, 5, 8, "[PHONE]"),
            Span(0, text.index("a@b"), len(text), "[EMAIL]"),
            Span(1, 0, 11, "[EMAIL]"),
            Span(1, 2, 11, "[HOST]"),
        ],
    )
    assert [part.get("text") for part in found[0]["content"]] == ["call [PHONE]", None, "or [EMAIL]"]
    assert found[1]["content"] == "[EMAIL] or c"
    assert messages[0]["content"][0]["text"] == "call 123"  # type: ignore[index]
