"""Rows as a model would be trained on them: which tokens carry loss, how many there are, which rows cannot be used."""

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from app.engine.encoding import IGNORED, Unusable, encode_row
from app.engine.messages import BadMessage
from app.engine.pairs import PARSERS, MethodName, Pair

#: Problems told in words.
_SHOWN_PROBLEMS = 20


class Preview:
    """Counts rows one by one; keeps the tokens of the first few."""

    def __init__(self, tokenizer: Any, method: MethodName, context: int, show: int) -> None:
        self.tokenizer, self.method, self.context, self.show = tokenizer, method, context, show
        self.counts = {"rows": 0, "usable": 0, "total_tokens": 0, "trained_tokens": 0, "longest_row": 0}
        self.problems: list[dict[str, Any]] = []
        self.rows: list[dict[str, Any]] = []

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        for number, row in enumerate(rows, start=1):
            self.counts["rows"] += 1
            try:
                self._take(number, list(self._read(number, row)))
            except (BadMessage, Unusable) as error:
                if len(self.problems) < _SHOWN_PROBLEMS:
                    self.problems.append({"row": number, "message": str(error)})

    def _read(self, number: int, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Each text that the model reads for a row; raises BadMessage and Unusable as a job would."""
        parsed = PARSERS[self.method](json.dumps(row).encode(), number)
        sides = (
            (("preferred", parsed.preferred), ("non_preferred", parsed.non_preferred))
            if isinstance(parsed, Pair)
            else (("answer", parsed),)
        )
        for side, chat in sides:
            example = encode_row(self.tokenizer, chat, self.context)
            trained = [label != IGNORED for label in example.labels]
            yield {
                "row": number,
                "side": side,
                "total_tokens": example.total,
                "trained_tokens": sum(trained),
                "tokens": (example.input_ids, trained),
            }

    def _take(self, number: int, texts: list[dict[str, Any]]) -> None:
        self.counts["usable"] += 1
        for text in texts:
            ids, trained = text["tokens"]
            self.counts["total_tokens"] += text["total_tokens"]
            self.counts["trained_tokens"] += text["trained_tokens"]
            self.counts["longest_row"] = max(self.counts["longest_row"], text["total_tokens"])
            if number <= self.show:
                self.rows.append(text | {"tokens": pieces(self.tokenizer, ids, trained)})


def pieces(tokenizer: Any, ids: list[int], trained: list[bool]) -> list[dict[str, Any]]:
    """Tokens as text: ``{"text", "trained"}``. A character of several tokens is shown with its last one."""
    found, start = [], 0
    for index, flag in enumerate(trained):
        text = tokenizer.decode(ids[start : index + 1], clean_up_tokenization_spaces=False)
        whole = not text.endswith("\N{REPLACEMENT CHARACTER}") or index == len(ids) - 1
        found.append({"text": text if whole else "", "trained": flag})
        start = index + 1 if whole else start
    return found


@lru_cache(maxsize=4)
def load_tokenizer(folder: Path) -> Any:
    """The tokenizer of a model folder; the first call imports transformers, which takes seconds."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)
