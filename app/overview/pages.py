"""The typed context of the overview."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.accounts import queries as accounts
from app.accounts.models import AuditEvent
from app.checks.readiness import service as checks
from app.checks.readiness.links import url_of
from app.checks.readiness.rules import by_urgency
from app.checks.readiness.service import Checklist
from app.overview import queries, rules, since
from app.overview.rules import NextThing, Standing, Step
from app.overview.since import News
from app.projects.access import Access
from app.projects.rules import GOAL_WORDS, SIZE_BANDS
from app.web.words import plural

VERBS = {
    "accept-unknown": "accepted the loss of calls of",
    "add": "added",
    "add-cases": "added cases to",
    "annotate": "gave an opinion on",
    "approve": "approved",
    "archive": "archived",
    "assign": "gave out",
    "bulk": "changed",
    "bulk-undo": "took back a change of",
    "cancel": "cancelled",
    "change": "changed",
    "close": "closed",
    "correct-case": "corrected a case of",
    "create": "created",
    "delete": "deleted",
    "designate": "designated",
    "discard": "discarded",
    "draft": "drafted",
    "edit": "edited",
    "end": "ended",
    "erase": "erased data by",
    "fail": "saw the failure of",
    "finish": "finished",
    "freeze": "froze",
    "give-up": "gave up",
    "import": "finished",
    "launch": "launched",
    "load": "loaded",
    "look-again": "looked again at",
    "make": "made",
    "needs-decision": "needs a decision on",
    "needs_work": "sent back",
    "open": "opened",
    "pause": "paused",
    "reassign": "moved what is not done of",
    "reject": "rejected",
    "regrade": "graded again",
    "rejoin": "joined again",
    "remove": "removed",
    "remove-cases": "removed cases from",
    "resend": "created again",
    "resend-unknown": "sent again calls of",
    "resume": "resumed",
    "revoke": "revoked",
    "retry": "retried",
    "save": "saved",
    "scan": "scanned",
    "seal": "sealed",
    "separate": "told apart",
    "set-role": "gave a role to",
    "set-settling": "changed who settles:",
    "set-sign-off": "changed who signs off:",
    "set-status": "set the status of",
    "settle": "settled",
    "share": "shared",
    "sign-off": "signed",
    "start": "started",
    "take-back": "took back",
    "try": "tried",
    "undo": "took back",
    "waive": "declared not needed:",
    "withdraw": "withdrew the signature of",
    "write": "wrote",
}
LATEST = 12
URGENT = 3


@dataclass(frozen=True)
class Latest:
    at: datetime
    who: str
    what: str


@dataclass(frozen=True)
class Readiness:
    """The checklist in one line: how many points hold, and the worst of the others with their rows."""

    passed: int
    ready: bool
    url: str
    urgent: Sequence[tuple[str, str]]
    more: int


@dataclass(frozen=True)
class OverviewPage:
    title: str
    slug: str
    answer: str
    brief: str
    steps: Sequence[Step]
    next: NextThing
    standing: Standing
    size_note: str
    readiness: Readiness
    latest: Sequence[Latest]
    news: News | None


def overview(session: Session, access: Access) -> OverviewPage:
    project = access.project
    s = queries.standing(session, project.id, access.user.id)
    base = f"/p/{project.slug}"
    return OverviewPage(
        title=project.name,
        slug=project.slug,
        answer=f"Goal: {GOAL_WORDS[project.goal]} · {plural(s.examples, 'example')} · "
        + plural(s.people, "person", "people"),
        brief=project.brief,
        steps=rules.path(base, s),
        next=rules.next_thing(base, s, access.role),
        standing=s,
        size_note=size_note(project.goal, s.approved),
        readiness=readiness(project.slug, checks.checklist(session, project)),
        latest=_latest(session, accounts.latest_events(session, project.id, 200)),
        news=since.look(session, access),
    )


def readiness(slug: str, found: Checklist) -> Readiness:
    """What several points say alike (one scan answers many of them) is said once."""
    said = {item.short: url_of(slug, item) for item in reversed(by_urgency(found.items))}
    urgent = list(reversed(said.items()))
    url = f"/p/{slug}/checklist"
    return Readiness(found.passed, found.ready, url, urgent[:URGENT], max(0, len(urgent) - URGENT))


def size_note(goal: str, approved: int) -> str:
    """Where the number of approved examples stands in the band that suits the goal."""
    low, high = SIZE_BANDS[goal]
    band = f"{low:,}–{high:,}" if high else f"{low:,} or more"
    if approved < low:
        return f"{approved:,} of the {band} that suit this goal to start with"
    return f"{approved:,}, inside the {band} that suit this goal" if not high or approved <= high else f"{approved:,}"


def _latest(session: Session, events: Sequence[AuditEvent]) -> list[Latest]:
    """The newest events, runs of the same thing by the same person folded into one line."""
    folded: list[tuple[AuditEvent, int]] = []
    for event in events:
        if folded and _same(folded[-1][0], event):
            folded[-1] = (folded[-1][0], folded[-1][1] + 1)
        elif len(folded) < LATEST:
            folded.append((event, 1))
        else:
            break
    names = accounts.names(session, {event.actor_id for event, _count in folded if event.actor_id})
    return [Latest(e.at, names.get(e.actor_id or "", "Holdout"), _what(e, count)) for e, count in folded]


def _same(first: AuditEvent, second: AuditEvent) -> bool:
    return (first.actor_id, first.action, first.object_type) == (second.actor_id, second.action, second.object_type)


def _what(event: AuditEvent, count: int) -> str:
    verb = VERBS.get(event.action, event.action.replace("_", " ").replace("-", " "))
    thing = event.object_type.replace("_", " ").replace("-", " ")
    name = event.detail.get("name")
    if count > 1:
        return f"{verb} {plural(count, thing)}"
    article = "an" if thing[0] in "aeiou" else "a"
    return f"{verb} {thing} “{name}”" if name else f"{verb} {article} {thing}"
