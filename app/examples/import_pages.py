"""Typed contexts of the import pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from app.core.errors import Invalid
from app.core.settings import get_settings
from app.examples import import_queries
from app.examples.formats import FORMATS
from app.examples.import_service import lines_of
from app.examples.models import Import, ImportRejection
from app.examples.opening import WORDS
from app.examples.pages import MessageView, expected_lines, message_views
from app.examples.preview import Preview, look
from app.examples.rules import ParsedExample, answer_index
from app.projects.access import Access
from app.web.forms import FormState
from app.web.words import plural, words

SHOWN_REJECTIONS = 50
SHOWN_EXAMPLES = 3
LIVE = ("queued", "running")
CHOICES = [("auto", "Recognise it"), *((form.name, form.label) for form in FORMATS.values())]
# the fields of a mapping as the form asks for them: (name, label, hint)
FIELDS = (
    ("user", "Request", "The column with what the user asked"),
    ("assistant", "Answer", "The column with the answer that production should give"),
    ("label", "Label", "For classification and routing"),
    ("behavior", "Expected behaviour", "answer, refuse, clarify or escalate"),
    ("group", "Group", "Rows of one customer or thread stay on one side of a split"),
)


@dataclass(frozen=True)
class ListPage:
    slug: str
    rows: Sequence[Import]
    waiting: Sequence[Import]
    older: str | None
    cursor: str | None
    can_import: bool
    title: str = "Imports"

    def recognised(self, source: Import) -> str:
        return recognised(source)


@dataclass(frozen=True)
class NewPage:
    slug: str
    max_mb: int
    form: FormState = field(default_factory=FormState)
    formats: Sequence[tuple[str, str]] = tuple(CHOICES)
    title: str = "Import examples"


@dataclass(frozen=True)
class PreviewPage:
    slug: str
    source: Import
    preview: Preview
    mapping: Mapping[str, Any]
    form: FormState
    fields: Sequence[tuple[str, str, str]] = FIELDS

    @property
    def title(self) -> str:
        return self.source.file_name

    @property
    def recognised(self) -> str:
        return recognised(self.source)

    @property
    def sentence(self) -> str:
        """The page's first line: how many of the rows that were looked at can come in."""
        seen = self.preview
        if not seen.checked:
            return "Say which column is what."
        rows = plural(seen.checked, "row")
        return f"{seen.accepted:,} of the {'' if seen.whole_file else 'first '}{rows} can come in."

    @property
    def remark(self) -> str:
        seen = self.preview
        if not seen.checked:
            return "No column has a name that says where the answer or the label stands."
        refused = f"{plural(len(seen.refused), 'row')} would be refused; each is listed with its reason."
        said = refused if seen.refused else "None would be refused."
        return (
            f"{plural(seen.definitions, 'row')} about evals and runs, no examples. {said}" if seen.definitions else said
        )

    @property
    def samples(self) -> Sequence["Sample"]:
        return [sample_of(example) for example in self.preview.examples[:SHOWN_EXAMPLES]]

    @property
    def optional(self) -> bool:
        """Whether the rows could be read without a mapping too."""
        return not FORMATS[self.source.format].needs_mapping


@dataclass(frozen=True)
class Sample:
    """One example as it would be stored."""

    messages: Sequence[MessageView]
    target: int | None
    non_preferred: Sequence[MessageView]
    facts: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class GraderFound:
    """A grader object that stood in the file, and where it is made a grader of the project."""

    name: str
    kind: str
    url: str


@dataclass(frozen=True)
class ImportPage:
    slug: str
    source: Import
    rejections: Sequence[ImportRejection]
    kept: int  # examples of it that an undo would keep, because they are in use
    left: int
    can_change: bool
    graders: Sequence[GraderFound]

    @property
    def title(self) -> str:
        return self.source.file_name

    @property
    def recognised(self) -> str:
        return recognised(self.source)

    @property
    def live(self) -> bool:
        return self.source.status in LIVE


def listed(session: Session, access: Access, cursor: str | None) -> ListPage:
    found = import_queries.page(session, access.project.id, cursor, 25)
    waiting = import_queries.uploaded(session, access.project.id)
    return ListPage(access.project.slug, found.items, waiting, found.next_cursor, cursor, access.can("engineer"))


def new(access: Access, form: FormState | None = None) -> NewPage:
    return NewPage(access.project.slug, get_settings().max_upload_mb, form or FormState())


def preview(
    access: Access, source: Import, mapping: dict[str, Any] | None, form: FormState | None = None
) -> PreviewPage:
    """What would come in with this mapping; a mapping that is wrong falls back to the suggested one, and says so."""
    path = lines_of(source)
    try:
        seen = look(path, source.format, mapping or source.mapping)
    except Invalid as error:
        seen = look(path, source.format)
        form = form or FormState(mapping or {}, at_fields(error), str(error))
    return PreviewPage(access.project.slug, source, seen, mapping or seen.mapping or {}, form or FormState())


def at_fields(error: Invalid) -> dict[str, str]:
    """Messages by field of the form: ``mapping.tags.0`` belongs to the field ``tags``."""
    return {e.loc.removeprefix("mapping.").split(".")[0]: e.msg for e in error.errors}


def one(session: Session, access: Access, source: Import) -> ImportPage:
    left, kept = import_queries.living(session, source.id)
    rejected = import_queries.rejections(session, source.id, SHOWN_REJECTIONS)
    slug = access.project.slug
    return ImportPage(slug, source, rejected, kept, left, access.can("engineer"), graders_found(slug, source))


def graders_found(slug: str, source: Import) -> list[GraderFound]:
    """Addresses are of the evals stage, which reads the grader out of the import again."""
    base = f"/p/{slug}/graders/new?import_id={source.id}&index="
    return [
        GraderFound(
            str(one.get("name") or "without a name")[:200], words(str(one.get("type") or "?"))[:60], f"{base}{index}"
        )
        for index, one in enumerate(source.graders)
    ]


def recognised(source: Import) -> str:
    """``ShareGPT, packed as gzip``."""
    label = FORMATS[source.format].label if source.format in FORMATS else source.format
    packed = [WORDS[kind] for kind in source.container.split(", ") if kind in WORDS and kind != source.format]
    return f"{label}, in {' in '.join(reversed(packed))}" if packed else label


def sample_of(example: ParsedExample) -> Sample:
    facts = expected_lines(example.expected)
    facts += [("tags", ", ".join(example.tags))] if example.tags else []
    facts += [("tools", ", ".join(str(tool["function"]["name"]) for tool in example.tools))] if example.tools else []
    facts += [("kept with it", ", ".join(example.extra))] if example.extra else []
    return Sample(
        messages=message_views(example.messages),
        target=answer_index(example.messages),
        non_preferred=message_views(example.non_preferred or ()),
        facts=[(name, text[:300]) for name, text in facts],
    )
