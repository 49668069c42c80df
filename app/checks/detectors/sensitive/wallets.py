"""Addresses that cryptocurrencies are sent to: Ethereum's form, Bitcoin's by its checksum. Pure."""

import hashlib
import re

from app.checks.detectors.sensitive.hits import by_pattern

_ETHEREUM = re.compile(r"(?<!\w)0x[0-9a-fA-F]{40}(?!\w)")
_BASE58 = re.compile(r"(?<!\w)[13][1-9A-HJ-NP-Za-km-z]{25,34}(?!\w)")
_BECH32 = re.compile(r"(?<!\w)(?:bc1[02-9ac-hj-np-z]{11,71}|BC1[02-9AC-HJ-NP-Z]{11,71})(?!\w)")
_BASE58_DIGITS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32_DIGITS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def _base58(match: re.Match[str]) -> bool:
    """25 bytes whose last four begin the double SHA-256 of the others."""
    number = 0
    for char in match[0]:
        number = number * 58 + _BASE58_DIGITS.index(char)
    if number.bit_length() > 200:
        return False
    raw = number.to_bytes(25, "big")
    return hashlib.sha256(hashlib.sha256(raw[:21]).digest()).digest()[:4] == raw[21:]


def _bech32(match: re.Match[str]) -> bool:
    """BIP 173 and 350: the polynomial over prefix and data leaves 1, or bech32m's constant."""
    values = [3, 3, 0, 2, 3, *(_BECH32_DIGITS.index(char) for char in match[0].lower()[3:])]
    state = 1
    for value in values:
        top = state >> 25
        state = (state & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            if top >> place & 1:
                state ^= generator
    return state in (1, 0x2BC830A3)


WALLETS = (
    by_pattern("crypto_wallet", _ETHEREUM, None, "0x[0-9a-fA-F]{10}"),
    by_pattern("crypto_wallet", _BASE58, _base58, "[13][0-9A-Za-z]{20}"),
    by_pattern("crypto_wallet", _BECH32, _bech32, "(?i:bc1)"),
)
