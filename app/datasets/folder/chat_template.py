"""Rendering every row through a chat template, as training will, before anybody pays for a GPU.

Templates come with models that people upload, so they run in Jinja's immutable sandbox. Without the base model's own
template a strict ChatML stands in: it refuses what most templates refuse.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.datasets.formats import Record

CHATML = """
{%- for message in messages -%}
  {%- if message.role == 'system' and not loop.first -%}
    {{ raise_exception('a system message stands further down') }}
  {%- endif -%}
  {%- if message.role == 'tool' and (loop.first or loop.previtem.role not in ('tool', 'assistant')) -%}
    {{ raise_exception('a tool answers without having been called') }}
  {%- endif -%}
  {%- if not loop.first and message.role in ('user', 'assistant') and message.role == loop.previtem.role -%}
    {{ raise_exception('two ' ~ message.role ~ ' messages in a row') }}
  {%- endif -%}
  <|im_start|>{{ message.role }}
{{ message.content or '' }}
  {%- for call in message.tool_calls or [] %}
<tool_call>{{ {'name': call.function.name, 'arguments': call.function.arguments} | tojson }}</tool_call>
  {%- endfor -%}
  <|im_end|>
{% endfor -%}
"""
LISTED = 20


class WouldNotRender(ValueError):
    """``str(error)`` says why, for people."""


class ChatTemplate:
    """A compiled template; ``name`` says whose."""

    def __init__(self, source: str, name: str, special: Mapping[str, str] | None = None) -> None:
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
        )
        environment.filters["tojson"] = _tojson
        environment.globals["raise_exception"] = _refuse
        environment.globals["strftime_now"] = lambda _format: "2000-01-01"  # the same for every run
        self.name = name
        self._special = dict(special or {})
        try:
            self._template = environment.from_string(source)
        except TemplateError as error:
            raise WouldNotRender(f"the template itself is broken: {error}") from error

    def render(self, record: Record) -> str:
        """The conversation as the model will read it. Raises WouldNotRender."""
        try:
            text = self._template.render(
                messages=[_message(message) for message in record.messages],
                tools=record.tools,
                add_generation_prompt=False,
                **self._special,
            )
        except WouldNotRender:
            raise
        except (TemplateError, TypeError, ValueError, KeyError, RecursionError) as error:
            raise WouldNotRender(str(error)[:200]) from error
        if not text.strip():
            raise WouldNotRender("it renders to nothing")
        return text


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    """As templates expect it: text in place of text parts, a call's arguments as an object."""
    content = message.get("content")
    if isinstance(content, list) and all(part.get("type") == "text" for part in content):
        content = "".join(part["text"] for part in content)
    role = "system" if message["role"] == "developer" else message["role"]
    found = {"role": role, "content": content or ""} | {
        name: message[name] for name in ("name", "tool_call_id") if message.get(name)
    }
    if message.get("tool_calls"):
        found["tool_calls"] = [_call(call) for call in message["tool_calls"]]
    return found


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call["function"]
    try:
        arguments = orjson.loads(function.get("arguments") or "{}")
    except orjson.JSONDecodeError as error:
        raise WouldNotRender(f"the arguments of {function['name']} are not JSON") from error
    return {"id": call.get("id"), "type": "function", "function": {"name": function["name"], "arguments": arguments}}


def _refuse(message: str) -> None:
    raise WouldNotRender(str(message)[:200])


def _tojson(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent, default=str)


def of_model(models: Path, base_model: str) -> ChatTemplate:
    """The template of a model folder of the local engine, named as there; else the ChatML that stands in."""
    folder = models / base_model.rpartition("/")[2].lower()
    if folder.parent == models and folder.is_dir():
        source, special = _own(folder)
        if source:
            return ChatTemplate(source, f"{folder.name}'s own", special)
    return ChatTemplate(CHATML, "ChatML, in place of the model's own")


def _own(folder: Path) -> tuple[str, dict[str, str]]:
    config: dict[str, Any] = {}
    if (folder / "tokenizer_config.json").is_file():
        config = orjson.loads((folder / "tokenizer_config.json").read_bytes())
    names = ("bos_token", "eos_token", "unk_token", "pad_token")
    special = {name: token for name in names if isinstance(token := config.get(name), str)}
    if (folder / "chat_template.jinja").is_file():
        return (folder / "chat_template.jinja").read_text(), special
    source = config.get("chat_template")
    return (source if isinstance(source, str) else ""), special


@dataclass
class Rendering:
    """What became of the rows: how many render, and of those that do not the first twenty."""

    template: ChatTemplate
    rows: int = 0
    longest: int = 0  # characters
    failed: int = 0
    first: list[tuple[int, str]] = field(default_factory=list)

    def look(self, record: Record) -> None:
        self.rows += 1
        try:
            self.longest = max(self.longest, len(self.template.render(record)))
        except WouldNotRender as error:
            self.failed += 1
            if len(self.first) < LISTED:
                self.first.append((record.number, str(error)))
