"""Output items of a run of OpenAI's evals (``eval.run.output_item``) as outputs to be graded here.

Teams that leave that console bring what their models said there, not only the items. The case is found by the item
that it was imported from, else by the request as it was sent.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from app.datasets.models import TestCase
from app.evals.forms import UploadedOutput
from app.evals.graders import case_item
from app.examples.chat import Refused
from app.examples.formats import openai_evals, turns
from app.examples.rules import canonical, fingerprint_unit
from app.examples.shapes import shape_of

Fields = dict[str, Any]
ITEMS = ("item", "datasource_item")


def objects(content: bytes) -> Iterator[tuple[int, bytes | Fields]]:
    """What stands on each line, numbered; of a list as the API answers it (``data``), its entries."""
    try:
        whole = orjson.loads(content)
    except orjson.JSONDecodeError:
        whole = None
    if isinstance(whole, dict) and whole.get("object") == "list":
        whole = whole.get("data")
    if isinstance(whole, list):
        yield from enumerate(whole, 1)
        return
    yield from ((number, line) for number, line in enumerate(content.splitlines(), 1) if line.strip())


def is_one(fields: Any) -> bool:
    return isinstance(fields, dict) and "sample" in fields and any(name in fields for name in ITEMS)


def defines(fields: Any) -> bool:
    """An eval or a run: it may stand among the items, and holds no output."""
    return isinstance(fields, dict) and shape_of(fields) == "openai_evals" and not is_one(fields)


def output_of(fields: Fields) -> UploadedOutput:
    """Text, calls, model, usage and error of the item's sample. Raises ValueError where it holds none of the first."""
    sample = turns.fields(fields.get("sample"))
    error = _error(sample.get("error"))
    said = [one for one in turns.messages(sample.get("output")) or () if one.get("tool_calls")]
    text = openai_evals.output_text(sample)
    return UploadedOutput(
        output=text or (None if said or error else _silent(sample)),
        tool_calls=said[-1]["tool_calls"] if said else None,
        usage=turns.fields(sample.get("usage")) or None,
        model=turns.text(sample.get("model"))[:200] or None,
        finish_reason=turns.text(sample.get("finish_reason"))[:50] or None,
        error=error,
    )


def _silent(sample: Fields) -> str | None:
    """A model that answered nothing has answered; a sample without an output was never asked."""
    return "" if "output" in sample or "output_text" in sample else None


def _error(given: Any) -> str | None:
    told = [turns.text(turns.fields(given).get(name)) for name in ("code", "message")]
    words = ": ".join(filter(None, told)) or (given if isinstance(given, str) else "")
    return words[:2_000] or None


def run_of(fields: Fields) -> str:
    return str(fields.get("run_id") or "")[:80]


class Cases:
    """The cases of a set, found by what an output item says."""

    def __init__(self, cases: Sequence[TestCase]) -> None:
        self._by_item: dict[bytes, str] = {}
        self._by_unit: dict[str, str] = {}
        self.by_input: dict[str, str] = {}
        for case in cases:
            own = {name: value for name, value in (case.extra or {}).items() if name != "openai_evals"}
            self._by_item.setdefault(canonical(own), case.id)
            self._by_unit.setdefault(case.fingerprint_unit, case.id)
            self.by_input.setdefault(case_item({"messages": case.messages}).get("input", ""), case.id)

    def of(self, fields: Fields) -> str | None:
        item: Fields = next((fields[name] for name in ITEMS if isinstance(fields.get(name), dict)), {})
        asked = self._asked(fields)
        texts = [turns.text(value) for value in item.values() if isinstance(value, str)]
        return (
            (self._by_item.get(canonical(item)) if item else None)
            or (self.by_input.get(case_item({"messages": asked}).get("input", "\0")) if asked else None)
            or (self._by_unit.get(fingerprint_unit(asked)) if asked else None)
            or next((self.by_input[text] for text in texts if text in self.by_input), None)
        )

    def _asked(self, fields: Fields) -> Sequence[Mapping[str, Any]] | None:
        try:
            found = openai_evals.split(fields)
        except Refused:
            return None
        return found[1].conversation if isinstance(found, tuple) else None
