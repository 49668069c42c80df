"""What a preview is asked for."""

from pydantic import Field

from app.finetunes.forms import Objective
from app.web.forms import StrictModel


class NewPreview(StrictModel):
    provider_id: str
    base_model: str = Field(min_length=1, max_length=300)
    dataset_version_id: str
    objective: Objective = "supervised"
