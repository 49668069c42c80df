"""From an example to the turns of a worked one. Pure."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

Message = dict[str, Any]
INSTRUCTIONS = ("system", "developer")
ERASED = [{"role": "user", "content": "[erased]"}]


def turns(messages: Sequence[Mapping[str, Any]]) -> list[Message] | None:
    """User and assistant turns in plain text, from a request to its answer; None for what cannot be shown so (a
    picture, a call of a tool, an example without an answer). The instructions are the candidate's own."""
    said = [message for message in messages if message.get("role") not in INSTRUCTIONS]
    plain = all(
        message.get("role") in ("user", "assistant")
        and isinstance(message.get("content"), str)
        and message["content"].strip()
        and not message.get("tool_calls")
        for message in said
    )
    if not plain or len(said) < 2 or said[0]["role"] != "user" or said[-1]["role"] != "assistant":
        return None
    return [{"role": message["role"], "content": message["content"]} for message in said]


def named(example_id: str, revision: int, messages: Sequence[Message]) -> dict[str, Any]:
    """A worked example as a run's manifest names it: without its words, which may have to be erased one day."""
    found = hashlib.sha256(orjson.dumps(messages, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return {"example_id": example_id, "revision": revision, "sha256": found}
