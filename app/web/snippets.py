"""A call of the API to copy, as curl and as Python. Pure; the token is never filled in, programs have their own."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NEEDS = "Needs an API token."


@dataclass(frozen=True)
class Snippet:
    title: str
    note: str
    text: str


def call(path: str, prints: str, body: Mapping[str, Any] | None = None, what: str = "") -> list[Snippet]:
    """GET, or POST where there is a ``body``. ``path`` begins with /api; ``prints`` is Python over ``answer``."""
    said = f", {what}" if what else ""
    return [
        Snippet(f"curl{said}", NEEDS, _curl(path, body)),
        Snippet(f"Python{said}", NEEDS, _python(path, prints, body)),
    ]


def _curl(path: str, body: Mapping[str, Any] | None) -> str:
    words = f'curl -H "Authorization: Bearer $HOLDOUT_TOKEN" "$HOLDOUT_URL"{shlex.quote(path)}'
    if body is None:
        return words
    sent = shlex.quote(json.dumps(body, ensure_ascii=False))
    return f"{words} \\\n  -H 'Content-Type: application/json' -d {sent}"


def _python(path: str, prints: str, body: Mapping[str, Any] | None) -> str:
    headers = "{'Authorization': 'Bearer ' + os.environ['HOLDOUT_TOKEN'], 'Content-Type': 'application/json'}"
    sent = "None" if body is None else f"{json.dumps(body)!r}.encode()"
    return "\n".join(
        (
            "import json, os, urllib.request",
            "",
            f"url = os.environ['HOLDOUT_URL'] + {json.dumps(path)}",
            f"headers = {headers}",
            f"request = urllib.request.Request(url, data={sent}, headers=headers)",
            "with urllib.request.urlopen(request) as reply:",
            "    answer = json.load(reply)",
            f"print({prints})",
        )
    )
