"""Telephone numbers: international, or national in the way that a country writes them. Pure.

A run of digits and separators is a candidate; its shape, the words around it and libphonenumber's numbering plans
decide. What is written like a phone number counts even where the number was never given out ("+1 212 555 0187"):
planted, invented and mistyped numbers look like people's. Bare digits need a word for a phone beside them.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import phonenumbers

from app.checks.detectors.sensitive.hits import SEVEN_DIGITS, Finder, Hit, after, before, digits_of

_REGIONS = (
    "US GB DE FR ES IT NL BE AT CH IE PT SE NO DK FI PL CZ SK HU RO BG GR HR SI RS UA LU IS EE LV LT TR IL ZA AU NZ IN "
    "SG HK MY JP KR TW CN BR MX AR CL CO RU AE NG KE EG PH ID TH VN"
)
REGIONS = tuple(_REGIONS.split())

MOST_DIGITS = 18  # of an international number: 15 (E.164), 00 before them, the 0 of "+44 (0)20" among them

_SEPARATORS = r"[ \u00a0\u202f()./\u00b7\u2010\u2011\u2013-]"
_CANDIDATE = re.compile(
    rf"(?<![\w])(?<![\d][.,:/-])(?<![$€£¥#=@_-])(?P<plus>[+＋] ?)?\(?(?P<body>\+?\d(?:{_SEPARATORS}{{0,3}}\d){{6,23}})"
)
_EXTENSION = re.compile(r",? ?(?:ext\.?|extension|x|#|durchwahl|poste) ?\.?:? ?\d{1,6}(?!\w)", re.I)
_GROUP = re.compile(r"\d+")
_DATE = re.compile(
    r"(?<!\d)(?:(?:19|20)\d\d[-./](?:0?[1-9]|1[0-2])[-./](?:0?[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])[-./ ](?:0?[1-9]|[12]\d|3[01])[-./ ](?:19|20)\d\d)(?!\d)"
)
_AREA_IN_BRACKETS = re.compile(r"[+\uff0b]?\(\d+\)")
_YEARS = re.compile(r"(?:1\d|20)\d\d ?[-\u2013/.] ?(?:1\d|20)\d\d")
_CONTEXT = re.compile(
    r"phone|\btelf?\b|\btlf\b|mobile?\b|\bmob\b|\bcell|\bcall|dial|\bfax|contact|reach|whatsapp|\bsms\b"
    r"|\btext me|ring me|hotline|helpline|landline|pager|voicemail|telefon|rufnummer|mobil|handy"
    r"|anruf|erreich|rückruf|t[ée]l[ée]phon|portable|appel|joindre|m[óo]vil|tel[ée]fono|ll[áa]m|celular|cellulare|chiam"
    r"|telefoon|bellen|gsm|telem[óo]vel|ligar|puhelin|電話|电话|전화",
    re.I,
)
_LABEL_AFTER = re.compile(r"[ ,(–-]{0,3}(?:office|home|work|direct|main|day|evening)\b", re.I)  # as on business cards
_OTHER = re.compile(
    r"(?:order|invoice|ticket|account|acct|customer id|reference|\bref|case|tracking|serial|isbn|issn|\bean\b|sku"
    r"|\bpart\b|model|article|iban|card|policy|passport|licen[cs]e|booking|confirmation|transaction|\bid|vat|ust|siren|siret|imei"
    r"|version|patent|bestell|rechnung|kunden|konto|commande|facture|pedido|factura)"
    r"(?:[ -]?(?:number|no|nr|num|code|id|#|nummer|nº|n°))?"
    r"(?: is| was| ist)?[ .:#=(-]{0,4}\Z",
    re.I,
)


class Written(NamedTuple):
    """A part of a candidate as it is written: with ``+`` or 00 before it, its groups, what separates them."""

    international: bool
    groups: tuple[str, ...]
    separators: str
    bracketed: bool  # the first group stands in brackets

    @property
    def digits(self) -> str:
        return "".join(self.groups)


def find_phones(text: str) -> Iterator[Hit]:
    position = 0
    while match := _CANDIDATE.search(text, position):
        span = _best(text, match)
        if span is None:
            position = match.end()
            continue
        extension = _EXTENSION.match(text, span[1])
        stop = extension.end() if extension else span[1]
        yield Hit("phone", span[0], stop)
        position = stop


def _best(text: str, match: re.Match[str]) -> tuple[int, int] | None:
    """The longest part that is a phone number. A part begins and ends where a blank stands, or with the candidate."""
    groups = list(_GROUP.finditer(text, match.start("body"), match.end("body")))
    if _cut(text, match.end("body")):
        groups = _without_last_word(text, groups)
    for size in range(len(groups), 0, -1):
        for first in range(len(groups) - size + 1):
            chosen = groups[first : first + size]
            if sum(len(group[0]) for group in chosen) < 7 or not _stands_alone(text, groups, first, first + size):
                continue
            start = match.start() if first == 0 else _opening(text, chosen[0].start())
            start, stop = _balanced(text, start, chosen[-1].end())
            plus = first == 0 and _plus(match)
            if _is_phone(text, start, stop, chosen, plus=plus, whole=size == len(groups)):
                return start, stop
    return None


def _plus(match: re.Match[str]) -> bool:
    return bool(match["plus"]) or match["body"].startswith("+")


def _cut(text: str, stop: int) -> bool:
    """Whether the last group goes on as a word, a decimal or a time."""
    return re.match(r"\w|[.,:/-]\d|%", text[stop : stop + 2]) is not None and not _EXTENSION.match(text, stop)


def _without_last_word(text: str, groups: list[re.Match[str]]) -> list[re.Match[str]]:
    while len(groups) > 1:
        gap = text[groups[-2].end() : groups[-1].start()]
        groups = groups[:-1]
        if any(char.isspace() for char in gap):
            return groups
    return []


def _stands_alone(text: str, groups: list[re.Match[str]], first: int, stop: int) -> bool:
    gaps = [text[groups[place - 1].end() : groups[place].start()] for place in (first, stop) if 0 < place < len(groups)]
    return all(any(char.isspace() for char in gap) for gap in gaps)


def _opening(text: str, start: int) -> int:
    return start - 1 if text[start - 1] == "(" else start


def _balanced(text: str, start: int, stop: int) -> tuple[int, int]:
    """Without the bracket of a remark, "(555-0142)"; with the one that closes an area code's, "+(44) …"."""
    return (start + 1, stop) if text[start] == "(" and ")" not in text[start:stop] else (start, stop)


def _is_phone(text: str, start: int, stop: int, groups: list[re.Match[str]], *, plus: bool, whole: bool) -> bool:
    written = text[start:stop]
    gaps = "".join(text[one.end() : two.start()] for one, two in pairwise(groups))
    part = Written(
        plus, tuple(digits_of(group[0]) for group in groups), gaps, _AREA_IN_BRACKETS.match(written) is not None
    )
    if not _may_be(part, whole=whole) or _DATE.search(written) or _YEARS.fullmatch(written.strip("()")):
        return False
    before_it = before(text, start)
    after_it = after(text, stop)
    named = bool(_CONTEXT.search(before_it) or _CONTEXT.search(after_it) or _LABEL_AFTER.match(after_it))
    if plus or part.digits.startswith("00"):
        return _is_international(part, named)
    nearest = [found.end() for found in _CONTEXT.finditer(before_it)]
    if _OTHER.search(before_it) and not (nearest and nearest[-1] > len(before_it) - 12):
        return False
    return _is_american(part, named) or (whole and (_is_local(part, named) or _is_national(part, named)))


def _may_be(part: Written, *, whole: bool) -> bool:
    """By the number of digits alone: a long row of single digits has hundreds of parts, and looking around each takes
    a hundred times as long."""
    count = len(part.digits)
    if part.international or part.digits.startswith("00"):
        return 7 <= count <= MOST_DIGITS
    return 7 <= count <= 12 and (whole or len(part.groups) <= 4)


def _is_international(part: Written, named: bool) -> bool:
    digits = part.digits if part.international else part.digits[2:]
    trunk_kept = "(0)" in f"({part.groups[1]})" if len(part.groups) > 2 else False  # +44 (0)20 …
    if trunk_kept:
        digits = digits.replace(part.groups[1], "", 1) if part.groups[1] == "0" else digits
    if not 7 <= len(digits) <= 15 or digits.startswith("0"):
        return False
    if part.international and len(part.groups) > 1:
        return _possible(digits)
    return _valid("+" + digits, None) or (named and _possible(digits))


def _is_american(part: Written, named: bool) -> bool:
    """The North American plan's 3-3-4, with or without its 1."""
    groups = part.groups[1:] if part.groups[0] == "1" and len(part.groups) > 1 else part.groups
    lengths = tuple(len(group) for group in groups)
    if lengths not in ((3, 3, 4), (3, 7)):
        return False
    if lengths == (3, 7):
        return part.bracketed or named
    by_plan = groups[0][0] > "1" and groups[1][0] > "1"
    return named or part.bracketed or any(char in "-.)\u2010\u2011\u2013" for char in part.separators) or by_plan


def _is_local(part: Written, named: bool) -> bool:
    """555-0142: seven digits without an area code; 555 is kept for films and examples, others need a word."""
    shape = tuple(len(group) for group in part.groups) == (3, 4) and part.groups[0][0] > "1"
    return (
        shape and part.separators in ("-", ".", " ") and (named or (part.groups[0] == "555" and part.separators == "-"))
    )


def _is_national(part: Written, named: bool) -> bool:
    """A trunk prefix or an area code in brackets, in groups; with a word for a phone, anything that a plan knows."""
    digits, several = part.digits, len(part.groups) > 1
    if not 7 <= len(digits) <= 12 or (
        several and min(len(group) for group in part.groups[:-1]) == 1 and not part.bracketed
    ):
        return False
    trunk = digits.startswith("0") and len(digits) >= 9 and len(part.groups[0]) > 1 and part.separators != "."
    area_code = part.bracketed and 2 <= len(part.groups[0]) <= 6
    return (named or (several and (trunk or area_code))) and _valid_somewhere(digits)


@lru_cache(maxsize=4096)
def _valid_somewhere(digits: str) -> bool:
    return any(_valid(digits, region) for region in REGIONS)


def _possible(digits: str) -> bool:
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse("+" + digits))
    except phonenumbers.NumberParseException:
        return False


def _valid(number: str, region: str | None) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, region))
    except phonenumbers.NumberParseException:
        return False


PHONES = Finder(find_phones, SEVEN_DIGITS)
