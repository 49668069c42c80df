"""What a well-formed example may hold: OpenAI's chat format with our fields beside ``messages``. Pure.

Each check raises ``Refused`` whose text names the field and what is wrong with it, in one line for people.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.core import instructions

ROLES = ("system", "developer", "user", "assistant", "tool")
INSTRUCTION_ROLES = ("system", "developer")
BEHAVIORS = ("answer", "refuse", "clarify", "escalate")
SOURCES = ("production", "synthetic", "written")
EXPECTED_FIELDS = ("text", "label", "json", "tool_calls", "behavior", *instructions.FIELDS)
PART_TYPES = ("text", "refusal", "image_url", "input_audio", "file")
MAX_MESSAGES = 1_000
MAX_TOOLS = 200
MAX_TAGS = 50
MAX_NAME = 200  # characters of a tag, a group, a name
MAX_LABEL = 500
MAX_DEPTH = 64


class Refused(ValueError):
    """This example cannot be taken. ``str(error)`` names the field and the reason."""


def check_messages(messages: Any) -> list[dict[str, Any]]:
    """The messages, unchanged, if they form a conversation in which a user asks something."""
    if messages is None:
        raise Refused("messages: is missing")
    if not isinstance(messages, list):
        raise Refused("messages: must be a list of messages")
    if not messages:
        raise Refused("messages: is empty")
    if len(messages) > MAX_MESSAGES:
        raise Refused(f"messages: {len(messages):,} of them; at most {MAX_MESSAGES:,} are taken")
    for index, message in enumerate(messages):
        _check_message(message, f"messages.{index}")
    if not any(message["role"] == "user" for message in messages):
        raise Refused("messages: there is no user message")
    return messages


def check_non_preferred(answer: Any, messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]] | None:
    """The messages of the answer that was not preferred, or None; it stands against the last one of ``messages``."""
    at = "non_preferred_output"
    if answer is None or answer == []:
        return None
    if not isinstance(answer, list) or len(answer) > MAX_MESSAGES:
        raise Refused(f"{at}: must be a list of at most {MAX_MESSAGES:,} messages")
    for index, message in enumerate(answer):
        _check_message(message, f"{at}.{index}")
        if message["role"] not in ("assistant", "tool"):
            raise Refused(f"{at}.{index}.role: an answer has messages of the assistant and of its tools only")
    if answer[-1]["role"] != "assistant":
        raise Refused(f"{at}: the last message must be the assistant's")
    if messages[-1]["role"] != "assistant":
        raise Refused(f"{at}: there is no preferred answer that it stands against")
    return answer


def _check_message(message: Any, at: str) -> None:
    if not isinstance(message, dict):
        raise Refused(f"{at}: must be an object with role and content")
    role = message.get("role")
    if role not in ROLES:
        given = f", not {_short(role)}" if "role" in message else ""
        raise Refused(f"{at}.role: must be one of {', '.join(ROLES)}{given}")
    content = message.get("content")
    calls = message.get("tool_calls")
    if calls is not None:
        if role != "assistant":
            raise Refused(f"{at}.tool_calls: only an assistant message calls tools")
        check_tool_calls(calls, f"{at}.tool_calls")
    if "function_call" in message:
        raise Refused(f"{at}.function_call: is the old form; write tool_calls")
    needed = role != "assistant" or not (calls or message.get("refusal"))
    _check_content(content, f"{at}.content", needed=needed, role=role)
    if role == "tool" and not isinstance(message.get("tool_call_id"), str):
        raise Refused(f"{at}.tool_call_id: a tool message must name the call that it answers")
    for field in ("name", "refusal"):
        if message.get(field) is not None and not isinstance(message[field], str):
            raise Refused(f"{at}.{field}: must be text")
    if "weight" in message and message["weight"] not in (None, 0, 1):
        raise Refused(f"{at}.weight: must be 0 or 1")


def _check_content(content: Any, at: str, *, needed: bool, role: str) -> None:
    if content is None:
        if needed:
            raise Refused(f"{at}: is missing")
    elif isinstance(content, str):
        if needed and role in ("user", "assistant") and not content.strip():
            raise Refused(f"{at}: is empty")
    elif isinstance(content, list):
        if not content:
            raise Refused(f"{at}: is an empty list of parts")
        for index, part in enumerate(content):
            _check_part(part, f"{at}.{index}")
    else:
        raise Refused(f"{at}: must be text or a list of content parts, not {_kind(content)}")


def _check_part(part: Any, at: str) -> None:
    kind = part.get("type") if isinstance(part, dict) else None
    if not isinstance(kind, str) or kind not in PART_TYPES:
        raise Refused(f"{at}.type: must be one of {', '.join(PART_TYPES)}")
    if kind in ("text", "refusal"):
        if not isinstance(part.get(kind), str):
            raise Refused(f"{at}.{kind}: must be text")
    elif not isinstance(part.get(kind), dict):
        raise Refused(f"{at}.{kind}: must be an object")


def check_tool_calls(calls: Any, at: str) -> None:
    if not isinstance(calls, list) or not calls:
        raise Refused(f"{at}: must be a list of at least one call")
    for index, call in enumerate(calls):
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str) or not function["name"]:
            raise Refused(f"{at}.{index}.function.name: must be the name of the tool")
        if not isinstance(function.get("arguments", ""), str):
            raise Refused(f"{at}.{index}.function.arguments: must be JSON written as text")


def check_tools(tools: Any) -> list[Any] | None:
    """The tools on offer, or None. Their JSON Schemas are kept as they are."""
    if tools is None or tools == []:
        return None
    if not isinstance(tools, list) or len(tools) > MAX_TOOLS:
        raise Refused(f"tools: must be a list of at most {MAX_TOOLS} tools")
    for index, tool in enumerate(tools):
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str) or not function["name"]:
            raise Refused(f'tools.{index}.function.name: a tool is {{"type": "function", "function": {{"name": …}}}}')
    return tools


def check_expected(expected: Any, behavior: Any) -> tuple[dict[str, Any] | None, str | None]:
    """(expected, behavior). ``expected["behavior"]`` and ``behavior`` say the same, whichever was given."""
    if expected is not None and not isinstance(expected, dict):
        raise Refused("expected: must be an object")
    wanted = {name: value for name, value in (expected or {}).items() if value is not None}
    for name in wanted:
        if name not in EXPECTED_FIELDS:
            raise Refused(f"expected.{_short(name)}: is not a field; these are: {', '.join(EXPECTED_FIELDS)}")
    for name in ("text", "label"):
        if name in wanted and (not isinstance(wanted[name], str) or not wanted[name].strip()):
            raise Refused(f"expected.{name}: must be text that is not empty")
    if len(wanted.get("label", "")) > MAX_LABEL:
        raise Refused(f"expected.label: is longer than {MAX_LABEL} characters")
    if wanted.get("tool_calls", []) != []:  # an empty list says that no tool is to be called
        check_tool_calls(wanted["tool_calls"], "expected.tool_calls")
    if not wanted.keys().isdisjoint(instructions.FIELDS):
        _check_instructions(wanted)
    if behavior is not None and wanted.setdefault("behavior", behavior) != behavior:
        raise Refused(f"behavior: {_short(behavior)} contradicts expected.behavior {_short(wanted['behavior'])}")
    if "behavior" in wanted and wanted["behavior"] not in BEHAVIORS:
        raise Refused(f"expected.behavior: must be one of {', '.join(BEHAVIORS)}, not {_short(wanted['behavior'])}")
    return wanted or None, wanted.get("behavior")


def _check_instructions(wanted: Mapping[str, Any]) -> None:
    try:
        instructions.parse(wanted.get("instruction_id_list"), wanted.get("kwargs"))
    except instructions.WrongInstruction as error:
        raise Refused(f"expected.{error}") from error


def check_tags(tags: Any) -> list[str]:
    """Tags without outer blanks, each once, in their order."""
    if tags is None:
        return []
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise Refused("tags: must be a list of words")
    kept = list(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))
    if len(kept) > MAX_TAGS:
        raise Refused(f"tags: {len(kept)} of them; at most {MAX_TAGS} are taken")
    for tag in kept:
        if len(tag) > MAX_NAME:
            raise Refused(f"tags: {_short(tag)} is longer than {MAX_NAME} characters")
    return kept


def check_group(group: Any) -> str | None:
    """The name that keeps related examples on one side of the split; a whole number is taken as its digits."""
    if group is None or group == "":
        return None
    if isinstance(group, int) and not isinstance(group, bool):
        group = str(group)
    if not isinstance(group, str) or not group.strip() or len(group) > MAX_NAME:
        raise Refused(f"group: must be a name of at most {MAX_NAME} characters")
    return group.strip()


def check_source(source: Any) -> str | None:
    if source is None or source == "":
        return None
    if source not in SOURCES:
        raise Refused(f"source: must be one of {', '.join(SOURCES)}, not {_short(source)}")
    return str(source)


def deeper_than(value: Any, limit: int) -> bool:
    """Whether objects and lists stand more than ``limit`` deep in one another. Does not recurse."""
    level: list[Any] = [value]
    for _ in range(limit + 1):
        level = [child for item in level for child in _children(item)]
        if not level:
            return False
    return True


def _children(item: Any) -> Sequence[Any]:
    found = item.values() if isinstance(item, Mapping) else item if isinstance(item, list) else ()
    return [child for child in found if isinstance(child, dict | list)]


def unstorable(value: Any, at: str = "") -> str | None:
    """Where text holds NUL or half of a surrogate pair, which no database text can hold; None if nowhere."""
    if isinstance(value, str):
        if "\x00" in value:
            return f"{at}: contains the character NUL"
        try:
            value.encode()
        except UnicodeEncodeError:
            return f"{at}: contains half of a surrogate pair"
        return None
    pairs = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        inner = f"{at}.{key}".lstrip(".")
        found = (unstorable(key, f"{at or 'a field'}, its name") if isinstance(key, str) else None) or unstorable(
            item, inner
        )
        if found:
            return found
    return None


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else _kind(value)
    clean = text[:40].encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")
    return f"“{clean}{'…' if len(text) > 40 else ''}”"


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", bool: "true or false", int: "a number", float: "a number"}
    return "nothing" if value is None else names.get(type(value), "text")
