"""Which column of a table is what: the mapping that a person or a program gives, and the one that is suggested."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field, ValidationError

from app.core.errors import FieldError, Invalid
from app.examples.chat import BEHAVIORS, Refused
from app.examples.rules import ParsedExample, parse_example
from app.web.forms import StrictModel, field_errors

# column names that people use, the likelier first
NAMES = {
    "user": (
        "user", "user_message", "instruction", "prompt", "question", "request", "query", "utterance", "input", "text",
        "message", "customer_message", "body", "content", "description", "subject",
    ),
    "assistant": (
        "assistant", "assistant_message", "response", "answer", "completion", "output", "reply", "agent_reply",
    ),
    "label": ("label", "intent", "class", "route", "team", "queue", "category"),
    "behavior": ("behavior", "behaviour", "expected_behavior", "expected_behaviour"),
    "group": (
        "group", "customer", "customer_id", "account", "account_id", "user_id", "conversation_id", "thread_id",
        "session_id",
    ),
}  # fmt: skip
TAG_NAMES = ("tags", "tag", "topic", "category")


class ColumnMapping(StrictModel):
    """Names of columns, but for ``system``: that is the text of a system message put before every example.

    Without ``assistant`` the label is the answer. Columns that are not named are kept in the example's metadata.
    """

    user: str = Field(min_length=1)
    assistant: str | None = None
    system: str | None = Field(None, max_length=100_000)
    label: str | None = None
    behavior: str | None = None
    tags: list[str] = Field(default_factory=list, max_length=20)
    group: str | None = None


def checked(mapping: Mapping[str, Any] | None, columns: Sequence[str]) -> ColumnMapping:
    """The mapping, if it is well formed and every column in it exists. Raises Invalid naming the wrong part."""
    if mapping is None:
        raise Invalid.field("mapping", "Say which column is what: at least `user`, and `assistant` or `label`.")
    try:
        found = ColumnMapping.model_validate(dict(mapping))
    except ValidationError as error:
        errors = [FieldError(f"mapping.{e.loc}", e.msg) for e in field_errors(error.errors())]
        raise Invalid(f"The mapping is not right: {errors[0].loc}: {errors[0].msg}", errors) from error
    named = {name: getattr(found, name) for name in ("user", "assistant", "label", "behavior", "group")}
    named |= {f"tags.{index}": name for index, name in enumerate(found.tags)}
    missing = [
        FieldError(f"mapping.{field}", f"There is no column “{name}”. The columns are: {', '.join(columns)[:500]}.")
        for field, name in named.items()
        if name is not None and name not in columns
    ]
    if not (found.assistant or found.label or found.behavior):
        missing.append(FieldError("mapping.assistant", "Say which column holds the answer, the label or the behavior."))
    if missing:
        raise Invalid(missing[0].msg, missing)
    return found


def suggest(columns: Sequence[str], sample: Sequence[Sequence[str]]) -> dict[str, Any]:
    """A mapping by the columns' names; the request falls back to the column with the longest texts."""
    plain = {name.strip().casefold().replace(" ", "_").replace("-", "_"): name for name in reversed(columns)}
    found: dict[str, Any] = {}
    for field, names in NAMES.items():
        match = next((plain[name] for name in names if name in plain and plain[name] not in found.values()), None)
        if match is not None:
            found[field] = match
    found["tags"] = [plain[name] for name in TAG_NAMES if name in plain and plain[name] not in found.values()]
    if "user" not in found and columns:
        free = [index for index, name in enumerate(columns) if name not in found.values()] or [0]
        longest = max(free, key=lambda index: sum(len(row[index]) for row in sample if index < len(row)))
        found["user"] = columns[longest]
    return found


def example_of(cells: Mapping[str, str], mapping: ColumnMapping) -> ParsedExample:
    """One row of a table as an example. Raises Refused naming the column and the reason."""
    request = _filled(cells, mapping.user)
    answer = _filled(cells, mapping.assistant) if mapping.assistant else ""
    label = cells[mapping.label].strip() if mapping.label else ""
    if mapping.label and not label and not answer:
        raise Refused(f"column “{mapping.label}”: is empty")
    messages = [{"role": "system", "content": mapping.system}] if mapping.system else []
    messages.append({"role": "user", "content": request})
    if answer or label:
        messages.append({"role": "assistant", "content": answer or label})
    used = {mapping.user, mapping.assistant, mapping.label, mapping.behavior, mapping.group, *mapping.tags}
    return parse_example(
        {
            "messages": messages,
            "expected": {"label": label} if label else None,
            "behavior": _behavior(cells, mapping.behavior),
            "tags": [tag for column in mapping.tags for tag in _split(cells[column])],
            "group": cells[mapping.group].strip() if mapping.group else None,
            "metadata": {name: text for name, text in cells.items() if name not in used and text},
        }
    )


def _filled(cells: Mapping[str, str], column: str) -> str:
    text = cells[column]
    if not text.strip():
        raise Refused(f"column “{column}”: is empty")
    return text


def _behavior(cells: Mapping[str, str], column: str | None) -> str | None:
    word = cells[column].strip().casefold() if column else ""
    if word and word not in BEHAVIORS:
        raise Refused(f"column “{column}”: must be one of {', '.join(BEHAVIORS)}, not “{word[:40]}”")
    return word or None


def _split(cell: str) -> list[str]:
    return [tag for tag in cell.replace(";", ",").replace("|", ",").split(",") if tag.strip()]
