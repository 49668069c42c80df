"""Search the output for a pattern. RE2 takes time in proportion to the text, whatever the pattern."""

from typing import Any, Literal

from pydantic import field_validator

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


def compiled(pattern: str, ignore_case: bool) -> Any:
    """The pattern for RE2. Raises ``ValueError`` with RE2's own reason."""
    import re2

    options = re2.Options()
    options.case_sensitive = not ignore_case
    options.log_errors = False
    options.max_mem = 8 << 20
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        detail = error.args[0]
        reason = detail.decode() if isinstance(detail, bytes) else str(detail)
        raise ValueError(f"not a pattern that RE2 can search for: {reason}") from None
