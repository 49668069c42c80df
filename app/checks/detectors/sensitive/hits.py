"""What a finder of sensitive data answers, and the checks that several of them share. Pure."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple


class Hit(NamedTuple):
    """Characters ``start`` to ``stop`` (exclusive) are sensitive data of the kind ``code``."""

    code: str
    start: int
    stop: int


Find = Callable[[str], Iterator[Hit]]

_MASK = re.compile(r"\[[A-Z][A-Z _]{1,30}\]")


def before(text: str, start: int, reach: int = 40) -> str:
    """What stands before, in its own line, without masks: they are no context, or masking would make new findings."""
    return _MASK.sub(" ", text[max(0, start - reach) : start].rpartition("\n")[2])


def after(text: str, stop: int, reach: int = 25) -> str:
    return _MASK.sub(" ", text[stop : stop + reach].partition("\n")[0])


def digits_of(text: str) -> str:
    """The digits as 0 to 9, whatever script they are written in."""
    return "".join(str(int(char)) for char in text if char.isdecimal())


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B: every second digit from the right is doubled; the sum is a multiple of 10."""
    doubled = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
    values = [int(digit) for digit in reversed(digits)]
    return (sum(values[::2]) + sum(doubled[value] for value in values[1::2])) % 10 == 0
