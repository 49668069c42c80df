"""What people may say in a thread."""

from pydantic import Field

from app.web.forms import StrictModel


class NewComment(StrictModel):
    text: str = Field(min_length=1, max_length=10_000)
