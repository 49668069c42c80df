"""What people do about findings. Each decision is a row, can be taken back, and leaves everything up to date at once.

Locks are taken in one order: the project's splits, its findings, examples by id.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.checks import queries, rules
from app.checks.forms import BulkDecision, Chosen, Decision
from app.checks.masking import Span, masked
from app.checks.models import Finding, FindingChange, FindingDecision
from app.checks.pool.seen import Member, best_first
from app.checks.reconcile import lock, summarise
from app.checks.scan import look_again
from app.core.errors import Conflict, Forbidden, Invalid, NotFound
from app.datasets.near import service as near
from app.examples import service as examples
from app.examples.models import Example, Revision
from app.examples.queries import lock_current, lock_splits
from app.examples.queries import revision as revision_of
from app.examples.rules import text_of
from app.projects.access import Access

MAX_AT_ONCE = 1_000  # findings in one transaction: so many masks, a revision each, took a minute on a busy machine


@dataclass
class Work:
    """A decision under way: what it was about, and what was before, so that it can be taken back."""

    session: Session
    access: Access
    findings: Sequence[Finding]
    decision: Decision
    now: datetime
    contents: Mapping[str, tuple[Example, Revision]]
    before: dict[str, dict[str, Any]] = field(default_factory=dict)  # of examples
    apart: list[list[str]] = field(default_factory=list)  # pairs of requests that were said not to be duplicates

    def remember(self, example: Example) -> None:
        self.before.setdefault(example.id, {"status": example.status, "revision": example.revision})

    def example(self, example_id: str | None) -> Example:
        found = self.contents.get(example_id or "")
        if found is None:
            raise Conflict("One of the examples was deleted meanwhile.")
        return found[0]


def decide(session: Session, access: Access, finding: Finding, decision: Decision, now: datetime) -> FindingChange:
    """Do one thing about one finding. Raises Conflict if its state or its example does not allow that now."""
    lock_splits(session, access.project.id)
    lock(session, access.project.id)
    found = queries.matching(session, access.project.id, Chosen(ids=[finding.id]), 1)
    return _apply(session, access, found, decision, now)


def decide_all(session: Session, access: Access, wanted: BulkDecision, now: datetime) -> FindingChange:
    """The same for all findings of a filter; Conflict where that is another number than expected.

    Of very many the first ones are decided, and the change says how many are left: ``go_on`` does the next.
    """
    return _step(session, access, wanted, now)


def go_on(session: Session, access: Access, change_id: str, now: datetime) -> FindingChange:
    """The next of those that a decision was about. Raises Conflict where none is left, or what is left has changed."""
    before = queries.change(session, access.project.id, change_id)
    if before is None:
        raise NotFound("This decision")
    if before.created_by != access.user.id:
        raise Forbidden("Only the person who decided can go on with it.")
    if before.undone_at is not None or not before.left:
        raise Conflict("This decision was taken back." if before.undone_at else "Nothing is left to decide.")
    wanted = BulkDecision.model_validate(before.before["wanted"] | {"expected_count": before.left})
    return _step(session, access, wanted, now, before)


def _step(
    session: Session, access: Access, wanted: BulkDecision, now: datetime, follows: FindingChange | None = None
) -> FindingChange:
    state = wanted.filter.state or ("accepted" if wanted.action == "reopen" else "open")
    chosen, project_id = wanted.filter.model_copy(update={"state": state}), access.project.id
    lock_splits(session, project_id)
    lock(session, project_id)
    after = follows.before["last"] if follows else None
    number = queries.count(session, project_id, chosen, None, after=after)
    if number != wanted.expected_count:
        raise Conflict(f"The filter matches {number:,} findings now, not {wanted.expected_count:,}. Look again.")
    found = queries.matching(session, project_id, chosen, MAX_AT_ONCE, after=after)
    decision = Decision(action=wanted.action, reason=wanted.reason, expires_at=wanted.expires_at)
    change = _apply(session, access, found, decision, now)
    if len(found) < number:
        # after what was done: to remove an example decides its other findings, too
        left = queries.count(session, project_id, chosen, None, after=found[-1].id)
        change.before = change.before | {"wanted": wanted.model_dump(mode="json"), "last": found[-1].id, "left": left}
    if follows:
        change.before = change.before | {"follows": follows.id}
    session.flush()
    return change


def _apply(
    session: Session, access: Access, findings: Sequence[Finding], decision: Decision, now: datetime
) -> FindingChange:
    _check(access, findings, decision, now)
    ids = {one.example_id for one in findings} | {one.other_example_id for one in findings if one.other_example_id}
    if decision.action in ("keep_one", "choose"):  # the whole cluster is decided, also what stands beside
        ids |= _cluster_ids(session, access, findings)
    contents = queries.contents(session, access.project.id, ids)
    work = Work(session, access, findings, decision, now, {key: (row[0], row[1]) for key, row in contents.items()})
    states = {one.id: [one.state, one.until.isoformat() if one.until else None] for one in findings}
    for example_id in sorted(contents):
        lock_current(session, contents[example_id][0])
    HANDLERS[decision.action](work)
    session.flush()
    change = _remember(work, states)
    look_again(session, access.project, ids, now)
    return change


def _check(access: Access, findings: Sequence[Finding], decision: Decision, now: datetime) -> None:
    action = rules.ACTIONS[decision.action]
    if not rules.may_decide(action, access.can, access.may_sign_off):
        raise Forbidden(f"“{action.label}” needs the role {action.role}, or the permission to sign off.")
    if action.needs_reason and not decision.reason:
        raise Invalid.field("reason", "Say why this may be trained on: the reason stays with the finding.")
    if decision.expires_at is not None and decision.expires_at <= now:
        raise Invalid.field("expires_at", "This date is over.")
    if decision.expires_at is not None and decision.action not in ("approve", "accept"):
        raise Invalid.field("expires_at", "Only an acceptance has an end.")
    for one in findings:
        may = rules.actions(one.kind, one.code, maskable=one.replacement is not None, state=one.state)
        if action not in may:
            said = f"is {one.state}" if one.state != "open" else f"is one of {rules.KINDS[one.kind].many}"
            raise Conflict(f"“{action.label}” does not fit: the finding {said}.")


def _cluster_ids(session: Session, access: Access, findings: Sequence[Finding]) -> set[str]:
    found: set[str] = set()
    for kind in {one.kind for one in findings}:
        names = {one.cluster for one in findings if one.kind == kind and one.cluster}
        for one in queries.in_clusters(session, access.project.id, kind, "open", names):
            found |= {one.example_id, *([one.other_example_id] if one.other_example_id else [])}
    return found


def _mask(work: Work) -> None:
    for example_id, own in _by_example(work.findings).items():
        example, revision = work.example(example_id), work.contents[example_id][1]
        if not all(_still_there(work, one, revision) for one in own):
            raise Conflict(f"#{example.number} has changed since it was scanned. It is looked at again in a moment.")
        spans = [Span(one.message_index or 0, one.start or 0, one.stop or 0, one.replacement or "") for one in own]
        messages = masked(revision.messages, spans)
        work.remember(example)
        what = ", ".join(sorted({rules.code_words(one.code) for one in own}))
        reason = f"masked: {what}"
        examples.revise(work.session, work.access.user, example, example.revision, messages=messages, reason=reason)


def _still_there(work: Work, one: Finding, current: Revision) -> bool:
    """Whether the text of the span is what was seen: another revision may have changed tags alone."""
    if one.revision == current.number:
        return True
    seen = revision_of(work.session, one.example_id, one.revision)
    index = one.message_index or 0
    texts = [text_of(r.messages[index].get("content")) if index < len(r.messages) else None for r in (seen, current)]
    return texts[0] is not None and texts[0] == texts[1]


def _by_example(findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for one in findings:
        found.setdefault(one.example_id, []).append(one)
    return dict(sorted(found.items()))


def _remove(work: Work) -> None:
    for example_id in _by_example(work.findings):
        _set_status(work, work.example(example_id), "rejected")


def _needs_work(work: Work) -> None:
    for example_id in _by_example(work.findings):
        _set_status(work, work.example(example_id), "needs_work")


def _set_status(work: Work, example: Example, status: str) -> None:
    if example.status != status:
        work.remember(example)
        examples.set_status(work.session, work.access.user, example, status)


def _accept(work: Work) -> None:
    for one in work.findings:
        one.state, one.until, one.state_at = "accepted", work.decision.expires_at, work.now


def _not_duplicate(work: Work) -> None:
    """What is only alike is taken apart, so that a split may part it too; what is the same stays a cluster."""
    _accept(work)
    for one in work.findings:
        if one.code == "near":
            pair = [work.example(one.example_id).fingerprint_unit, one.key]
            near.separate(work.session, work.access.user, work.access.project.id, *pair)
            work.apart.append(pair)


def _reopen(work: Work) -> None:
    for one in work.findings:
        one.state, one.until, one.state_at = "open", None, work.now


def _keep_one(work: Work) -> None:
    """Of each cluster the best stays and takes the tags of the others, which leave the training pool."""
    for cluster in sorted({one.cluster or one.id for one in work.findings}):
        own = [one for one in work.findings if (one.cluster or one.id) == cluster]
        every = queries.in_clusters(work.session, work.access.project.id, own[0].kind, "open", [cluster])
        ids = {one.example_id for one in (*own, *every)} | {one.other_example_id or "" for one in (*own, *every)}
        members = best_first(_member(work.example(one)) for one in ids if one in work.contents)
        keep = work.decision.keep or members[0].example_id
        if keep not in ids:
            raise Invalid.field("keep", "The example to keep is not one of the cluster.")
        chosen = ids if work.decision.keep else {one.example_id for one in own}
        losers = [work.example(one) for one in sorted(chosen - {keep, ""}) if one in work.contents]
        _merge_tags(work, work.example(keep), losers)
        for loser in losers:
            _set_status(work, loser, "rejected")


def _member(example: Example) -> Member:
    return Member(example.id, example.number, example.revision, example.status, example.fingerprint_unit, "")


def _merge_tags(work: Work, keep: Example, losers: Sequence[Example]) -> None:
    tags = list(dict.fromkeys([*keep.tags, *(tag for loser in losers for tag in loser.tags)]))
    if tags != keep.tags:
        work.remember(keep)
        numbers = ", ".join(f"#{loser.number}" for loser in losers[:10])
        reason = f"tags of {numbers} joined"
        examples.revise(work.session, work.access.user, keep, keep.revision, tags=tags, reason=reason)


def _choose(work: Work) -> None:
    """The answer of the finding's example is right: the others to the same request leave the training pool."""
    for one in work.findings:
        others = queries.in_clusters(work.session, work.access.project.id, one.kind, "open", [one.cluster or ""])
        for example_id in sorted({other.example_id for other in others} - {one.example_id}):
            if example_id in work.contents:
                _set_status(work, work.example(example_id), "rejected")


HANDLERS: Mapping[str, Callable[[Work], None]] = {
    "mask": _mask,
    "remove": _remove,
    "needs_work": _needs_work,
    "approve": _accept,
    "accept": _accept,
    "not_duplicate": _not_duplicate,
    "reopen": _reopen,
    "keep_one": _keep_one,
    "choose": _choose,
}


def _remember(work: Work, states: dict[str, list[str | None]]) -> FindingChange:
    session, decision, user_id = work.session, work.decision, work.access.user.id
    project_id = work.access.project.id
    for example_id, was in work.before.items():
        example = work.example(example_id)
        was |= {"status_after": example.status, "revision_after": example.revision}
    change = FindingChange(
        project_id=project_id,
        action=decision.action,
        reason=decision.reason,
        before={"findings": states, "examples": work.before, "apart": work.apart},
        size=len(work.findings),
        examples=len(work.before),
        created_by=user_id,
    )
    session.add(change)
    for one in work.findings:
        said = {"action": decision.action, "reason": decision.reason, "expires_at": decision.expires_at}
        session.add(FindingDecision(finding_id=one.id, project_id=project_id, user_id=user_id, **said))
    session.flush()
    until = decision.expires_at.isoformat() if decision.expires_at else None
    facts = {"kinds": sorted({one.kind for one in work.findings}), "reason": decision.reason, "until": until}
    record(
        session,
        decision.action.replace("_", "-"),
        "findings",
        change.id,
        actor_id=user_id,
        project_id=project_id,
        findings=change.size,
        examples=change.examples,
        **facts,
    )
    summarise(session, {one.example_id for one in work.findings})
    return change
