"""International bank account numbers (ISO 13616): a country, its length, and the check digits (mod 97). Pure."""

import re
from collections.abc import Iterator

from app.checks.detectors.sensitive.hits import Finder, Hit

# Lengths of the IBAN registry, countries in the order of their codes.
_LENGTHS = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 "
    "ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 "
    "LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 "
    "PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 "
    "YE30"
)
LENGTHS = {entry[:2]: int(entry[2:]) for entry in _LENGTHS.split()}
_CANDIDATE = re.compile(r"(?<![^\W_])[A-Za-z]{2}[ -]?[0-9]{2}(?:[ \u00a0\u202f-]?[A-Za-z0-9]){11,30}")


def find_ibans(text: str) -> Iterator[Hit]:
    position = 0
    while match := _CANDIDATE.search(text, position):
        stop = _stop(match[0])
        valid = stop is not None and not text[match.start() + stop : match.start() + stop + 1].isalnum()
        if stop is not None and valid and mod97(match[0][:stop]):
            yield Hit("iban", match.start(), match.start() + stop)
            position = match.start() + stop
        else:
            position = match.start() + 1


def _stop(candidate: str) -> int | None:
    """Where the candidate has as many letters and digits as its country's IBANs have."""
    length = LENGTHS.get(candidate[:2].upper())
    if length is None:
        return None
    counted = 0
    for index, char in enumerate(candidate):
        counted += char.isalnum()
        if counted == length:
            return index + 1
    return None


def mod97(iban: str) -> bool:
    """ISO 7064 MOD 97-10 over the IBAN with its first four characters moved to the end, letters as 10 to 35."""
    compact = "".join(char for char in iban if char.isalnum())
    return int("".join(str(int(char, 36)) for char in compact[4:] + compact[:4])) % 97 == 1


IBANS = Finder(find_ibans, r"[A-Za-z]{2}[ -]?[0-9]{2}[^\n]{11}")
