"""The edit form of an example: from a revision to fields, and from what was typed back to messages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.datastructures import FormData

from app.core import instructions
from app.core.errors import FieldError, Invalid
from app.examples.chat import BEHAVIORS, ROLES, Refused
from app.examples.models import Revision
from app.examples.strict_json import parse_json

MAX_MESSAGES = 50
NEW_MESSAGES = 2  # empty ones at the end, to be filled or left


@dataclass(frozen=True)
class MessageField:
    """One message in the form: ``content`` as text, or the whole message as ``json`` where it is more than text."""

    index: int
    role: str
    content: str | None
    json: str | None = None
    is_new: bool = False


@dataclass
class Typed:
    """What was typed. ``places`` says in which field of the form each message stands."""

    revision: int
    messages: list[dict[str, Any]]
    tags: list[str]
    behavior: str | None
    expected: dict[str, Any]
    reason: str
    places: list[str] = field(default_factory=list)

    def place(self, loc: str) -> str:
        """The field of the form that an error of the checked example belongs to."""
        parts = loc.split(".")
        if parts[0] == "messages" and len(parts) > 1 and parts[1].isdigit() and int(parts[1]) < len(self.places):
            return self.places[int(parts[1])]
        return {"expected.label": "label", "expected.text": "text", "expected.json": "json"}.get(loc, parts[0])

    def at_fields(self, error: Invalid) -> Invalid:
        """The same error, at the fields of the form."""
        return Invalid(str(error), [FieldError(self.place(e.loc), e.msg) for e in error.errors])


def message_fields(messages: list[Any]) -> list[MessageField]:
    """The messages as fields, and empty ones to add: the next speakers in turn."""
    found = [
        MessageField(index, message["role"], message["content"])
        if _is_text(message)
        else MessageField(index, message["role"], None, orjson.dumps(message, option=orjson.OPT_INDENT_2).decode())
        for index, message in enumerate(messages)
    ]
    ends_with_answer = bool(messages) and messages[-1]["role"] == "assistant"
    speakers = ("user", "assistant") if ends_with_answer else ("assistant", "user")
    return found + [
        MessageField(len(found) + offset, speakers[offset], "", is_new=True) for offset in range(NEW_MESSAGES)
    ]


def _is_text(message: Mapping[str, Any]) -> bool:
    return isinstance(message.get("content"), str) and not message.get("tool_calls")


def read(form: FormData, old: Revision) -> Typed:
    """What was typed over revision ``old``. Raises Invalid at the field that cannot be read."""
    typed = Typed(
        revision=_number(form, "revision"),
        messages=[],
        tags=_tags(_text(form, "tags"), old.tags),
        behavior=_text(form, "behavior") or None,
        expected=_expected(form, old.expected or {}),
        reason=_text(form, "reason")[:500],
    )
    if typed.behavior not in (None, *BEHAVIORS):
        raise Invalid.field("behavior", f"One of {', '.join(BEHAVIORS)}.")
    for index in range(min(_number(form, "count"), MAX_MESSAGES + NEW_MESSAGES)):
        message, place = _message(form, index, old.messages)
        if message is not None:
            typed.messages.append(message)
            typed.places.append(place)
    return typed


def _message(form: FormData, index: int, old: list[Any]) -> tuple[dict[str, Any] | None, str]:
    """(message or None where it is removed or left empty, the name of its field)."""
    name = f"messages.{index}"
    before: dict[str, Any] = old[index] if index < len(old) else {}
    if form.get(f"{name}.remove"):
        return None, name
    if f"{name}.json" in form:
        return _json_object(form, f"{name}.json"), f"{name}.json"
    place = f"{name}.content"
    role, typed = _text(form, f"{name}.role"), str(form.get(place, ""))
    if role not in ROLES:
        raise Invalid.field(f"{name}.role", f"One of {', '.join(ROLES)}.")
    if not before and not typed.strip():
        return None, place
    content = line_ends_of(before.get("content"), typed)
    kept = before if before.get("role") == role else {}
    return {**kept, "role": role, "content": content}, place


def line_ends_of(before: Any, typed: str) -> str:
    """Browsers send every line end as CR LF: an unchanged text stays as it was, a changed one keeps its kind."""
    plain = typed.replace("\r\n", "\n")
    if isinstance(before, str):
        if before.replace("\r\n", "\n") == plain:
            return before
        if "\r\n" in before:
            return plain.replace("\n", "\r\n")
    return plain


def _expected(form: FormData, old: Mapping[str, Any]) -> dict[str, Any]:
    wanted: dict[str, Any] = {name: old[name] for name in ("tool_calls", *instructions.FIELDS) if name in old}
    if label := _text(form, "label"):
        wanted["label"] = label
    if _text(form, "text"):
        wanted["text"] = line_ends_of(old.get("text"), str(form.get("text")))
    if written := _text(form, "json"):
        try:
            wanted["json"] = parse_json(written)
        except Refused as error:
            raise Invalid.field("json", str(error).removeprefix("the line: ").capitalize()) from error
    return wanted


def _json_object(form: FormData, name: str) -> dict[str, Any]:
    try:
        value = parse_json(_text(form, name))
    except Refused as error:
        raise Invalid.field(name, str(error).removeprefix("the line: ").capitalize()) from error
    if not isinstance(value, dict):
        raise Invalid.field(name, "A message is a JSON object with role and content.")
    return value


def _tags(text: str, old: list[str]) -> list[str]:
    return list(old) if text == ", ".join(old) else [tag.strip() for tag in text.split(",") if tag.strip()]


def _text(form: FormData, name: str) -> str:
    return str(form.get(name, "")).strip()


def _number(form: FormData, name: str) -> int:
    text = _text(form, name)
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Invalid.field(name, "This form is not one of ours: reload the page.")
    return int(text)
