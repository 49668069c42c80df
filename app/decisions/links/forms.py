"""What may be asked of a link."""

from pydantic import Field

from app.comparisons.forms import Wanted

DAYS = (7, 30, 90)


class NewLink(Wanted):
    """The comparison whose verdict is shown, and for how many days."""

    days: int = Field(30, ge=1, le=365)
