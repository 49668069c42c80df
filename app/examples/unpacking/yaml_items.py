"""YAML (promptfoo's files), as one line of JSON for each row. Plain data only: no tag makes an object."""

import json
from typing import BinaryIO

import yaml

from app.examples.shapes import rows_of
from app.examples.unpacking.kinds import Unreadable
from app.examples.unpacking.output import Output

MAX_BYTES = 8_000_000


def write_rows(file: BinaryIO, output: Output) -> None:
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise Unreadable(f"A YAML file may have {MAX_BYTES // 1_000_000} MB. Write the tests as JSONL or CSV.")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        documents = yaml.load_all(data, Loader=loader)
        for document in documents:
            for row in rows_of(document):
                # an alias that stands in itself is refused; many that unfold into much meet the count of bytes
                for piece in _ENCODER.iterencode(row):
                    output.write(piece.encode())
                output.write(b"\n")
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        words = str(error).replace("\n", " ")[:200]
        raise Unreadable(f"The YAML file cannot be read: {words}") from error


_ENCODER = json.JSONEncoder(allow_nan=False, default=str)
