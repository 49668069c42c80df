"""What an instance admin may say of a provider."""

from typing import Literal

from pydantic import Field, SecretStr, field_validator

from app.gateway.origins import REFUSED, tidy_base_url
from app.web.forms import StrictModel


def _base_url(value: str | None) -> str | None:
    if value is None:
        return None
    try:
        return tidy_base_url(value)
    except Exception as error:
        raise ValueError(REFUSED) from error


def _key(value: SecretStr | None) -> SecretStr | None:
    text = value.get_secret_value().strip() if value else ""
    if any(not 33 <= ord(letter) <= 126 for letter in text):
        raise ValueError("A key is one word of plain letters, digits and signs: look for a blank or a line break.")
    return SecretStr(text) if value is not None else None


class NewProvider(StrictModel):
    """``kind``: an engine of Holdout's own on another port or machine can pause, preview and be asked for archives.
    ``hourly_rate``: US dollars that an hour of such a machine costs, trained or asked."""

    name: str = Field(min_length=1, max_length=80)
    base_url: str
    kind: Literal["openai", "local_engine"] = "openai"
    api_key: SecretStr | None = Field(None, max_length=1000)
    max_concurrency: int = Field(16, ge=1, le=512)
    requests_per_minute: int | None = Field(None, ge=1, le=10_000_000)
    tokens_per_minute: int | None = Field(None, ge=1, le=2_000_000_000)
    hourly_rate: float | None = Field(None, ge=0, le=100_000, allow_inf_nan=False)

    _address = field_validator("base_url")(_base_url)
    _secret = field_validator("api_key")(_key)


class ProviderChange(StrictModel):
    """Absent fields stay; a limit of null is taken away. An empty ``api_key`` takes the key away; a new ``base_url``
    needs the key again."""

    name: str | None = Field(None, min_length=1, max_length=80)
    base_url: str | None = None
    api_key: SecretStr | None = Field(None, max_length=1000)
    max_concurrency: int | None = Field(None, ge=1, le=512)
    requests_per_minute: int | None = Field(None, ge=1, le=10_000_000)
    tokens_per_minute: int | None = Field(None, ge=1, le=2_000_000_000)
    hourly_rate: float | None = Field(None, ge=0, le=100_000, allow_inf_nan=False)

    _address = field_validator("base_url")(_base_url)
    _secret = field_validator("api_key")(_key)
