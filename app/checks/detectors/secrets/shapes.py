"""Keys that their own form gives away: a prefix that the provider chose so that keys can be found. Pure."""

import re
from collections.abc import Iterator
from typing import NamedTuple


class Secret(NamedTuple):
    """Characters ``start`` to ``stop`` are a secret; ``what`` names it within a sentence."""

    code: str
    start: int
    stop: int
    what: str


_SHAPES = (
    ("anthropic_key", "an Anthropic key", r"sk-ant-[\w-]{20,200}"),
    ("openai_key", "an OpenAI key", r"sk-(?:proj-|svcacct-|admin-|or-v1-)?(?=[\w-]{0,180}\d)[A-Za-z0-9][\w-]{19,200}"),
    ("aws_key", "an AWS access key", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}"),
    ("github_token", "a GitHub token", r"gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_\w{22,255}"),
    ("gitlab_token", "a GitLab token", r"gl(?:pat|ptt|dt|rt|cbt|soat|ft)-[\w-]{20,64}"),
    ("slack_token", "a Slack token", r"xox[abeoprs]-[A-Za-z0-9-]{10,200}|xapp-\d-[A-Za-z0-9-]{20,200}"),
    ("slack_token", "a Slack webhook", r"hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/_-]{20,200}"),
    ("stripe_key", "a Stripe key", r"(?:sk|rk)_(?:live|test)_[0-9A-Za-z]{16,200}|whsec_[A-Za-z0-9]{24,64}"),
    ("google_key", "a Google key", r"AIza[\w-]{35}|GOCSPX-[\w-]{28}|ya29\.[\w-]{20,300}"),
    ("huggingface_token", "a Hugging Face token", r"hf_[A-Za-z]{30,40}"),
    ("npm_token", "an npm token", r"npm_[A-Za-z0-9]{36}"),
    ("pypi_token", "a PyPI token", r"pypi-[\w-]{50,300}"),
    ("sendgrid_key", "a SendGrid key", r"SG\.[\w-]{16,64}\.[\w-]{16,64}"),
    ("shopify_token", "a Shopify token", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    (
        "provider_key",
        "a provider's key",
        r"(?:gsk_|xai-|pplx-|r8_|fw_|nvapi-|dop_v1_|dapi|lin_api_|figd_|ntn_|sntrys_)[\w-]{30,200}",
    ),
    ("jwt", "a signed token (JWT)", r"eyJ[\w-]{10,2000}\.eyJ[\w-]{10,4000}\.[\w-]{16,1000}"),
    (
        "private_key",
        "a private key",
        r"-----BEGIN (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----[\s\S]{0,10000}?"
        r"(?:-----END (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----|\Z)",
    ),
    ("private_key", "a private key", r"-----BEGIN (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"),
)
_COMPILED = tuple((code, what, re.compile(rf"(?<![A-Za-z0-9_])(?:{shape})")) for code, what, shape in _SHAPES)
_IN_URL = re.compile(r"[a-z][a-z0-9+.-]{1,20}://[^\s/?#:@<>{}\"']{0,100}:(?P<value>[^\s/?#@<>{}\[\]\"']{3,200})@", re.I)
_BEARER = re.compile(
    r"\b(?:bearer|basic|token) (?P<value>(?=[\w.~+/-]{0,200}\d)[\w.~+/-]{20,400}={0,2})(?![\w.])", re.I
)


def find_shapes(text: str) -> Iterator[Secret]:
    for code, what, pattern in _COMPILED:
        for match in pattern.finditer(text):
            yield Secret(code, *match.span(), what)
    for match in _IN_URL.finditer(text):
        yield Secret("url_password", *match.span("value"), "a password in an address")
    for match in _BEARER.finditer(text):
        yield Secret("bearer_token", *match.span("value"), "an access token")
