"""What a round may be asked to be, and what a vote says."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from app.core.errors import Invalid
from app.web.forms import StrictModel
from app.web.paging import MAX_LIMIT

DEFAULT_CRITERIA = "Which reply would you send?"
MAX_CRITERIA = 6
MAX_GUIDELINE = 50_000
MAX_GUESTS = 20
MAX_NAME = 120

Answer = Literal["left", "right", "tie"]


class RoundSlice(StrictModel):
    """The cases with this tag, expected behaviour, source or language."""

    by: Literal["tag", "behavior", "source", "language"]
    name: str = Field(min_length=1, max_length=200)


def _slice(value: Any) -> Any:
    """A form says ``tag:refund``."""
    if isinstance(value, str):
        by, _, name = value.partition(":")
        return {"by": by, "name": name}
    return value


def _named(value: Any) -> Any:
    """A form has them in one line, with commas."""
    return [part for part in (one.strip() for one in value.split(",")) if part] if isinstance(value, str) else value


def _distinct(names: list[str]) -> list[str]:
    if len({name.casefold() for name in names}) < len(names):
        raise ValueError("Each criterion once.")
    return names


def _lines(value: Any) -> Any:
    """A form has them one in a line."""
    return [line for line in (one.strip() for one in value.splitlines()) if line] if isinstance(value, str) else value


def _guests(names: list[str]) -> list[str]:
    if any(not 0 < len(name) <= MAX_NAME for name in names):
        raise ValueError(f"A guest's name has 1 to {MAX_NAME} characters.")
    if len({name.casefold() for name in names}) < len(names):
        raise ValueError("Each guest once: results tell them apart by their names.")
    return names


Criterion = Annotated[str, Field(min_length=1, max_length=40)]
Criteria = Annotated[list[Criterion], BeforeValidator(_named), AfterValidator(_distinct)]
Guests = Annotated[list[str], BeforeValidator(_lines), AfterValidator(_guests)]


class NewRound(StrictModel):
    source: Literal["runs"] = "runs"
    name: str = Field("", max_length=120)
    run_ids: list[str] = Field(min_length=2, max_length=6)
    slice: Annotated[RoundSlice | None, BeforeValidator(_slice)] = None
    criteria: str = Field(DEFAULT_CRITERIA, min_length=1, max_length=2000, description="The question to reviewers.")
    criteria_list: Criteria = Field(
        default_factory=list, max_length=MAX_CRITERIA, description="Names, each answered left, right or tie, or not."
    )
    guideline: str = Field("", max_length=MAX_GUIDELINE, description="Markdown, shown beside the pairs.")
    project_guideline: bool = Field(False, description="Take the project's guideline as it is now.")
    reviewers: list[str] | None = Field(None, description="E-mail addresses; all who may vote where absent.")
    guests: Guests = Field(
        default_factory=list,
        max_length=MAX_GUESTS,
        description="Names of experts without an account: seats beside them.",
    )
    guest_days: int = Field(14, ge=1, le=90, description="For how many days a guest's link holds.")
    votes_per_pair: int = Field(2, ge=1, le=20)
    max_votes: int | None = Field(None, ge=1, le=1_000_000, description="In all; then reviewers are done.")
    repeat_fraction: float = Field(0.0, ge=0, le=0.5)
    max_pairs: int | None = Field(None, ge=1, le=10_000)
    order: Literal["even", "adaptive"] = "even"
    self_naming: Literal["apart", "mask", "keep"] = Field(
        "apart", description="What becomes of pairs in which an output names its model."
    )
    seed: int | None = Field(None, ge=0, lt=2**62)


class NewVote(StrictModel):
    pair_id: str
    choice: Literal["left", "right", "tie", "both_bad"]
    rationale: str = Field("", max_length=4000)
    criteria: dict[str, Answer] = Field(default_factory=dict, max_length=MAX_CRITERIA)
    seconds: float | None = Field(None, ge=0, le=86_400)


def check_criteria(asked: Sequence[str], vote: NewVote) -> None:
    """Raises Invalid for an answer to a criterion that the round does not ask about."""
    unknown = [name for name in vote.criteria if name not in asked]
    if unknown:
        known = ", ".join(asked) or "none"
        raise Invalid.field("criteria", f"This round does not ask about {', '.join(unknown)}. It asks about: {known}.")


class Expected(StrictModel):
    """What a round is planned for: the share that prefers one side (ties count half), and the share of ties."""

    win_rate: float = Field(60, gt=50, lt=100)
    ties: float = Field(20, ge=0, lt=100)


class OnlyGuests(StrictModel):
    """Of the form: nobody ticked means every member who can be blind, unless this says none."""

    guests_only: bool = False


class RoundFilter(StrictModel):
    """Which rounds are listed."""

    state: Literal["open", "closed"] | None = None
    mine: bool = False
    limit: int = Field(50, ge=1, le=MAX_LIMIT)
    cursor: str | None = Field(None, max_length=200)
