"""Numbers that a state gives a person, and dates of birth. Pure.

A number that its own form or check digit tells stands alone; all others need the word for it just before them.
"""

import re

from app.checks.detectors.sensitive.hits import SEVEN_DIGITS, before, by_pattern, digits_of

# Never issued (Social Security Administration): area 000, 666, 900 to 999 (those are taxpayers'), group 00, serial 0000
_SSN = re.compile(
    r"(?<![\w.])(?<!\w[-/])(?!000|666|9\d\d)\d{3}([- \u2011\u2013])(?!00)\d{2}\1(?!0000)\d{4}(?!\w|[-.,]\d)"
)
_ITIN = re.compile(r"(?<![\w.])(?<!\w-)9\d{2}([- ])(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])\1\d{4}(?!\w|-\d)")
_SSN_WORD = re.compile(r"\bssn\b|social[ -]security|soc\.? sec", re.I)
_SSN_PLAIN = re.compile(r"(?<![\w.-])(?!000|666|9)\d{3}(?!00)\d{2}(?!0000)\d{4}(?![\w-])")
_NINO = re.compile(
    r"(?<![\w-])(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D](?![\w-])"
)
_DNI = re.compile(r"(?<![\w-])(?:([XYZ])[- ]?(\d{7})|(\d{8}))[- ]?([A-HJ-NP-TV-Z])(?![\w-])")
_FISCAL = re.compile(r"(?<!\w)[A-Z]{6}\d{2}[ABCDEHLMPRST]\d{2}[A-Z]\d{3}[A-Z](?!\w)")
_CPF = re.compile(r"(?<![\w.-])\d{3}\.\d{3}\.\d{3}-\d{2}(?!\w)")
_NIR = re.compile(r"(?<![\w.-])[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2}(?![\w-])")
_DOCUMENT = re.compile(
    r"(?:passport|reisepass|passeport|pasaporte|passaporto|driver'?s? licen[cs]e|driving licen[cs]e|f..?hrerschein"
    r"|permis de conduire|identity card|id card|personalausweis|national id)"
    r"(?:[ -]?(?:number|no\.?|nr\.?|num[ée]ro|n°|n[úu]mero|#|id))?(?: is| ist| est| es)?[ :#=]{1,3}"
    r"(?P<value>(?=[A-Z0-9-]{0,11}\d{4})[A-Z0-9][A-Z0-9-]{4,14}[A-Z0-9])(?!\w)",
    re.I,
)
_MONTH = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mär|mai|okt|dez|fév|avr|juin|juil|aoû|déc|ene|abr|ago|dic)"
    r"[^\W\d_]{0,7}"
)
_DATE = (
    r"(?:\d{1,4}[./-] ?\d{1,2}[./-] ?\d{2,4}"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?\.?(?: of| de)? {_MONTH}\.?,?(?: de)? \d{{4}}"
    rf"|{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}})"
)
_BIRTH = re.compile(
    r"(?:\bI(?:'m| am| was)? born(?: on| the)?|date of birth|birth ?date|\bmy birthday|\bdob\b|geboren am|\bgeb\."
    r"|geburtsdatum|\bje suis née? le"
    r"|date de naissance|fecha de nacimiento|\bnac[ií] el|sono nat[oa] il|data di nascita)"
    rf"(?: is| was| ist| est| es)?[ :,(]{{1,3}}(?P<value>{_DATE})(?!\w)",
    re.I,
)


def _named_ssn(match: re.Match[str]) -> bool:
    return _SSN_WORD.search(before(match.string, match.start(), 40)) is not None


def _dni(match: re.Match[str]) -> bool:
    """Spain: the letter is the number modulo 23; X, Y, Z of foreigners' numbers count as 0, 1, 2."""
    number = f"{'XYZ'.index(match[1])}{match[2]}" if match[1] else match[3]
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == match[4]


def _fiscal(match: re.Match[str]) -> bool:
    """Italy: the last letter is a sum over the others, odd places by a table (Decreto 23 December 1976)."""
    odd = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
    values = [int(char) if char.isdecimal() else ord(char) - 65 for char in match[0][:15]]
    total = sum(odd[value] for value in values[::2]) + sum(values[1::2])
    return chr(65 + total % 26) == match[0][15]


def _cpf(match: re.Match[str]) -> bool:
    """Brazil: two check digits, each a weighted sum modulo 11; eleven equal digits are not issued."""
    digits = [int(digit) for digit in digits_of(match[0])]
    if len(set(digits)) == 1:
        return False
    for length in (9, 10):
        total = sum(digit * (length + 1 - place) for place, digit in enumerate(digits[:length]))
        if total * 10 % 11 % 10 != digits[length]:
            return False
    return True


def _nir(match: re.Match[str]) -> bool:
    """France: the key is 97 minus the number modulo 97; 2A and 2B (Corsica) count as 19 and 18."""
    compact = match[0].replace(" ", "").replace("2A", "19").replace("2B", "18")
    return compact.isdecimal() and 97 - int(compact[:13]) % 97 == int(compact[13:])


_ISSUED = (
    "(?i:passport|passaporto|passeport|pasaporte|reisepass|licen[cs]e|f..?hrerschein|permis|card|ausweis|national id)"
)
_BORN = "(?i:b[io]r(?:n|th)|dob|geboren|geb\\.|geburts|n..?e? le|naissance|naci|nat[oa] il|nascita)"
IDENTITY = (
    by_pattern("us_ssn", _SSN, None, SEVEN_DIGITS),
    by_pattern("us_itin", _ITIN, None, r"9[0-9]{2}[- ][0-9]{2}[- ][0-9]{4}"),
    by_pattern("us_ssn", _SSN_PLAIN, _named_ssn, r"(?i:ssn|social.security|soc\.? sec)(?s:.*)[0-9]{9}"),
    by_pattern("national_id", _NINO, None, r"[A-Z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]"),
    by_pattern("national_id", _DNI, _dni, r"[0-9]{7}[- ]?[A-Z]"),
    by_pattern("national_id", _FISCAL, _fiscal, r"[A-Z]{6}[0-9]{2}[A-Z][0-9]{2}[A-Z]"),
    by_pattern("national_id", _CPF, _cpf, r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-"),
    by_pattern("national_id", _NIR, _nir, r"[12] ?[0-9]{2} ?[01][0-9] ?[0-9][0-9AB] ?[0-9]{3}"),
    by_pattern("identity_document", _DOCUMENT, None, _ISSUED + r".*[0-9]"),
    by_pattern("date_of_birth", _BIRTH, None, _BORN + r".*[0-9]"),
)
