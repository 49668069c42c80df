"""What is said of an erasure."""

from pydantic import Field, field_validator, model_validator

from app.web.forms import StrictModel

SHORTEST = 4  # characters: a shorter identifier would stand in half of all texts
MAX_IDENTIFIERS = 50


class Person(StrictModel):
    """Who is to be erased: texts that name them (an e-mail address, a phone number, a full name) and their group."""

    identifiers: list[str] = Field(default_factory=list, max_length=MAX_IDENTIFIERS)
    group: str | None = Field(None, min_length=1, max_length=200)

    @field_validator("identifiers")
    @classmethod
    def _long_enough(cls, value: list[str]) -> list[str]:
        kept = list(dict.fromkeys(one.strip() for one in value if one.strip()))
        for one in kept:
            if not SHORTEST <= len(one) <= 200:
                raise ValueError(
                    f"“{one[:40]}” must have {SHORTEST} to 200 characters: it is looked for in every text."
                )
        return kept

    @model_validator(mode="after")
    def _names_somebody(self) -> "Person":
        if not self.identifiers and self.group is None:
            raise ValueError("Name at least one identifier, or the person's group.")
        return self


class NewErasure(Person):
    """``expected_count`` is the number of rows that the preview showed: another number now is refused."""

    reason: str = Field(min_length=1, max_length=500)
    expected_count: int = Field(ge=1)
