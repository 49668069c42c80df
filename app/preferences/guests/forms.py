"""What may be asked of an invitation."""

from pydantic import Field

from app.web.forms import StrictModel

DAYS = (7, 14, 30)


class NewInvitation(StrictModel):
    """One expert, how many pairs they get (all where absent), and for how many days the link holds."""

    name: str = Field(min_length=1, max_length=120)
    pairs: int | None = Field(None, ge=1, le=10_000)
    days: int = Field(14, ge=1, le=90)
