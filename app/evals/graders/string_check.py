"""OpenAI's ``string_check``: compare two texts by one operation."""

from typing import Any, Literal

from pydantic import field_validator

from app.evals.graders.base import Definition, NotGradable, Scored, quoted
from app.evals.graders.templates import Scope

OPERATIONS = {
    "eq": "equals",
    "ne": "differs from",
    "like": "contains",
    "ilike": "contains (in any case)",
}


class StringCheck(Definition):
    """1 where the operation holds between ``input`` and ``reference``, else 0.

    ``eq`` and ``ne`` compare exactly, case and white space included; ``like`` asks whether the input contains the
    reference, ``ilike`` the same in any case. ``neq``, as OpenAI's guide writes it, is taken for ``ne``.
    """

    default_metric = "task_accuracy"
    type: Literal["string_check"]
    input: str
    reference: str
    operation: Literal["eq", "ne", "like", "ilike"]

    @field_validator("operation", mode="before")
    @classmethod
    def _guide_spelling(cls, value: Any) -> Any:
        return "ne" if value == "neq" else value

    @property
    def templates(self) -> tuple[str, ...]:
        return (self.input, self.reference)

    def score(self, scope: Scope) -> Scored:
        given, reference = scope.fill(self.input), scope.fill(self.reference)
        if self.operation in ("like", "ilike") and not reference:
            raise NotGradable("the reference is empty, and every text contains that")
        holds = {
            "eq": lambda: given == reference,
            "ne": lambda: given != reference,
            "like": lambda: reference in given,
            "ilike": lambda: reference.casefold() in given.casefold(),
        }[self.operation]()
        words = OPERATIONS[self.operation]
        denial = "" if holds else "not so: "
        return Scored(float(holds), f"{denial}{quoted(given)} {words} {quoted(reference)}")
