"""JSON documents, as one line of JSON for each item.

An array is read piece by piece, one item in memory at a time. The standard decoder finds where an item ends, and the
item goes on as it was written, so that the line's own strict reading still sees a field that stands twice.
"""

import codecs
import json
from collections.abc import Iterator
from typing import BinaryIO

from app.examples.chat import Refused
from app.examples.shapes import rows_of
from app.examples.strict_json import parse_json
from app.examples.unpacking.kinds import Unreadable
from app.examples.unpacking.output import Output

PIECE = 1_000_000  # bytes
MAX_ITEM = 16_000_000  # characters of one item, or of a document that is one object
BLANKS = " \t\r\n"
_FLAT = {ord("\n"): " ", ord("\r"): " "}  # between tokens only: within a JSON string they cannot stand as they are
_scanner = json.JSONDecoder()


class _Text:
    """The file's text as far as it is needed: ``here`` is the next character, "" at the end."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._held = ""
        self._at = 0
        self._over = False

    def skip(self, marks: str = BLANKS) -> str:
        """Pass over blanks; answers the character that follows."""
        while True:
            while self._at < len(self._held):
                if self._held[self._at] not in marks:
                    return self._held[self._at]
                self._at += 1
            if not self._more():
                return ""

    def step(self) -> None:
        self._at += 1

    def value(self, number: int) -> str:
        """The next JSON value as it is written. Raises Unreadable where there is none."""
        while True:
            problem = self._end_of_value()
            read_so_far = problem if isinstance(problem, int) else len(self._held)
            if read_so_far - self._at > MAX_ITEM:
                raise Unreadable(f"Item {number:,} of the file is longer than {MAX_ITEM // 1_000_000} MB.")
            if isinstance(problem, int):
                text, self._at = self._held[self._at : problem], problem
                return text
            if not self._more():
                raise Unreadable(f"The file is not JSON: in item {number:,}, {problem}. Nothing was taken from it.")

    def _end_of_value(self) -> int | str:
        """Where the value ends, or why it does not end in what is held."""
        try:
            _, end = _scanner.raw_decode(self._held, self._at)
        except json.JSONDecodeError as error:
            return error.msg
        except RecursionError as error:
            raise Unreadable("The file's objects and lists stand too deep in one another.") from error
        except ValueError as error:  # a number of thousands of digits
            raise Unreadable("A number in the file has too many digits.") from error
        # a number may go on in the next piece
        return end if end < len(self._held) or self._over else "it is cut off"

    def _more(self) -> bool:
        if self._over:
            return False
        data = self._file.read(max(PIECE, len(self._held) - self._at))  # so that a long item costs few attempts
        self._over = not data
        try:
            self._held = self._held[self._at :] + self._decoder.decode(data, final=self._over)
        except UnicodeDecodeError as error:
            raise Unreadable("The file is not UTF-8 text. Save it as UTF-8.") from error
        self._at = 0
        return True


def write_items(file: BinaryIO, output: Output) -> None:
    """A line for each item of an array, or for each row in objects that stand one after the other."""
    text = _Text(file)
    if text.skip() == "[":
        text.step()
        for item in _elements(text):
            output.write(_line(item))
    else:
        for document in _documents(text):
            for row in rows_of(document):
                output.write(json.dumps(row, separators=(",", ":")).encode() + b"\n")
    rest = text.skip()
    if rest:
        raise Unreadable("The file is not JSON: something follows after its end.")


def _line(item: str) -> bytes:
    """An item that is an object as it is; of another one the row that it makes."""
    if not item.startswith("{"):
        item = json.dumps(next(rows_of([json.loads(item)])))
    return item.translate(_FLAT).encode() + b"\n"


def _elements(text: _Text) -> Iterator[str]:
    number = 0
    while (mark := text.skip()) != "]":
        number += 1
        if not mark:
            raise Unreadable(f"The file is not whole: the list breaks off after {number - 1:,} items.")
        yield text.value(number)
        mark = text.skip()
        if mark == ",":
            text.step()
            if text.skip() == "]":
                raise Unreadable(f"The file is not JSON: a comma follows item {number:,}, which is the last.")
        elif mark and mark != "]":
            raise Unreadable(f"The file is not JSON: a comma is missing after item {number:,}.")
    text.step()


def _documents(text: _Text) -> Iterator[object]:
    number = 0
    while text.skip():
        number += 1
        try:
            yield parse_json(text.value(number))
        except Refused as error:
            raise Unreadable(f"The file is not JSON: {str(error).removeprefix('the line: ')}.") from error
