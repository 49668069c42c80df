"""Keys and passwords: found with their exact span; plain words about passwords are left alone.

The keys are put together here, so that no scanner takes this file for a leak.
"""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.checks.detectors.base import Setting, Subject
from app.checks.detectors.secrets.detector import MASK, find, look

MIXED = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0"
JWT = ".".join(
    base64.urlsafe_b64encode(part).decode().rstrip("=")
    for part in (b'{"alg":"HS256","typ":"JWT"}', b'{"sub":"1234567890"}', b"0123456789abcdef01234")
)
PRIVATE_KEY = "-----BEGIN RSA PRIVATE " + "KEY-----\nMIIEow" + MIXED + "\n-----END RSA PRIVATE " + "KEY-----"

POSITIVE = [
    ("{}", "openai_key", "sk-proj-" + MIXED),
    ("OPENAI_API_KEY={}", "openai_key", "sk-" + MIXED),
    ("use {} please", "anthropic_key", "sk-ant-" + "api03-" + MIXED),
    ("id {}.", "aws_key", "AKIA" + "IOSFODNN7EXAMPLE"),
    ("token {}", "github_token", "ghp_" + MIXED[:36]),
    ("{}", "github_token", "github_pat_" + MIXED),
    ("{}", "gitlab_token", "glpat-" + MIXED[:20]),
    ("{}", "slack_token", "xoxb-" + "123456789012-" + MIXED[:24]),
    ("https://{}", "slack_token", "hooks.slack.com/" + "services/T0123/B0123/" + MIXED[:24]),
    ("{}", "stripe_key", "sk_live_" + MIXED[:24]),
    ("{}", "google_key", "AIza" + MIXED[:35]),
    ("{}", "huggingface_token", "hf_" + "abcdefghijklmnopqrstuvwxyzABCDEFGH"),
    ("{}", "npm_token", "npm_" + MIXED[:36]),
    ("{}", "sendgrid_key", "SG." + MIXED[:22] + "." + MIXED),
    ("{}", "provider_key", "gsk_" + MIXED),
    ("{}", "provider_key", "123456789:" + "AA" + MIXED[:33]),  # Telegram, by the library
    ("jwt {}", "jwt", JWT),
    ("here:\n{}\nthanks", "private_key", PRIVATE_KEY),
    ("postgres://reader:{}@db.example.com/app", "url_password", "hunter2"),
    ("Authorization: Bearer {}", "bearer_token", MIXED[:32]),
    ("password: {}", "password", "Tr0ub4dor&3"),
    ("My password is {}.", "password", "hunter2024"),
    ('db_password = "{}"', "password", "s3cr3t-pw"),
    ('{{"api_key": "{}"}}', "password", "9f8e7d6c5b4a"),
    ("Passwort: {}", "password", "Sommer2024!"),
    ("client_secret={}&x=1", "password", "abc123def456"),
]

NEGATIVE = [
    "I forgot my password: how can I reset it?",
    "Your password is required. The password must have 8 characters.",
    "password: your_password, api_key=<YOUR_API_KEY>, token: ${TOKEN}",
    "password = os.environ['DB_PASSWORD']; secret: {{ secrets.KEY }}",
    "The secret is: patience. The key: practise!",
    "PIN: 1234",
    "sk-learn is a library; sk-estimators too",
    "https://example.com:8443/path and http://user@example.com",
    "The commit 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 is fine",
    "Password: ********",
    "access token: expired",
    "bearer of good news that arrived yesterday evening",
]


@pytest.mark.parametrize(("around", "code", "value"), POSITIVE)
def test_finds_exactly_the_secret(around: str, code: str, value: str) -> None:
    text = around.format(value)
    assert [(one.code, text[one.start : one.stop]) for one in find(text)] == [(code, value)]
    assert find(text.replace(value, MASK)) == []


@pytest.mark.parametrize("text", NEGATIVE)
def test_leaves_talk_of_secrets_alone(text: str) -> None:
    assert find(text) == []


@settings(deadline=None)
@given(st.text(alphabet=st.characters(), max_size=300))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert all(0 <= one.start < one.stop <= len(text) for one in find(text))


@pytest.mark.parametrize(
    "text", ["sk-" * 5_000, "://a:" * 5_000, "password" * 3_000, "eyJ" + "a" * 20_000, "=" * 20_000]
)
def test_long_runs_take_linear_time(text: str) -> None:
    find(text)


def test_a_finding_says_what_to_do_and_holds_no_copy() -> None:
    messages = [{"role": "user", "content": "password: Tr0ub4dor&3"}]
    subject = Subject(messages=messages, tools=None, expected=None, behavior=None, tags=(), target=None)
    [found] = look(subject, Setting(goal="tone_style"))
    assert found.words == "The user's message holds a password or key: revoke it, then mask it."
    assert (found.start, found.stop, found.replacement) == (10, 21, MASK)
    assert "Tr0ub" not in found.key
