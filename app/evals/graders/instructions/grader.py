"""Does the output follow the verifiable instructions of its case?"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import model_validator

from app.core.instructions import Instruction, WrongInstruction, parse
from app.evals.graders.base import OUTPUT_TEXT, Definition, NotGradable, Scored
from app.evals.graders.instructions.checks import loose, strict
from app.evals.graders.templates import Scope

OF_THE_CASE = "{{item.instruction_id_list}}"


class Instructions(Definition):
    """The share of the instructions that the output follows; it passes when it follows all of them.

    ``instruction_id_list`` and ``kwargs`` as in IFEval's files; without them those of each case are taken (its
    ``expected``, or its metadata). ``form``: ``strict`` takes the output as it stands, ``loose`` also without its first
    or last line and without asterisks. The grade tells both forms for each instruction, whichever decides.
    """

    default_metric = "general_instruction_following"
    type: Literal["instructions"]
    input: str = OUTPUT_TEXT
    form: Literal["strict", "loose"] = "strict"
    instruction_id_list: list[Any] | None = None
    kwargs: list[Any] | None = None

    @model_validator(mode="after")
    def _usable(self) -> "Instructions":
        if self.instruction_id_list is not None:
            parse(self.instruction_id_list, self.kwargs)
        elif self.kwargs is not None:
            raise WrongInstruction("instruction_id_list", "is missing beside kwargs")
        return self

    @property
    def templates(self) -> tuple[str, ...]:
        return (self.input,) if self.instruction_id_list is not None else (self.input, OF_THE_CASE)

    def check_case(self, item: Mapping[str, Any]) -> None:
        self.asked(item)

    def asked(self, item: Mapping[str, Any]) -> Sequence[Instruction]:
        """What is asked of a case. Raises ``NotGradable`` where the case has instructions that cannot be read."""
        own = self.instruction_id_list is not None
        given = (
            (self.instruction_id_list, self.kwargs) if own else (item.get("instruction_id_list"), item.get("kwargs"))
        )
        try:
            return parse(*given)
        except WrongInstruction as error:
            raise NotGradable(f"the case's instructions: {error}") from None

    def score(self, scope: Scope) -> Scored:
        text = scope.fill(self.input).encode(errors="replace").decode()  # half a surrogate pair is no text
        rows = [_row(text, one) for one in self.asked(scope.item)]
        followed = [row["loose" if self.form == "loose" else "followed"] for row in rows]
        missed = [f"{row['id']} ({row['found']})" for row, good in zip(rows, followed, strict=True) if not good]
        reason = f"{sum(followed)} of {len(rows)} instructions followed"
        if missed:
            reason += f"; not {', '.join(missed)}"
        return Scored(sum(followed) / len(rows), reason, {"form": self.form, "instructions": rows})


def _row(text: str, one: Instruction) -> dict[str, Any]:
    """``followed`` is the strict form; who follows strictly follows loosely."""
    verdict = strict(text, one)
    return {
        "id": one.id,
        "asks": one.kind.asks,
        "found": verdict.found,
        "followed": verdict.followed,
        "loose": verdict.followed or loose(text, one),
    }
