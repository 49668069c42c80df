"""Keys at rest are bound to their provider and their address."""

import pytest

from app.core.settings import get_settings
from app.gateway import keys
from app.gateway.client import Connection

pytestmark = pytest.mark.usefixtures("settings_env")
URL, KEY = "https://api.example.com/v1", "sk-canary-0123456789"


def test_what_is_sealed_opens_again_and_never_looks_the_same() -> None:
    first, second = keys.encrypt("p1", URL, KEY), keys.encrypt("p1", URL, KEY)
    assert first != second
    assert KEY.encode() not in first
    assert keys.decrypt("p1", URL, first) == KEY
    assert keys.decrypt("p1", "https://API.example.com:443/other", first) == KEY  # the same origin


@pytest.mark.parametrize(
    ("provider", "url"),
    [("p2", URL), ("p1", "https://evil.example/v1"), ("p1", "http://api.example.com/v1"), ("p1", URL + ":8443")],
)
def test_a_moved_ciphertext_does_not_open(provider: str, url: str) -> None:
    with pytest.raises(keys.UnreadableKey):
        keys.decrypt(provider, url.replace("/v1:8443", ":8443/v1"), keys.encrypt("p1", URL, KEY))


def test_a_changed_byte_or_secret_does_not_open(monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = keys.encrypt("p1", URL, KEY)
    with pytest.raises(keys.UnreadableKey):
        keys.decrypt("p1", URL, sealed[:-1] + bytes([sealed[-1] ^ 1]))
    with pytest.raises(keys.UnreadableKey):
        keys.decrypt("p1", URL, b"short")
    monkeypatch.setenv("HOLDOUT_SECRET_KEY", "another-secret-of-enough-characters-1")
    get_settings.cache_clear()
    with pytest.raises(keys.UnreadableKey):
        keys.decrypt("p1", URL, sealed)


def test_a_key_is_not_in_what_is_logged() -> None:
    assert KEY not in repr(Connection("p1", URL, KEY))
    assert keys.scrub(f"bad key {KEY}!", KEY) == "bad key …6789!"
