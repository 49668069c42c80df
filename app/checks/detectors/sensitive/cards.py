"""Payment card numbers: the Luhn digit, and an issuer's prefix and length or a word for a card before it. Pure."""

import re
from collections.abc import Iterator

from app.checks.detectors.sensitive.hits import SEVEN_DIGITS, Finder, Hit, before, digits_of, luhn

_GAP = r"[ \u00a0\u202f.\u2010\u2011\u2013-]?"
_CANDIDATE = re.compile(rf"(?<![\w+])(?<!\d[.,-])(?<![A-Za-z]-)\d(?:{_GAP}\d){{11,18}}(?!\d|[.,-]\d|\w)")
_CONTEXT = re.compile(
    r"card|visa|master|amex|american express|discover|diners|jcb|maestro|union ?pay|credit|debit|\bcc\b|\bpan\b"
    r"|karte|carte|tarjeta|carta|cart[aã]o|kort",
    re.I,
)
_FOURS = re.compile(r"\d{4}(?:\D\d{4}){2,3}(?:\D\d{1,3})?|\d{4}\D\d{6}\D\d{4,5}|\d{4}\D\d{4}\D\d{5}")

# (first, last) leading digits and lengths, as the issuers publish them (ISO/IEC 7812 issuer identification numbers)
_CERTAIN: tuple[tuple[int, int, tuple[int, ...]], ...] = (
    (4, 4, (16, 19)),  # Visa
    (51, 55, (16,)),  # Mastercard
    (2221, 2720, (16,)),
    (34, 34, (15,)),  # American Express
    (37, 37, (15,)),
    (6011, 6011, (16, 19)),  # Discover
    (644, 649, (16, 19)),
    (65, 65, (16, 19)),
    (300, 305, (14, 16, 19)),  # Diners Club
    (3095, 3095, (14, 16, 19)),
    (36, 36, (14, 19)),
    (38, 39, (14, 16, 19)),
    (3528, 3589, (16, 19)),  # JCB, and the ranges that it used before
    (3088, 3094, (16,)),
    (3096, 3102, (16,)),
    (3112, 3120, (16,)),
    (3158, 3159, (16,)),
    (3337, 3349, (16,)),
    (2131, 2131, (15,)),
    (1800, 1800, (15,)),
    (62, 62, (16, 17, 18, 19)),  # UnionPay
    (81, 81, (16, 17, 18, 19)),
    (2200, 2204, (16, 17, 18, 19)),  # Mir
    (5018, 5018, (16,)),  # Maestro
    (5020, 5020, (16,)),
    (5038, 5038, (16,)),
    (6304, 6304, (16,)),
    (6759, 6759, (16,)),
    (6761, 6763, (16,)),
)
# Short or broad ranges, which a tenth of all serial numbers would meet: only in groups, or after a word for a card.
_LIKELY: tuple[tuple[int, int, tuple[int, ...]], ...] = (
    (4, 4, (13,)),
    (50, 50, tuple(range(12, 20))),
    (56, 58, tuple(range(12, 20))),
    (60, 69, tuple(range(12, 20))),
)


def find_cards(text: str) -> Iterator[Hit]:
    for match in _CANDIDATE.finditer(text):
        digits = digits_of(match[0])
        if len(set(digits)) > 1 and luhn(digits) and _issued(digits, text, match):
            yield Hit("credit_card", *match.span())


def _issued(digits: str, text: str, match: re.Match[str]) -> bool:
    grouped = _FOURS.fullmatch(match[0]) is not None
    plain = match[0].isdecimal()
    if (grouped and _in(_LIKELY, digits)) or ((grouped or plain) and _in(_CERTAIN, digits)):
        return True
    return _CONTEXT.search(before(text, match.start())) is not None


def _in(ranges: tuple[tuple[int, int, tuple[int, ...]], ...], digits: str) -> bool:
    return any(
        len(digits) in lengths and first <= int(digits[: len(str(first))]) <= last for first, last, lengths in ranges
    )


CARDS = Finder(find_cards, SEVEN_DIGITS)
