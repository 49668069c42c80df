"""Where a project's news go."""

from pydantic import Field

from app.gateway.webhooks import MAX_LENGTH
from app.web.forms import StrictModel


class NewWebhook(StrictModel):
    url: str = Field(min_length=1, max_length=MAX_LENGTH)
