"""What an example is: its target answer, the fingerprint of its prompt, its content hash, how lists show it. Pure.

The *target answer* is the last message where that is the assistant's; then everything before it is the *prompt*. A
conversation that ends otherwise is all prompt, and needs ``expected`` to say what is wanted of it.
"""

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from app.core import instructions
from app.examples import chat
from app.examples.chat import Refused

PREVIEW = 2_000  # characters of request and answer that lists show and search reads
FIELDS = (
    "messages", "tools", "expected", "behavior", "tags", "group", "source", "metadata", "non_preferred_output",
)  # fmt: skip
Message = Mapping[str, Any]


@dataclass(frozen=True)
class ParsedExample:
    """One example that may be stored, with all that is derived from its content.

    ``non_preferred``: the messages of an answer that people liked less than the last one of ``messages``, or None.
    ``extra`` is the line's ``metadata`` and every field of the line that has no meaning here. ``group_unit`` equals
    ``fingerprint_unit`` where there is no group.
    """

    messages: list[Any]
    tools: list[Any] | None
    expected: dict[str, Any] | None
    non_preferred: list[Any] | None
    behavior: str | None
    tags: list[str]
    source: str | None
    extra: dict[str, Any]
    fingerprint_unit: str
    group_unit: str
    content_hash: str
    request: str
    answer: str


def parse_example(
    fields: Mapping[str, Any], *, group_unit: str | None = None, tags: Sequence[str] = ()
) -> ParsedExample:
    """Check one example (interfaces.md §4) and derive the rest. Raises Refused naming the field and the reason.

    ``group_unit`` keeps the group of an example that is edited; ``tags`` are added to the example's own.
    """
    _check_storable(fields)
    messages = chat.check_messages(fields.get("messages"))
    tools = chat.check_tools(fields.get("tools"))
    expected, behavior = chat.check_expected(fields.get("expected"), fields.get("behavior"))
    group = chat.check_group(fields.get("group"))
    metadata = fields.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        raise Refused("metadata: must be an object")
    if messages[-1]["role"] != "assistant" and not expected:
        raise Refused("messages: the last one must be the assistant's answer, or `expected` must say what is expected")
    non_preferred = chat.check_non_preferred(fields.get("non_preferred_output"), messages)
    unit = fingerprint_unit(messages)
    return ParsedExample(
        messages=messages,
        tools=tools,
        expected=expected,
        non_preferred=non_preferred,
        behavior=behavior,
        tags=chat.check_tags([*chat.check_tags(fields.get("tags")), *tags]),
        source=chat.check_source(fields.get("source")),
        extra={name: value for name, value in fields.items() if name not in FIELDS} | (metadata or {}),
        fingerprint_unit=unit,
        group_unit=f"group:{group}" if group else group_unit or unit,
        content_hash=content_hash(messages, tools, expected, non_preferred),
        request=request_preview(messages),
        answer=answer_preview(messages, expected),
    )


def _check_storable(fields: Mapping[str, Any]) -> None:
    """Neither too deep nor with text that the database cannot hold; looked into only where a sign of it is there."""
    written = canonical(fields)
    if written.count(b"{") + written.count(b"[") > chat.MAX_DEPTH:
        _check_depth(fields)
    if b"\\u0000" in written:  # an escaped NUL, or the harmless text \\u0000
        reason = chat.unstorable(fields)
        if reason:
            raise Refused(reason)


def _check_depth(value: Any) -> None:
    if chat.deeper_than(value, chat.MAX_DEPTH):
        raise Refused(f"the line: objects and lists stand more than {chat.MAX_DEPTH} deep in one another")


def answer_index(messages: Sequence[Message]) -> int | None:
    """Where the target answer stands, or None where the conversation is all prompt."""
    return len(messages) - 1 if messages and messages[-1].get("role") == "assistant" else None


def prompt(messages: Sequence[Message]) -> Sequence[Message]:
    """The messages before the target answer."""
    return messages[: answer_index(messages)]


def fingerprint_unit(messages: Sequence[Message]) -> str:
    """``fp:`` and 32 hex digits of SHA-256 over the normalised non-instruction turns before the target answer.

    Case, blanks, Unicode forms, invisible characters and punctuation make no difference; a system or developer
    message makes none at all, so that a shared one does not make everything alike. Who speaks does.
    """
    digest = hashlib.sha256()
    for message in prompt(messages):
        if message["role"] not in chat.INSTRUCTION_ROLES:
            digest.update(f"{message['role']}\x1f{_said(message)}\x1e".encode())
    return f"fp:{digest.hexdigest()[:32]}"


def _said(message: Message) -> str:
    said = normalise(text_of(message.get("content")))
    content = message.get("content")
    others = (
        [part for part in content if part.get("type") not in ("text", "refusal")] if isinstance(content, list) else ()
    )
    for part in (*others, *(message.get("tool_calls") or ())):
        kept = {key: value for key, value in part.items() if key != "id"}  # ids of calls are arbitrary
        said += "\x1d" + canonical(kept).decode()
    return said


class _Folding(dict[int, str | int | None]):
    """Punctuation becomes a blank, apostrophes and invisible characters go; filled as characters are met."""

    def __missing__(self, code: int) -> str | int | None:
        category = unicodedata.category(chr(code))
        folded: str | int | None = code
        if chr(code) in "'’ʼ`´" or category == "Cf":
            folded = None
        elif category[0] == "P":
            folded = " "
        self[code] = folded
        return folded


_folding = _Folding()


def normalise(text: str) -> str:
    """NFKC, case folded, punctuation and runs of blanks as one blank. A text of punctuation alone keeps it."""
    folded = text.casefold() if text.isascii() else _nfkc_casefold(text)
    return " ".join(folded.translate(_folding).split()) or " ".join(folded.split())


def _nfkc_casefold(text: str) -> str:
    # folding can undo the normal form (Unicode 3.13, toNFKC_Casefold), so it is made again
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def canonical(value: Any) -> bytes:
    """JSON with sorted keys, no blanks, UTF-8: equal values have equal bytes. Raises Refused for what has none."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:
        _check_depth(value)
        reason = chat.unstorable(value) or "a number has more than 64 bits"
        raise Refused(reason) from error


def content_hash(
    messages: Sequence[Message],
    tools: Sequence[Any] | None,
    expected: Mapping[str, Any] | None,
    non_preferred: Sequence[Message] | None = None,
) -> str:
    """SHA-256 of what an example says. Tags, group, source and metadata do not count.

    The non-preferred answer counts where there is one, so that examples without it keep the hash that they had.
    """
    said: dict[str, Any] = {"messages": messages, "tools": tools, "expected": expected}
    if non_preferred is not None:
        said["non_preferred"] = non_preferred
    return hashlib.sha256(canonical(said)).hexdigest()


def text_of(content: Any) -> str:
    """The text of a message's content: a string, or OpenAI's list of parts (text parts, a line each)."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else ()
    return "\n".join(part.get("text") or part.get("refusal") or f"[{part.get('type')}]" for part in parts)


def request_preview(messages: Sequence[Message]) -> str:
    """The first user message, cut."""
    asked = next((message for message in messages if message.get("role") == "user"), None)
    return text_of(asked["content"])[:PREVIEW] if asked else ""


def answer_preview(messages: Sequence[Message], expected: Mapping[str, Any] | None) -> str:
    """The target answer, or else what is expected, cut."""
    index = answer_index(messages)
    if index is not None:
        target = messages[index]
        text = text_of(target.get("content")) or target.get("refusal") or _calls(target.get("tool_calls") or ())
        return str(text)[:PREVIEW]
    wanted = expected or {}
    if "text" in wanted or "label" in wanted:
        return str(wanted.get("text") or wanted.get("label"))[:PREVIEW]
    if "json" in wanted:
        return canonical(wanted["json"]).decode()[:PREVIEW]
    said = _calls(wanted.get("tool_calls") or ()) or instructions.in_words(wanted) or str(wanted.get("behavior", ""))
    return said[:PREVIEW]


def _calls(calls: Sequence[Mapping[str, Any]]) -> str:
    return "; ".join(f"{call['function']['name']}({call['function'].get('arguments', '')})" for call in calls)


def group_name(group_unit: str) -> str | None:
    """The group's own name, or None where the unit is a fingerprint."""
    return group_unit.removeprefix("group:") if group_unit.startswith("group:") else None
