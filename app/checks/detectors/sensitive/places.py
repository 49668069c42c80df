"""Street addresses with a house number, as English, German, French and Spanish write them. Pure.

Only the line with the street: what follows it (town, code) says little without it.
"""

import re
from collections.abc import Iterator

from app.checks.detectors.sensitive.hits import Hit

_NAME = r"[A-Z][\w'’.-]{1,24}"
_ENGLISH = re.compile(
    rf"(?<![\w$€£.,#/-])\d{{1,5}}[A-Za-z]?,? (?:[NSEW]\.? )?(?:{_NAME} |\d{{1,3}}(?:st|nd|rd|th) ){{1,3}}"
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Square|Terrace|Close|Crescent"
    r"|Parkway|Pkwy|Highway|Hwy|Circle|Cir)\b\.?"
    r"(?:,? (?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|#)\.? ?#?\d{1,5}[A-Za-z]?\b)?"
)
_GERMAN = re.compile(
    r"(?<!\w)(?:[A-ZÄÖÜ][a-zäöüß]{1,30}(?:straße|strasse|str\.|weg|platz|allee|gasse|damm|ufer)"
    r"|(?:[A-ZÄÖÜ][a-zäöüß]{1,20}[ -]){1,3}(?:Straße|Strasse|Str\.|Weg|Platz|Allee|Gasse|Damm|Ufer)) \d{1,4} ?[a-z]?(?!\w)"
)
_ROMANCE = re.compile(
    r"(?<![\w$€£.,#/-])\d{1,4}(?: ?(?:bis|ter))?,? (?:rue|avenue|boulevard|place|chemin|allée|impasse|quai)"
    rf" (?:(?:de la|de l['’]|du|des|de|d['’]) ?)?{_NAME}(?:[ -]{_NAME}){{0,3}}"
)
_SPANISH = re.compile(
    rf"(?<!\w)(?:[Cc]alle|C/|[Aa]venida|Avda\.|[Pp]aseo|[Pp]laza) (?:(?:de la|de los|del|de) )?{_NAME}(?: {_NAME}){{0,3}},?"
    r" (?:n[.º°o]{1,2} ?)?\d{1,4}(?!\w)"
)


def find_streets(text: str) -> Iterator[Hit]:
    for pattern in (_ENGLISH, _GERMAN, _ROMANCE, _SPANISH):
        for match in pattern.finditer(text):
            yield Hit("address", *match.span())
