"""Reading a preview, and making one of plain text. Pure, and trusting nothing in an engine's answer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import orjson

from app.examples.rules import text_of
from app.finetunes.answers import number, text
from app.finetunes.dialects.base import within
from app.finetunes.memory import Shape, shape_from
from app.gateway.answers import storable

SHOWN = 8
MAX_TOKENS = 4_000  # of a row that are shown
SIDES = {"answer": "", "preferred": "preferred", "non_preferred": "not preferred"}


@dataclass(frozen=True)
class Seen:
    """A row as the model sees it. ``parts``: (text, whether it carries loss), in order; counts are None for plain
    text."""

    row: int
    side: str
    parts: Sequence[tuple[str, bool]]
    total: int | None
    trained: int | None


def of_text(lines: Iterable[bytes], show: int = SHOWN) -> dict[str, Any]:
    """The first rows as text, answers marked: what a hosted provider trains on is no more known than that."""
    rows: list[dict[str, Any]] = []
    for place, line in enumerate(lines, 1):
        if place > show:
            break
        data = orjson.loads(line)
        if "messages" in data:
            rows.append(_text_row(place, "answer", data["messages"], ()))
            continue
        for side in ("preferred", "non_preferred"):
            rows.append(_text_row(place, side, data["input"]["messages"], data[f"{side}_output"]))
    return {"rows": rows, "text": True}


def _text_row(
    place: int, side: str, asked: Sequence[Mapping[str, Any]], answers: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    parts: list[dict[str, Any]] = []
    for message in [*asked, *answers]:
        # of preferences the last answer alone is learned; of a chat every one that is not left out
        learned = message.get("role") == "assistant" and message.get("weight") != 0
        trained = learned if not answers else message in answers
        said = text_of(message.get("content"))
        if message.get("tool_calls"):
            said += orjson.dumps(message["tool_calls"]).decode()
        parts += [{"text": f"{message.get('role')}: ", "trained": False}, {"text": f"{said}\n", "trained": trained}]
    return {"row": place, "side": side, "tokens": parts}


def kept(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored of an engine's answer: tokens joined to stretches of one kind."""
    rows = [row for row in answer.get("rows") or () if isinstance(row, dict)]
    counts, base, machine = (within(dict(answer), key) for key in ("counts", "base", "machine"))
    problems = [row for row in answer.get("problems") or () if isinstance(row, dict)]
    names = ("parameters", "linear_parameters", "hidden_size", "intermediate_size", "layers", "heads", "kv_heads")
    gpus = [gpu for gpu in machine.get("gpus") or () if isinstance(gpu, dict)]
    return {
        "rows": [_kept_row(row) for row in rows[: 2 * SHOWN]],
        "counts": {name: number(counts.get(name)) for name in COUNTS},
        "base": {name: number(base.get(name)) for name in (*names, "vocabulary", "context")},
        "machine": {
            "device": text(machine.get("device")),
            "memory_bytes": number(machine.get("memory_bytes")),
            "gpu_bytes": max((number(gpu.get("memory_bytes")) or 0 for gpu in gpus), default=0) or None,
        },
        "problems": [{"row": number(one.get("row")), "message": text(one.get("message"))} for one in problems[:20]],
    }


COUNTS = ("rows", "usable", "total_tokens", "trained_tokens", "longest_row")


def _kept_row(row: Mapping[str, Any]) -> dict[str, Any]:
    tokens = [token for token in (row.get("tokens") or ())[:MAX_TOKENS] if isinstance(token, dict)]
    parts = [
        {"text": storable("".join(str(token.get("text") or "") for token in run)), "trained": trained}
        for trained, run in groupby(tokens, key=lambda token: token.get("trained") is True)
    ]
    return {
        "row": number(row.get("row")) or 0,
        "side": row.get("side") if row.get("side") in SIDES else "answer",
        "total_tokens": number(row.get("total_tokens")),
        "trained_tokens": number(row.get("trained_tokens")),
        "tokens": parts,
    }


def rows_of(result: Mapping[str, Any]) -> list[Seen]:
    return [
        Seen(
            row=row["row"],
            side=SIDES[row["side"]],
            parts=[(part["text"], part["trained"]) for part in row["tokens"]],
            total=row.get("total_tokens"),
            trained=row.get("trained_tokens"),
        )
        for row in result.get("rows") or ()
    ]


@dataclass(frozen=True)
class Measured:
    """What an engine told of a model, its own machine and, for the very version, the tokens of one pass."""

    shape: Shape | None
    memory_bytes: int | None
    on_gpu: bool
    total_tokens: int | None = None
    trained_tokens: int | None = None
    longest: int | None = None
    unusable: int = 0
    problem: str | None = None


def measured(result: Mapping[str, Any], *, counts: bool) -> Measured:
    """``counts``: the result is of the version that is asked about, so its counts hold for it too."""
    machine = result.get("machine") or {}
    shape, on_gpu = shape_from(result.get("base") or {}), bool(machine.get("gpu_bytes"))
    room = machine.get("gpu_bytes") or machine.get("memory_bytes")
    found = result.get("counts") or {}
    if not counts or not found.get("total_tokens"):
        return Measured(shape, room, on_gpu)
    problems = result.get("problems") or []
    first = f"row {problems[0]['row']}: {problems[0]['message']}" if problems else None
    unusable = (found.get("rows") or 0) - (found.get("usable") or 0)
    return Measured(
        shape, room, on_gpu, found["total_tokens"], found["trained_tokens"], found["longest_row"], unusable, first
    )
