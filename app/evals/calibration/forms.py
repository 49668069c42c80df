"""What may be asked of calibration."""

from pydantic import Field

from app.web.forms import StrictModel


class NewSample(StrictModel):
    """``grader``: the name of a judge of the run. ``size`` outputs are drawn beside those drawn before;
    ``rubric_share`` of them may be read in full afterwards, and do not count."""

    run_id: str
    grader: str = Field(min_length=1, max_length=200)
    size: int = Field(80, ge=1, le=1_000)
    rubric_share: float = Field(0.2, ge=0, le=0.8)


class NewMark(StrictModel):
    """``choice``: one of the sample's; left out: it cannot be told."""

    output_id: str
    choice: str | None = Field(None, max_length=200)
    note: str = Field("", max_length=2_000)
    seconds: float | None = Field(None, ge=0, le=86_400)
