"""What a round of imported votes may be asked to be."""

from typing import Literal

from pydantic import Field

from app.preferences.forms import DEFAULT_CRITERIA
from app.web.forms import StrictModel


class NewImportRound(StrictModel):
    """A round whose votes come in files."""

    source: Literal["import"]
    name: str = Field("", max_length=120)
    criteria: str = Field(DEFAULT_CRITERIA, min_length=1, max_length=2000)
