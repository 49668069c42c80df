"""The detector ``sensitive``: personal data that a model would learn and could repeat to anyone. Pure."""

from collections.abc import Iterator

from app.checks.detectors.base import Detector, Found, Setting, Subject
from app.checks.detectors.sensitive.finding import MASKS, find
from app.checks.detectors.texts import Keys, found_in, texts_of

WORDS = {
    "email": "an e-mail address",
    "phone": "a phone number",
    "credit_card": "a payment card number",
    "iban": "a bank account number (IBAN)",
    "ip_address": "an IP address",
    "mac_address": "a device's network address",
    "us_ssn": "a US social security number",
    "us_itin": "a US taxpayer number",
    "national_id": "a national identity number",
    "identity_document": "the number of an identity document",
    "date_of_birth": "a date of birth",
    "address": "a street address",
    "crypto_wallet": "a cryptocurrency address",
}


def look(subject: Subject, setting: Setting) -> Iterator[Found]:
    """Everything in every message, instructions included: context with people's data is often put there.

    What ``expected`` repeats of the messages is not told twice.
    """
    keys, told = Keys(), set()
    for text in texts_of(subject):
        for hit in find(text.text):
            value = text.text[hit.start : hit.stop]
            if text.index is None and value in told:
                continue
            told.add(value)
            words = f"{text.holds} {WORDS[hit.code]}."
            key = keys.key(hit.code, text, value)
            yield found_in(text, "sensitive", hit.code, words, key, (hit.start, hit.stop), MASKS[hit.code])


SENSITIVE = Detector("sensitive", 1, ("sensitive",), look)
