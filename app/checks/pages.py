"""Typed contexts of the page *Checks*: what is wrong, worst first, and what fixes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from app.checks import look, queries, scan_queries, undoing
from app.checks.models import Scan
from app.checks.rules import KINDS, Kind, code_words, overall
from app.projects.access import Access
from app.web.words import plural


@dataclass(frozen=True)
class Notice:
    text: str
    undo_url: str | None
    more_url: str | None = None  # where a decision about very many goes on


@dataclass(frozen=True)
class KindRow:
    """One kind with something open. ``codes``: (words, how many, address of its findings)."""

    kind: Kind
    findings: int
    examples: int
    codes: Sequence[tuple[str, int, str]]
    url: str
    examples_url: str


@dataclass(frozen=True)
class ScanView:
    id: str
    status: str
    live: bool
    comparing: bool  # every example was looked at; now they are compared
    done: int
    total: int
    error: str | None
    finished_at: datetime | None
    automatic: bool


@dataclass(frozen=True)
class ChecksPage:
    slug: str
    answer: str
    scan: ScanView | None
    unseen: int
    pool: int
    blocking: Sequence[KindRow]
    others: Sequence[KindRow]
    clean: Sequence[str]
    accepted: Sequence[tuple[str, str]]
    can_decide: bool
    can_import: bool
    title: str = "Checks"

    @property
    def base(self) -> str:
        return f"/p/{self.slug}/checks"


def checks(session: Session, access: Access) -> ChecksPage:
    project_id, slug = access.project.id, access.project.slug
    stamp = look.stamp(look.setting_of(session, access.project))
    pool = scan_queries.count_pool(session, project_id)
    unseen = scan_queries.count_unseen(session, project_id, stamp)
    summary = queries.summary(session, project_id)
    per_example = queries.open_examples(session, project_id)
    rows = []
    for kind in KINDS.values():
        codes = sorted(((row[1], row[3]) for row in summary if row[0] == kind.key and row[2] == "open"), key=_size)
        if codes:
            rows.append(_row(slug, kind, codes, per_example.get(kind.key, 0)))
    blocking, others = [row for row in rows if row.kind.blocks], [row for row in rows if not row.kind.blocks]
    accepted: dict[str, int] = {}
    for row in summary:
        if row[2] == "accepted":
            accepted[row[0]] = accepted.get(row[0], 0) + row[3]
    found = {row.kind.key for row in rows}
    scan = scan_queries.latest(session, project_id)
    return ChecksPage(
        slug=slug,
        answer=_answer(blocking, others, pool, unseen),
        scan=view(scan) if scan else None,
        unseen=unseen,
        pool=pool,
        blocking=blocking,
        others=others,
        clean=[kind.many for kind in KINDS.values() if kind.key not in found and _is_looked_for(kind.key)],
        accepted=[
            (overall(key, number), f"/p/{slug}/checks/{key}?state=accepted") for key, number in sorted(accepted.items())
        ],
        can_decide=access.can("annotator"),
        can_import=access.can("engineer"),
    )


def _size(code: tuple[str, int]) -> tuple[int, str]:
    return -code[1], code[0]


def _is_looked_for(kind: str) -> bool:
    """Nothing found says something only where a detector looks for it."""
    return kind in look.KINDS or kind in ("duplicate", "near_duplicate", "label_conflict", "leak")


def _row(slug: str, kind: Kind, codes: Sequence[tuple[str, int]], examples: int) -> KindRow:
    url = f"/p/{slug}/checks/{kind.key}"
    return KindRow(
        kind=kind,
        findings=sum(number for _code, number in codes),
        examples=examples,
        codes=[(code_words(code), number, f"{url}?{urlencode({'code': code})}") for code, number in codes],
        url=url,
        examples_url=f"/p/{slug}/examples?{urlencode({'finding': kind.key})}",
    )


def _answer(blocking: Sequence[KindRow], others: Sequence[KindRow], pool: int, unseen: int) -> str:
    """The first line: what to fix first."""
    if not pool:
        return "What is wrong with the data, worst first, and what fixes it."
    if blocking:
        first = blocking[0]
        kept = plural(first.examples, "example")
        rest = (
            f"; {plural(len(blocking) + len(others) - 1, 'more kind')} after that"
            if len(blocking) + len(others) > 1
            else ""
        )
        return f"First: {overall(first.kind.key, first.findings)} in {kept}, kept out of training until decided{rest}."
    if others:
        return f"Nothing is held back. Worth a look: {overall(others[0].kind.key, others[0].findings)}."
    if unseen == pool:
        return "Nothing has been looked at yet."
    return "Nothing is wrong that these checks can see." if not unseen else "Nothing found so far."


def view(scan: Scan) -> ScanView:
    live = scan.status in scan_queries.OPEN
    return ScanView(
        id=scan.id,
        status=scan.status,
        live=live,
        comparing=scan.status == "running" and scan.done >= scan.total,
        done=scan.done,
        total=scan.total,
        error=scan.error,
        finished_at=scan.finished_at,
        automatic=scan.created_by is None,
    )


def notice(session: Session, access: Access, change_id: str | None, back: str) -> Notice | None:
    """What a decision has just done, with its undo."""
    change = queries.change(session, access.project.id, change_id) if change_id else None
    if change is None:
        return None
    if change.undone_at is not None:
        return Notice("Taken back.", None)
    url, query = f"/p/{access.project.slug}/findings/changes/{change.id}", urlencode({"back": back})
    if change.created_by != access.user.id:
        return Notice(undoing.sentence(change), None)
    more = f"{url}/continuation?{query}" if change.left else None
    return Notice(undoing.sentence(change), f"{url}/undo?{query}", more)
