"""All finders over one text, and masking. Pure."""

import re
from collections.abc import Sequence

from app.checks.detectors.sensitive.cards import CARDS
from app.checks.detectors.sensitive.emails import EMAILS
from app.checks.detectors.sensitive.hits import Finder, Hit, plain_digits
from app.checks.detectors.sensitive.ibans import IBANS
from app.checks.detectors.sensitive.identity import IDENTITY
from app.checks.detectors.sensitive.networks import NETWORKS
from app.checks.detectors.sensitive.phones import PHONES
from app.checks.detectors.sensitive.places import STREETS
from app.checks.detectors.sensitive.wallets import WALLETS

# In the order of certainty: what an earlier one took, a later one does not see.
FINDERS: tuple[Finder, ...] = (EMAILS, *WALLETS, IBANS, CARDS, *NETWORKS, *IDENTITY, PHONES, *STREETS)
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
_DIGIT = re.compile(rb"[0-9]")
_ESCAPED_BREAK = re.compile(r"\\[nrt]")  # in a JSON text; no part of the word that follows
_TAKEN = "▯"  # neither letter, digit nor separator: ends whatever it touches


def find(text: str) -> list[Hit]:
    """What is sensitive in a text, in its order; spans do not overlap."""
    hits: list[Hit] = []
    text = _ESCAPED_BREAK.sub(" \n", plain_digits(text))
    raw = text.encode("utf-8", "replace")
    for finder in FINDERS if _DIGIT.search(raw) else (EMAILS,):
        if finder.may_find(raw) is None:
            continue
        for hit in sorted(finder.find(text), key=lambda hit: (hit.start, -hit.stop)):
            if _TAKEN not in text[hit.start : hit.stop]:
                hits.append(hit)
                text = text[: hit.start] + _TAKEN * (hit.stop - hit.start) + text[hit.stop :]
    return sorted(hits, key=lambda hit: hit.start)


def masked(text: str, hits: Sequence[Hit] | None = None) -> str:
    """The text with each hit's mask in its place; without ``hits``, with all that is found."""
    for hit in sorted(find(text) if hits is None else hits, key=lambda hit: -hit.start):
        text = text[: hit.start] + MASKS[hit.code] + text[hit.stop :]
    return text
