"""A browser on the real app."""

from tests.annotation.conftest import app_url

__all__ = ["app_url"]
