"""Settings, read from the environment (prefix ``HOLDOUT_``) or ``.env``. The README lists every one."""

import os
import secrets
from functools import lru_cache
from pathlib import Path

import platformdirs
from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

MIN_SECRET_LENGTH = 32
SAMPLE_SECRETS = {"changeme", "change-me", "secret", "insecure", "replace-me-with-32-random-characters"}


def default_home() -> Path:
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/holdout")
    return Path(platformdirs.user_data_dir("holdout"))


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="HOLDOUT_", env_file=".env", extra="ignore", env_ignore_empty=True)

    home: Path = Field(default_factory=default_home)
    database_url: str | None = None
    host: str = "127.0.0.1"
    port: int = Field(8400, ge=1, le=65535)
    secret_key: str | None = None
    base_url: str | None = None
    trusted_proxies: str = ""
    engine_port: int = Field(8401, ge=1, le=65535)
    engine_key: str | None = None
    engine_url: str | None = None
    engine_ray: str | None = None  # the dashboard of a Ray head: `holdout engine` hands training over to it
    engine_ray_cpus: int = Field(1, ge=1, le=1024)
    max_upload_mb: int = Field(512, ge=1)
    call_timeout_seconds: int = Field(300, ge=1, le=7200)
    smtp_url: str | None = None
    mail_from: str = "Holdout <holdout@localhost>"
    webhook_origins: str = ""
    openai_api_key: str | None = Field(None, validation_alias="OPENAI_API_KEY")
    openai_base_url: str | None = Field(None, validation_alias="OPENAI_BASE_URL")

    @field_validator("secret_key")
    @classmethod
    def _secret_is_strong(cls, value: str | None) -> str | None:
        if value is not None and (len(value) < MIN_SECRET_LENGTH or value.lower() in SAMPLE_SECRETS):
            raise ValueError(f"use {MIN_SECRET_LENGTH} or more random characters")
        return value

    @property
    def address(self) -> str:
        """Where people reach the pages, without a slash at its end: what links that leave the instance begin with."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104
        return (self.base_url or f"http://{host}:{self.port}").rstrip("/")

    @property
    def local_engine_url(self) -> str:
        """Base URL (with ``/v1``) of the engine that `holdout up` starts, or of the one named elsewhere."""
        return (self.engine_url or f"http://127.0.0.1:{self.engine_port}").rstrip("/").removesuffix("/v1") + "/v1"

    @property
    def uploads(self) -> Path:
        folder = self.home / "uploads"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def master_key(self) -> str:
        """The instance secret: from the environment, else made once under ``home`` with mode 0600."""
        if self.secret_key:
            return self.secret_key
        path = self.home / "secret_key"
        if not path.exists():
            self.home.mkdir(parents=True, exist_ok=True)
            fresh = self.home / f".secret_key.{os.getpid()}"
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(48))
            try:
                os.link(fresh, path)  # atomic: two processes starting at once agree on one key
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        return path.read_text().strip()


@lru_cache
def get_settings() -> Settings:
    return Settings()
