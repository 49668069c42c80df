"""The plugins of detect-secrets over lines in memory. Pure: their own checks of a find call out, and are not used.

Left out: the two for entropy, which flag plain English; public IP addresses, which ``sensitive`` reports; and named
passwords, whose values are judged in ``assignments``.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from app.checks.detectors.secrets.shapes import Secret

PLUGINS = (
    "artifactory.ArtifactoryDetector",
    "aws.AWSKeyDetector",
    "azure_storage_key.AzureStorageKeyDetector",
    "cloudant.CloudantDetector",
    "discord.DiscordBotTokenDetector",
    "github_token.GitHubTokenDetector",
    "gitlab_token.GitLabTokenDetector",
    "ibm_cloud_iam.IbmCloudIamDetector",
    "ibm_cos_hmac.IbmCosHmacDetector",
    "jwt.JwtTokenDetector",
    "mailchimp.MailchimpDetector",
    "npm.NpmDetector",
    "openai.OpenAIDetector",
    "pypi_token.PypiTokenDetector",
    "sendgrid.SendGridDetector",
    "slack.SlackDetector",
    "softlayer.SoftlayerDetector",
    "square_oauth.SquareOAuthDetector",
    "stripe.StripeDetector",
    "telegram_token.TelegramBotTokenDetector",
    "twilio.TwilioKeyDetector",
)
LONGEST_LINE = 5_000  # some of the patterns take quadratic time
_LONG_TOKEN = re.compile(r"(?=[\w+/=.-]{0,200}\d)[\w+/=.-]{20}")


@lru_cache(maxsize=1)
def plugins() -> tuple[Any, ...]:
    from importlib import import_module

    pairs = (name.split(".") for name in PLUGINS)
    return tuple(getattr(import_module(f"detect_secrets.plugins.{module}"), name)() for module, name in pairs)


def find_by_library(text: str) -> Iterator[Secret]:
    start = 0
    for line in text.splitlines(keepends=True):
        if len(line) <= LONGEST_LINE and _LONG_TOKEN.search(line):
            for plugin in plugins():
                for value in plugin.analyze_string(line):
                    place = line.find(value) if value else -1
                    if place >= 0:
                        what = f"a secret ({plugin.secret_type})"
                        yield Secret("provider_key", start + place, start + place + len(value), what)
        start += len(line)
