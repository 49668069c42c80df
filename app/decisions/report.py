"""The verdict as one file of HTML, to send to people without an account."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.comparisons.forms import Wanted
from app.comparisons.wording import Line
from app.core.errors import Conflict
from app.decisions import judging, pages
from app.decisions.pages import GateLine, NothingYet
from app.decisions.service import Override, SignOff
from app.projects.access import Access
from app.web.static import STATIC


@dataclass(frozen=True)
class Report:
    title: str
    answer: str
    project: str
    baseline: str
    candidate: str
    gates: Sequence[GateLine]
    gates_number: int | None
    lines: Sequence[Line]
    sentences: Sequence[str]
    rests_on: Sequence[tuple[str, str]]
    overrides: Sequence[Override]
    signed: str
    signed_note: str
    css: Markup


def report(session: Session, access: Access, wanted: Wanted) -> Report:
    """Conflict where there is no verdict yet."""
    page = pages.decide(session, access, wanted, reader=False)
    if isinstance(page, NothingYet):
        raise Conflict(f"{page.reason}. {page.text}")
    return Report(
        title=page.title,
        answer=page.answer,
        project=access.project.name,
        baseline=page.baseline,
        candidate=page.candidate,
        gates=page.gates,
        gates_number=page.gates_number,
        lines=[*page.metrics, *page.resources],
        sentences=page.sentences,
        rests_on=page.rests_on,
        overrides=page.overrides,
        signed=_signed(page.sign_off),
        signed_note=page.sign_off.row.note if page.sign_off else "",
        css=_css(),
    )


def _signed(found: SignOff | None) -> str:
    """ "Ana: ship, 3 May 2026; lapsed since: the runs changed"."""
    if found is None:
        return ""
    row = found.row
    decision = next(words for key, words in judging.WORDS.items() if key == row.decision)
    lapsed = f"; lapsed, because {found.lapsed} changed since" if found.lapsed else ""
    return f"Signed by {found.who}, {row.signed_at:%-d %b %Y}: {decision.lower()}{lapsed}."


@lru_cache
def _css() -> Markup:
    """Ours, from a file of the program: the only text that is not escaped."""
    return Markup((STATIC / "css" / "report.css").read_text())  # noqa: S704
