"""Search the output for a pattern. RE2 takes time in proportion to the text, whatever the pattern."""

from typing import Literal

from pydantic import field_validator

from app.core.patterns import compiled
from app.evals.graders.base import OUTPUT_TEXT, Definition, Scored, quoted
from app.evals.graders.templates import Scope


class Regex(Definition):
    """1 where ``pattern`` (RE2 syntax: no look-around, no back-references) is found anywhere in ``input``, or with
    ``expect`` set to ``no_match`` where it is not. ``^`` and ``$`` are the ends of the text; ``(?m)`` makes them the
    ends of each line."""

    default_metric = "task_accuracy"
    type: Literal["regex"]
    input: str = OUTPUT_TEXT
    pattern: str
    ignore_case: bool = False
    expect: Literal["match", "no_match"] = "match"

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        compiled(value, False)
        return value

    @property
    def templates(self) -> tuple[str, ...]:
        return (self.input,)

    def score(self, scope: Scope) -> Scored:
        found = compiled(self.pattern, self.ignore_case).search(scope.fill(self.input))
        holds = bool(found) == (self.expect == "match")
        where = f"found {quoted(found.group(0))}" if found else "found nothing"
        return Scored(float(holds), f"{where} for {quoted(self.pattern)}")
