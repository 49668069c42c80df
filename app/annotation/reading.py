"""The review form, read into an annotation."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.datastructures import FormData

from app.annotation.forms import NewSettlement
from app.core.errors import FieldError, Invalid
from app.examples.models import Revision
from app.web.forms import FormState, form_values

LISTS = frozenset({"tag"})
SAID = frozenset(NewSettlement.model_fields) - {"messages", "tags"}
NOT_TYPED = frozenset({"revision", "client_token", "seconds", "verdict", "shown"})


def values(form: FormData, revision: Revision, current_tags: Sequence[str]) -> dict[str, Any]:
    """The fields of a NewAnnotation. Texts and tags are there only where the reviewer changed them."""
    given = form_values(form, LISTS)
    found = {name: value for name, value in given.items() if name in SAID}
    messages = [_edited(message, form.get(f"content_{index}")) for index, message in enumerate(revision.messages)]
    if messages != revision.messages:
        found["messages"] = messages
    added = [tag.strip() for tag in str(given.get("tags", "")).split(",") if tag.strip()]
    tags = list(dict.fromkeys([*given.get("tag", []), *added]))
    if "tags" in form and tags != list(current_tags):
        found["tags"] = tags
    return found


def _edited(message: dict[str, Any], typed: Any) -> dict[str, Any]:
    """Browsers send line breaks as CR LF: a text that differs in nothing else was not edited."""
    old = message.get("content")
    if not isinstance(typed, str) or not isinstance(old, str) or _lines(typed) == _lines(old):
        return message
    return message | {"content": _lines(typed)}


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def typed(form: FormData) -> dict[str, Any]:
    """Every field as it stands, to be shown again: from a draft, or after a refusal."""
    texts = {name: form.get(name) for name in form if name not in NOT_TYPED and isinstance(form.get(name), str)}
    return texts | {"tag": [str(one) for one in form.getlist("tag")]}


def shown_again(form: FormData, error: Invalid) -> FormState:
    return FormState(typed(form), {one.loc: one.msg for one in error.errors}, str(error))


def at_fields(error: Invalid) -> Invalid:
    """Name the page's own fields: ``messages.1.content`` is edited in ``content_1``."""
    names: Mapping[str, str] = {"verdict": "Choose: approve, reject or needs work."}
    errors = [FieldError(_field(one.loc), names.get(one.loc, one.msg)) for one in error.errors]
    return Invalid("Not saved: please mend this first.", errors)


def _field(loc: str) -> str:
    parts = loc.split(".")
    return f"content_{parts[1]}" if parts[0] == "messages" and len(parts) > 1 else parts[0]
