"""Passwords and keys that are named: ``password: …``, ``api_key = "…"``, "my password is …". Pure.

Prose talks of passwords all the time, so the value decides: no blank in it, and not a word, a variable or a stand-in.
"""

import re
from collections.abc import Iterator

from app.checks.detectors.secrets.shapes import Secret

_NAMES = (
    r"(?:passwor[dt]|passwd|passphrase|passcode|pwd|kennwort|contrase[ñn]a|mot de passe|mdp|senha|wachtwoord"
    r"|(?:api|access|auth|secret|private|client|account|encryption|signing|service)[ _-]?(?:key|secret|token)"
    r"|secret[ _-]?access[ _-]?key|client[ _-]?secret|\bsecret|\btoken|\bpin)"
)
_ASSIGNED = re.compile(
    rf"{_NAMES}\w{{0,20}}[\"'\]*`]{{0,3}} ?(?::=|=>|={{1,2}}|:|\bis:?|\bist|\best|\bes) ?(?P<quote>[\"'`*]{{0,2}})"
    r"(?P<value>[^\s\"'`<>{}\[\]()]{4,200})",
    re.I,
)
_NEXT_PARAMETER = re.compile(r"&\w+=")
_STANDS_IN = re.compile(
    r"(?:your|my|the|some|new|old|temp|test|example|sample|dummy|fake|changeme|change_me|placeholder|secret|password|passwort"
    r"|token|key|value|string|none|null|true|false|undefined|redacted|hidden|required|optional|process|os|env|config|self"
    r"|settings|secrets|request|user|x{3,}|\*{3,}|\.{3,}|_+|-+|\$|%|#|&)[\w.*…-]*",
    re.I,
)


def find_assignments(text: str) -> Iterator[Secret]:
    for match in _ASSIGNED.finditer(text):
        value = _NEXT_PARAMETER.split(match["value"])[0].rstrip(".,;:*…")
        if plausible(value, quoted=bool(match["quote"].strip("*`"))):
            yield Secret("password", match.start("value"), match.start("value") + len(value), "a password or key")


def plausible(value: str, *, quoted: bool) -> bool:
    """Whether this could be a real password: of several kinds of characters, and no word that stands for one."""
    if len(value) < 6 or _STANDS_IN.fullmatch(value) or "://" in value or re.fullmatch(r"[\d.,:/-]+", value):
        return False
    kinds = sum(bool(re.search(kind, value)) for kind in (r"[a-zà-ÿ]", r"[A-ZÀ-Þ]", r"\d", r"[^\w\s]"))
    digit_or_sign = re.search(r"\d|[^\w\s.,'-]", value) is not None
    return kinds >= 2 and digit_or_sign and (quoted or len(set(value)) >= 5)
