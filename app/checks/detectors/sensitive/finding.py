"""All finders over one text, and masking. Pure."""

import re
from collections.abc import Sequence

from app.checks.detectors.sensitive.cards import find_cards
from app.checks.detectors.sensitive.emails import find_emails
from app.checks.detectors.sensitive.hits import Find, Hit
from app.checks.detectors.sensitive.ibans import find_ibans
from app.checks.detectors.sensitive.identity import find_identity
from app.checks.detectors.sensitive.networks import find_addresses
from app.checks.detectors.sensitive.phones import find_phones
from app.checks.detectors.sensitive.places import find_streets
from app.checks.detectors.sensitive.wallets import find_wallets

# In the order of certainty: what an earlier one took, a later one does not see.
WITHOUT_DIGITS: tuple[Find, ...] = (find_emails,)
WITH_DIGITS: tuple[Find, ...] = (
    find_wallets,
    find_ibans,
    find_cards,
    find_addresses,
    find_identity,
    find_phones,
    find_streets,
)
MASKS = {
    "email": "[EMAIL]",
    "phone": "[PHONE]",
    "credit_card": "[CARD]",
    "iban": "[IBAN]",
    "ip_address": "[IP ADDRESS]",
    "mac_address": "[MAC ADDRESS]",
    "us_ssn": "[SSN]",
    "us_itin": "[TAX NUMBER]",
    "national_id": "[NATIONAL ID]",
    "identity_document": "[ID DOCUMENT]",
    "date_of_birth": "[DATE OF BIRTH]",
    "address": "[ADDRESS]",
    "crypto_wallet": "[WALLET]",
}
_DIGIT = re.compile(r"\d")
_TAKEN = "▯"  # neither letter, digit nor separator: ends whatever it touches


def find(text: str) -> list[Hit]:
    """What is sensitive in a text, in its order; spans do not overlap."""
    hits: list[Hit] = []
    finders = WITHOUT_DIGITS + (WITH_DIGITS if _DIGIT.search(text) else ())
    for finder in finders:
        for hit in sorted(finder(text), key=lambda hit: (hit.start, -hit.stop)):
            if _TAKEN not in text[hit.start : hit.stop]:
                hits.append(hit)
                text = text[: hit.start] + _TAKEN * (hit.stop - hit.start) + text[hit.stop :]
    return sorted(hits, key=lambda hit: hit.start)


def masked(text: str, hits: Sequence[Hit] | None = None) -> str:
    """The text with each hit's mask in its place; without ``hits``, with all that is found."""
    for hit in sorted(find(text) if hits is None else hits, key=lambda hit: -hit.start):
        text = text[: hit.start] + MASKS[hit.code] + text[hit.stop :]
    return text
