"""Which column of a table is what: the mapping that a person or a program gives, and the one that is suggested."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.core.errors import FieldError, Invalid
from app.examples.chat import Refused
from app.examples.formats.base import Table
from app.examples.strict_json import parse_json

# column names that people use, the likelier first
NAMES = {
    "user": (
        "user", "user_message", "instruction", "prompt", "question", "request", "query", "user_query", "utterance",
        "input", "text", "message", "customer_message", "body", "content", "description", "subject",
    ),
    "assistant": (
        "assistant", "assistant_message", "response", "answer", "completion", "output", "reply", "agent_reply",
        "expected_output", "expected_answer", "reference_answer", "reference", "ideal", "ground_truth", "expected",
        "correct_answer", "target", "gold",
    ),
    "label": (
        "label", "intent", "class", "route", "team", "queue", "category", "correct_label", "expected_label",
        "correct_category",
    ),
    "behavior": ("behavior", "behaviour", "expected_behavior", "expected_behaviour"),
    "group": (
        "group", "customer", "customer_id", "account", "account_id", "user_id", "conversation_id", "thread_id",
        "session_id",
    ),
}  # fmt: skip
ENDINGS = {
    "user": ("_query", "_question", "_prompt", "_instruction", "_text"),
    "assistant": ("_response", "_answer", "_completion", "_output", "_reply"),
    "label": ("_label", "_intent", "_category"),
}
TAG_NAMES = ("tags", "tag", "topic", "category")
PEOPLE = ("annotation: ", "response: ")
SHORT = 60  # characters; an annotation that is never longer is a label
ONE = ("user", "assistant", "label", "behavior", "group")  # fields of a mapping that name one column


class ColumnMapping(BaseModel):
    """Names of columns, but for ``system``: that is the text of a system message put before every example.

    Without ``assistant`` the label is the answer. Columns that are not named are kept in the example's metadata.
    """

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    user: str = Field(min_length=1)
    assistant: str | None = None
    system: str | None = Field(None, max_length=100_000)
    label: str | None = None
    behavior: str | None = None
    tags: list[str] = Field(default_factory=list, max_length=20)
    group: str | None = None


def written_mapping(text: str) -> dict[str, Any] | None:
    """A mapping that was given as JSON, or None where none was. Raises Invalid."""
    if not text:
        return None
    try:
        mapping = parse_json(text)
    except Refused as error:
        raise Invalid.field("mapping", str(error).removeprefix("the line: ")) from error
    if not isinstance(mapping, dict):
        raise Invalid.field("mapping", "The mapping is a JSON object: names of fields and of columns.")
    return mapping


def checked(mapping: Mapping[str, Any] | None, columns: Sequence[str], *, answer: bool = True) -> ColumnMapping:
    """The mapping, if it is well formed and every column in it exists. Raises Invalid naming the wrong part.

    ``answer``: one column at least must say what is wanted of the model.
    """
    if mapping is None:
        raise Invalid.field("mapping", "Say which column is what: at least `user`, and `assistant` or `label`.")
    try:
        found = ColumnMapping.model_validate(dict(mapping))
    except ValidationError as error:
        from app.web.forms import field_errors  # the process that reads a file starts without the web

        errors = [FieldError(f"mapping.{e.loc}", e.msg) for e in field_errors(error.errors())]
        raise Invalid(f"The mapping is not right: {errors[0].loc}: {errors[0].msg}", errors) from error
    named = {name: getattr(found, name) for name in ONE}
    named |= {f"tags.{index}": name for index, name in enumerate(found.tags)}
    missing = [
        FieldError(f"mapping.{field}", f"There is no column “{name}”. The columns are: {', '.join(columns)[:500]}.")
        for field, name in named.items()
        if name is not None and name not in columns
    ]
    if answer and not (found.assistant or found.label or found.behavior):
        missing.append(FieldError("mapping.assistant", "Say which column holds the answer, the label or the behavior."))
    if missing:
        raise Invalid(missing[0].msg, missing)
    return found


def suggest(table: Table) -> dict[str, Any]:
    """A mapping by the columns' names; the request falls back to the column with the longest texts.

    What people said in an annotation tool (``annotation: …``) comes before data of the same name, and is the label or
    the answer whatever its name is. What a model guessed there is never suggested.
    """
    full = [name for name in reversed(table.columns) if not table.sample or _letters(table, name)]
    asked = {_plain(name): name for name in full if ": " not in name}
    said = {_plain(name.split(": ", 1)[1]): name for name in full if name.startswith(PEOPLE)}
    found: dict[str, Any] = {}
    for field, names in NAMES.items():
        known = asked if field == "user" else asked | said
        free = {name: column for name, column in known.items() if column not in found.values()}
        endings = ENDINGS.get(field, ())
        match = next((free[name] for name in names if name in free), None) or next(
            (column for name, column in reversed(free.items()) if name.endswith(endings)), None
        )
        if match is not None:
            found[field] = match
    if said and not {"assistant", "label"} & found.keys():
        name = next(iter(reversed(said.values())))
        found["assistant" if _longest(table, name) > SHORT else "label"] = name
    if "column_1" in asked and "column_2" in asked:  # rows that were lists: mostly of a text and its label
        found = {
            "user": asked["column_1"],
            "assistant" if _longest(table, asked["column_2"]) > SHORT else "label": asked["column_2"],
        }
    found["tags"] = [asked[name] for name in TAG_NAMES if name in asked and asked[name] not in found.values()]
    if "user" not in found and table.columns:
        left = [name for name in asked.values() if name not in found.values()] or table.columns[:1]
        found["user"] = max(reversed(left), key=lambda name: _letters(table, name))
    return found


def _plain(name: str) -> str:
    return name.strip().casefold().replace(" ", "_").replace("-", "_")


def _cells(table: Table, name: str) -> list[str]:
    index = table.columns.index(name)
    return [row[index] for row in table.sample if index < len(row)]


def _longest(table: Table, name: str) -> int:
    return max(map(len, _cells(table, name)), default=0)


def _letters(table: Table, name: str) -> int:
    """How much is said in a column; lists and objects count little, for nobody asks or answers in them."""
    return sum(len(cell) if not cell.startswith(("[", "{")) else 1 for cell in _cells(table, name))
