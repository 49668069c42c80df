"""Typed contexts of the guideline's pages."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.annotation.guidelines import queries
from app.annotation.guidelines.forms import Touched
from app.examples.bulk import MAX_BULK
from app.examples.chat import BEHAVIORS
from app.examples.differences import Segment, changed, words
from app.projects import guidelines
from app.projects.access import Access
from app.projects.models import GuidelineVersion
from app.web.forms import FormState
from app.web.markdown import to_html
from app.web.words import plural

STATUS_CHOICES = (("approved", "approved"), ("rejected", "rejected"), ("needs_work", "needs work"))


@dataclass(frozen=True)
class VersionRow:
    number: int
    who: str
    at: datetime
    note: str
    annotations: int  # made while it was the current one
    current: bool
    shown: bool


@dataclass(frozen=True)
class GuidelinePage:
    """The guideline as it stands in one version, and all versions."""

    slug: str
    number: int  # of the shown version; 0 where none was written yet
    current: int
    text: Markup | None
    versions: Sequence[VersionRow]
    can_edit: bool
    title: str = "Guideline"

    @property
    def base(self) -> str:
        return f"/p/{self.slug}/guideline"


@dataclass(frozen=True)
class EditPage:
    slug: str
    based_on: int
    text: str
    form: FormState = field(default_factory=FormState)
    theirs: Markup | None = None  # the version that somebody else wrote meanwhile
    title: str = "Edit the guideline"


@dataclass(frozen=True)
class ComparePage:
    slug: str
    before: int
    after: int
    segments: Sequence[Segment]
    versions: Sequence[int]
    same: bool

    @property
    def title(self) -> str:
        return f"Guideline: version {self.before} and version {self.after}"


@dataclass(frozen=True)
class RequeuePage:
    """How much a changed guideline touches, before it is sent back to review."""

    slug: str
    filters: FormState
    query: str  # the filter as it stands in the URL
    count: int
    more: bool  # there are more than can go back at once
    current: int
    labels: Sequence[str]
    versions: Sequence[tuple[int, str]]
    problem: str | None
    behaviors: Sequence[str] = BEHAVIORS
    statuses: Sequence[tuple[str, str]] = STATUS_CHOICES
    title: str = "Send back to review"

    @property
    def answer(self) -> str:
        if self.more:
            return f"More than {self.count:,} decided examples match: narrow it."
        return f"{plural(self.count, 'decided example')} {'matches' if self.count == 1 else 'match'}."


def guideline(session: Session, access: Access, number: int | None) -> GuidelinePage:
    project = access.project
    shown = project.guideline_version if number is None else number
    one = guidelines.version(session, project.id, shown) if shown else None
    made = queries.annotations_by_version(session, project.id)
    rows = [
        _row(version, who, made.get(version.number, 0), project.guideline_version, shown)
        for version, who in guidelines.versions(session, project.id)
    ]
    text = to_html(one.text) if one and one.text.strip() else None
    return GuidelinePage(project.slug, shown, project.guideline_version, text, rows, access.can("engineer"))


def _row(version: GuidelineVersion, who: str | None, annotations: int, current: int, shown: int) -> VersionRow:
    return VersionRow(
        number=version.number,
        who=who or "–",
        at=version.created_at,
        note=version.note,
        annotations=annotations,
        current=version.number == current,
        shown=version.number == shown,
    )


def edit(session: Session, access: Access, based_on_text_of: int | None = None) -> EditPage:
    """The form, with the current text or with that of an earlier version."""
    project = access.project
    text = project.guideline
    if based_on_text_of is not None:
        text = guidelines.version(session, project.id, based_on_text_of).text
    return EditPage(project.slug, project.guideline_version, text)


def refused(access: Access, form: FormState, *, stale: bool = False) -> EditPage:
    """The form as it was typed. Stale: beside it the newer version, which the next save is based on."""
    project = access.project
    values = {name: value for name, value in form.values.items() if name != "based_on"}
    shown = FormState(values, form.errors, form.message)
    theirs = to_html(project.guideline) if stale else None
    return EditPage(project.slug, project.guideline_version, project.guideline, shown, theirs)


def compare(session: Session, access: Access, before: int, after: int) -> ComparePage:
    project = access.project
    texts = [guidelines.version(session, project.id, number).text for number in (before, after)]
    segments = words(*texts)
    numbers = [version.number for version, _who in guidelines.versions(session, project.id)]
    return ComparePage(project.slug, before, after, segments, numbers, not changed(segments))


def requeue(
    session: Session, access: Access, wanted: Touched, query: str, *, problem: str | None = None
) -> RequeuePage:
    project = access.project
    count = queries.count(session, project.id, wanted, MAX_BULK)
    names = [(version.number, f"before version {version.number}") for version, _who in _versions(session, access)]
    return RequeuePage(
        slug=project.slug,
        filters=FormState(wanted.model_dump(exclude_none=True)),
        query=query,
        count=min(count, MAX_BULK),
        more=count > MAX_BULK,
        current=project.guideline_version,
        labels=[str(label) for label in project.labels],
        versions=names,
        problem=problem,
    )


def _versions(session: Session, access: Access) -> Sequence[tuple[GuidelineVersion, str | None]]:
    return [(version, who) for version, who in guidelines.versions(session, access.project.id)]
