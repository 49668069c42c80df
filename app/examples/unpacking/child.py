"""The process that unpacks one file: ``python -m app.examples.unpacking.child '{"path": …}'``.

Its memory, its processor time and the size of what it writes are capped by the operating system before it opens
anything, it knows no secret, and it dies with the process that started it. It answers one line of JSON.
"""

import gzip
import json
import sys
import time
import zlib
from pathlib import Path
from typing import Any

from app.examples.unpacking import json_items, parquet_rows, yaml_items
from app.examples.unpacking.confine import PIECE, confine
from app.examples.unpacking.kinds import HEAD, Unreadable, container_of, refuse_unreadable
from app.examples.unpacking.output import Enough, Output, TooMuch


def main(asked: dict[str, Any]) -> dict[str, Any]:
    """``path``, ``out``, ``name``, ``wanted``, ``limit`` in bytes, ``seconds`` of a first look or None."""
    confine(asked["limit"], asked["cpu_seconds"])
    deadline = time.monotonic() + asked["seconds"] if asked["seconds"] else None
    try:
        kinds, whole = _unpack(Path(asked["path"]), Path(asked["out"]), asked, deadline)
    except Unreadable as error:
        return {"unreadable": str(error)}
    except TooMuch:
        return {"too_much": True}
    except (MemoryError, RecursionError):
        return {"memory": True}
    return {"kinds": kinds, "whole": whole}


def _unpack(path: Path, out: Path, asked: dict[str, Any], deadline: float | None) -> tuple[list[str], bool]:
    """(what it was packed as, from the outside in; whether all of it was written)."""
    head = _head(path)
    kind = container_of(head, asked["name"], asked["wanted"])
    kinds = [kind]
    plain = out.with_suffix(".plain")
    try:
        if kind == "gzip":
            whole = _write(plain, lambda output: _gunzip(path, output), asked["limit"], deadline)
            head, path = _head(plain), plain
            refuse_unreadable(head)
            kind = container_of(head, asked["name"], asked["wanted"])
            if kind == "gzip":
                raise Unreadable("The file is compressed twice. Unpack it once.")
            if not kind:
                plain.rename(out)
                return kinds, whole
            if not whole:
                raise Unreadable("The file is too large to be opened within gzip. Unpack it first.")
            kinds.append(kind)
        whole = _write(out, lambda output: _read(kind, path, output), asked["limit"], deadline)
        if kind == "yaml" and not whole:  # it is small, so it is its aliases that unfold without end
            raise Unreadable("The YAML file takes too long to read. Write the tests as JSONL or CSV.")
        return kinds, whole
    finally:
        plain.unlink(missing_ok=True)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD)


def _write(out: Path, read: Any, limit: int, deadline: float | None) -> bool:
    with out.open("wb") as file:
        try:
            read(Output(file, limit, deadline))
        except Enough:
            return False
    return True


def _gunzip(path: Path, output: Output) -> None:
    try:
        with gzip.open(path) as file:
            while data := file.read(PIECE):
                output.write(data)
    except (EOFError, OSError, zlib.error) as error:
        raise Unreadable(f"The gzip file is broken: {error}.") from error


def _read(kind: str, path: Path, output: Output) -> None:
    if kind == "parquet":
        parquet_rows.write_rows(path, output)
        return
    with path.open("rb") as file:
        (yaml_items.write_rows if kind == "yaml" else json_items.write_items)(file, output)


if __name__ == "__main__":
    answer = main(json.loads(sys.argv[1]))
    print(json.dumps(answer))
