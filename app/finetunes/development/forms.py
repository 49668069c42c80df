"""What is asked of a development run."""

from typing import Any

from pydantic import Field

from app.web.forms import StrictModel


class NewDevelopmentRun(StrictModel):
    """``dataset_version_id``: the examples, none of which was trained on. ``checkpoint_id`` absent: the final model.
    ``graders``: names of saved ones or grader objects that ask no judge; absent, what fits the examples."""

    dataset_version_id: str
    checkpoint_id: str | None = None
    graders: list[str | dict[str, Any]] | None = Field(None, min_length=1, max_length=10)
    budget: float | None = Field(None, gt=0, le=100_000, allow_inf_nan=False)
