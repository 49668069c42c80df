"""Typed contexts of the voter's page: texts, and where this reviewer stands."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.examples.differences import Segment
from app.examples.differences import words as differing
from app.examples.rules import text_of
from app.preferences.voting import ballots
from app.preferences.voting.access import Voter
from app.preferences.voting.ballots import Progress, Said, Shown
from app.web.forms import FormState
from app.web.markdown import plain, to_html
from app.web.words import plural


@dataclass(frozen=True)
class Turn:
    role: str
    content: str
    tool_calls: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Side:
    """One of the two outputs: ``html``, or ``segments`` where the differences are marked."""

    label: str
    key: str
    content: str
    html: Markup | None = None
    segments: Sequence[Segment] = ()


@dataclass(frozen=True)
class Item:
    id: str
    turns: Sequence[Turn]
    sides: Sequence[Side]
    marked: bool


@dataclass(frozen=True)
class VotePage:
    base: str
    project: str
    question: str
    criteria: Sequence[str]
    guideline: Markup | None
    item: Item | None
    progress: Progress
    closed: bool
    is_guest: bool
    form: FormState = field(default_factory=FormState)
    title: str = "Blind review"

    @property
    def figures(self) -> str:
        state = self.progress
        skipped = f" · {plural(state.skipped, 'pair')} skipped" if state.skipped else ""
        return f"{state.done} of {state.total}{skipped} · blind until the round closes"


def vote(
    session: Session, voter: Voter, shown: Shown | None, form: FormState | None = None, *, marked: bool = False
) -> VotePage:
    state = ballots.progress(session, voter.round, voter.id)
    page = _page(voter, item(shown, marked=marked) if shown else None, state)
    if form is not None:
        return replace(page, form=form)
    return replace(page, form=FormState(_fields(voter.round.criteria, shown.said))) if shown else page


def _page(voter: Voter, shown: Item | None, state: Progress) -> VotePage:
    round_ = voter.round
    guideline = to_html(round_.guideline) if round_.guideline else None
    frame = (voter.base, voter.project_name, round_.question, round_.criteria, guideline)
    return VotePage(*frame, shown, state, round_.closed, voter.is_guest)


def _fields(criteria: Sequence[str], said: Said) -> dict[str, str]:
    """What was said, by the names of the form's fields."""
    answers = {f"criterion-{place}": said.criteria.get(name, "") for place, name in enumerate(criteria)}
    return {"rationale": said.rationale} | answers


def ahead(voter: Voter, shown: Shown) -> VotePage:
    """The next pair, kept ready by the page: without the figures, which would be old when it is shown."""
    return _page(voter, item(shown), Progress(0, 0, 0))


def item(shown: Shown, *, marked: bool = False) -> Item:
    left, right = Side("Left", "1", shown.left), Side("Right", "2", shown.right)
    if marked:
        both = differing(shown.left, shown.right)
        left = replace(left, segments=[_alike(one) for one in both if one.mark != "added"])
        right = replace(right, segments=[_alike(one) for one in both if one.mark != "removed"])
    else:
        left, right = replace(left, html=_html(shown.left)), replace(right, html=_html(shown.right))
    return Item(shown.pair_id, [_turn(message) for message in shown.prompt], (left, right), marked)


def _alike(segment: Segment) -> Segment:
    """The same mark on both sides: struck out in red on one and green on the other would say which is right."""
    return replace(segment, mark="only here") if segment.mark else segment


def _turn(message: dict[str, Any]) -> Turn:
    calls = [(call["function"]["name"], call["function"]["arguments"]) for call in message.get("tool_calls") or ()]
    return Turn(str(message.get("role", "")), text_of(message.get("content")), calls)


def _html(text: str) -> Markup:
    """JSON keeps its lines and blanks, which Markdown would join; everything else is read as Markdown."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            return to_html(text)
        return plain(text)
    return to_html(text)
