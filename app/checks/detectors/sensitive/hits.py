"""What a finder of sensitive data answers, and the checks that several of them share. Pure."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import re2


class Hit(NamedTuple):
    """Characters ``start`` to ``stop`` (exclusive) are sensitive data of the kind ``code``."""

    code: str
    start: int
    stop: int


@dataclass(frozen=True)
class Finder:
    """``find`` looks closely; ``gate`` is an RE2 pattern, over bytes of UTF-8, for what every text with a hit has.

    Most texts have none of it, and RE2 says so in microseconds, where patterns that look around take a hundred.
    """

    find: Callable[[str], Iterator[Hit]]
    gate: str

    @cached_property
    def may_find(self) -> Callable[[bytes], Any]:
        options = re2.Options()
        options.encoding = (
            re2.Options.Encoding.LATIN1
        )  # bytes as they are: small automata, and a letter is 1 to 4 bytes
        options.log_errors = False
        search: Callable[[bytes], Any] = re2.compile(self.gate.encode(), options).search
        return search


SEVEN_DIGITS = r"[0-9](?:[^0-9A-Za-z\n]{0,9}[0-9]){6}"


def by_pattern(code: str, pattern: re.Pattern[str], check: Callable[[re.Match[str]], bool] | None, gate: str) -> Finder:
    """A finder of all that matches the pattern (its group ``value`` where it has one) and the check."""
    group = "value" if "value" in pattern.groupindex else 0

    def find(text: str) -> Iterator[Hit]:
        for match in pattern.finditer(text):
            if check is None or check(match):
                yield Hit(code, *match.span(group))

    return Finder(find, gate)


_OTHER_DIGIT = re.compile(r"[^\D0-9]")
_MASK = re.compile(r"\[[A-Z][A-Z _]{1,30}\]")


def before(text: str, start: int, reach: int = 40) -> str:
    """What stands before in its line; at a line's beginning the line above, as in "Phone:" with the number below.

    Masks are no context, or masking would make new findings.
    """
    lines = text[max(0, start - reach) : start].split("\n")
    while len(lines) > 1 and not lines[-1].strip(" \t:"):
        lines.pop()
    return _MASK.sub(" ", lines[-1])


def after(text: str, stop: int, reach: int = 25) -> str:
    return _MASK.sub(" ", text[stop : stop + reach].partition("\n")[0])


def plain_digits(text: str) -> str:
    """The text with digits of every script as 0 to 9; as long as before, so that spans stay."""
    return text if text.isascii() else _OTHER_DIGIT.sub(lambda match: str(int(match[0])), text)


def digits_of(text: str) -> str:
    return "".join(char for char in text if char in "0123456789")


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B: every second digit from the right is doubled; the sum is a multiple of 10."""
    doubled = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
    values = [int(digit) for digit in reversed(digits)]
    return (sum(values[::2]) + sum(doubled[value] for value in values[1::2])) % 10 == 0
