"""The detector ``secret``: keys and passwords that must be revoked, whoever has seen them. Pure."""

from collections.abc import Iterator

import re2

from app.checks.detectors.base import Detector, Found, Setting, Subject
from app.checks.detectors.secrets.assignments import find_assignments
from app.checks.detectors.secrets.library import find_by_library
from app.checks.detectors.secrets.shapes import Secret, find_shapes
from app.checks.detectors.texts import Keys, found_in, texts_of

MASK = "[SECRET]"
# a long token, or a word for a secret and something assigned, or an address with a password
_GATE = re2.compile(
    rb"(?i)[\w+/=.-]{20}|-----BEGIN|://[^\s/]{0,100}:[^\s/]{0,100}@"
    rb"|(?:pass|pwd|key|secret|token|kennwort|contrase|mdp|senha|wachtwoord|\bpin).{0,30}(?:[:=]|ist?|est?) ?[^ ]{6}"
)


def find(text: str) -> list[Secret]:
    """The secrets of a text, in its order. Of those that overlap, what has a name of its own, then the longest."""
    if not _GATE.search(text.encode("utf-8", "replace")):
        return []
    kept: list[Secret] = []
    for finder in (find_shapes, find_assignments, find_by_library):
        for secret in sorted(finder(text), key=lambda one: one.start - one.stop):
            if all(secret.stop <= other.start or secret.start >= other.stop for other in kept):
                kept.append(secret)
    return sorted(kept, key=lambda secret: secret.start)


def look(subject: Subject, setting: Setting) -> Iterator[Found]:
    """In every message, the instructions included. What ``expected`` repeats of them is not told twice."""
    keys, told = Keys(), set()
    for text in texts_of(subject):
        for secret in find(text.text):
            value = text.text[secret.start : secret.stop]
            if text.index is None and value in told:
                continue
            told.add(value)
            words = f"{text.holds} {secret.what}: revoke it, then mask it."
            key = keys.key(secret.code, text, value)
            yield found_in(text, "secret", secret.code, words, key, (secret.start, secret.stop), MASK)


SECRET = Detector("secret", 1, ("secret",), look)
