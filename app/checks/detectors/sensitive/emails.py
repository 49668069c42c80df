"""E-mail addresses (RFC 5322 dot-atoms, non-ASCII letters of RFC 6531 included). Pure."""

import re
from collections.abc import Iterator

from app.checks.detectors.sensitive.hits import Finder, Hit

# At most 64 characters before the @, searched for backwards from it: linear, whatever the text.
_LOCAL = re.compile(r"[\w!#$%&*+/=?^`{|}~'.-]{1,64}\Z")
_DOMAIN = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}(?:xn--[a-z0-9-]{2,59}|[^\W\d_]{2,63})(?![\w-])", re.I)
_LITERAL = re.compile(r"\[(?:\d{1,3}\.){3}\d{1,3}\]")
_SPELLED = re.compile(
    r"(?<![\w.])[\w+-][\w.+-]{0,63} ?[\[(] ?at ?[\])] ?[\w-]{1,63}(?:(?: ?[\[(] ?dot ?[\])] ?|\.)[\w-]{2,63}){1,4}",
    re.I,
)
_IMAGE_AT_SCALE = re.compile(r"\dx\.[a-z]+\Z", re.I)  # icon@2x.png


def find_emails(text: str) -> Iterator[Hit]:
    at = text.find("@")
    while at >= 0:
        hit = _around(text, at)
        if hit:
            yield hit
        at = text.find("@", at + 1)
    for match in _SPELLED.finditer(text):
        yield Hit("email", *match.span())


def _around(text: str, at: int) -> Hit | None:
    domain = _DOMAIN.match(text, at + 1) or _LITERAL.match(text, at + 1)
    local = _LOCAL.search(text[max(0, at - 64) : at])
    if domain is None or local is None or _IMAGE_AT_SCALE.fullmatch(domain[0]):
        return None
    name = re.split(r"[=&?]", local[0])[-1].lstrip("'`*/.{|#-!")  # a query's "email=name@…" begins after the sign
    start = at - len(name)
    if not name or name.endswith(".") or _is_address_of_machine(text, start, at, domain.end(), name):
        return None
    return Hit("email", start, domain.end())


def _is_address_of_machine(text: str, start: int, at: int, stop: int, name: str) -> bool:
    """``scheme://user:password@host`` (a secret, if anything) and ``git@host:path``."""
    token = re.search(r"\S{0,200}\Z", text[max(0, at - 200) : at])
    in_url = token is not None and re.search(r"://[^/?#]*\Z", token[0]) is not None
    return in_url or (name == "git" and text[stop : stop + 1] in (":", "/"))


EMAILS = Finder(find_emails, r"@|(?i:[\[(] ?at ?[\])])")
