"""Provider keys at rest: AES-256-GCM, bound to the provider and to the origin that the key was entered for.

The associated data names provider and origin, so a ciphertext that is moved to another row, or a row whose
address was changed, cannot be decrypted: a key never reaches a server that it was not typed in for.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.core.settings import get_settings
from app.gateway.origins import origin_of

PURPOSE = b"holdout provider keys, version 1"
NONCE_BYTES = 12


class UnreadableKey(Exception):
    """The stored key does not belong to this provider and address, or the instance secret is another one."""

    def __init__(self) -> None:
        super().__init__(
            "The stored key cannot be read: the address or HOLDOUT_SECRET_KEY has changed. Enter the key again."
        )


def encrypt(provider_id: str, base_url: str, key: str) -> bytes:
    """Nonce and ciphertext of ``key``, good for this provider at this origin only."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(_data_key()).encrypt(nonce, key.encode(), _bound_to(provider_id, base_url))


def decrypt(provider_id: str, base_url: str, ciphertext: bytes) -> str:
    """The key as entered. Called in the worker only, through ``client.open_client``. Raises UnreadableKey."""
    nonce, sealed = ciphertext[:NONCE_BYTES], ciphertext[NONCE_BYTES:]
    try:
        return AESGCM(_data_key()).decrypt(nonce, sealed, _bound_to(provider_id, base_url)).decode()
    except (InvalidTag, ValueError) as error:
        raise UnreadableKey from error


def scrub(text: str, key: str | None) -> str:
    """A provider's words without the key, which some providers echo, and cut to what a person reads."""
    if key:
        text = text.replace(key, f"…{key[-4:]}")
    return text[:500]


def _bound_to(provider_id: str, base_url: str) -> bytes:
    return f"{provider_id}\n{origin_of(base_url)}".encode()


def _data_key() -> bytes:
    derived: bytes = HKDF(SHA256(), 32, salt=None, info=PURPOSE).derive(get_settings().master_key().encode())
    return derived
