"""Street addresses with a house number, as English, German, French and Spanish write them. Pure.

Only the line with the street: what follows it (town, code) says little without it.
"""

import re

from app.checks.detectors.sensitive.hits import by_pattern

_NAME = r"[A-Z][\w'’.-]{1,24}"
_ENGLISH = re.compile(
    rf"(?<![\w$€£.,#/-])\d{{1,5}}[A-Za-z]?,? (?:[NSEW]\.? )?(?:{_NAME} |\d{{1,3}}(?:st|nd|rd|th) ){{1,3}}"
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Square|Terrace|Close|Crescent"
    r"|Parkway|Pkwy|Highway|Hwy|Circle|Cir)\b\.?"
    r"(?:,? (?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|#)\.? ?#?\d{1,5}[A-Za-z]?\b)?"
)
_GERMAN = re.compile(
    r"(?<!\w)(?:[A-ZÄÖÜ][a-zäöüß]{1,30}(?:straße|strasse|str\.|weg|platz|allee|gasse|damm|ufer)"
    r"|(?:[A-ZÄÖÜ][a-zäöüß]{1,20}[ -]){1,3}(?:Straße|Strasse|Str\.|Weg|Platz|Allee|Gasse|Damm|Ufer))"
    r" \d{1,4} ?[a-z]?(?!\w)"
)
_ROMANCE = re.compile(
    r"(?<![\w$€£.,#/-])\d{1,4}(?: ?(?:bis|ter))?,? (?:rue|avenue|boulevard|place|chemin|all..?e|impasse|quai)"
    rf" (?:(?:de la|de l['’]|du|des|de|d['’]) ?)?{_NAME}(?:[ -]{_NAME}){{0,3}}"
)
_SPANISH = re.compile(
    r"(?<!\w)(?:[Cc]alle|C/|[Aa]venida|Avda\.|[Pp]aseo|[Pp]laza) (?:(?:de la|de los|del|de) )?"
    rf"{_NAME}(?: {_NAME}){{0,3}},?"
    r" (?:n[.º°o]{1,2} ?)?\d{1,4}(?!\w)"
)

STREETS = (
    by_pattern(
        "address",
        _ENGLISH,
        None,
        r"[0-9].* (?:St|Ave|R(?:oa)?d|B(?:oule|l)v|L(?:ane|n)|Dr|C[tloruei]|Place|Sq|Terrace|P(?:ar)?kw|H(?:igh)?w)",
    ),
    by_pattern("address", _GERMAN, None, r"(?i:stra.{1,2}e|str\.|weg|platz|allee|gasse|damm|ufer) [0-9]"),
    by_pattern("address", _ROMANCE, None, r"[0-9].* (?:rue|avenue|boulevard|place|chemin|all..?e|impasse|quai) "),
    by_pattern("address", _SPANISH, None, r"(?:alle|C/|venida|vda\.|aseo|laza) [^\n]*[0-9]"),
)
