"""From ``instruction_id_list`` and ``kwargs`` as they stand in a file to checked instructions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from app.core.instructions.kinds import KINDS, Kind

FIELDS = ("instruction_id_list", "kwargs")
MAX = 50  # instructions of one case


class WrongInstruction(ValueError):
    """``loc`` is the field (``kwargs.1.num_words``), ``why`` what is wrong with it."""

    def __init__(self, loc: str, why: str) -> None:
        super().__init__(f"{loc}: {why}")
        self.loc = loc
        self.why = why


@dataclass(frozen=True, slots=True)
class Instruction:
    id: str
    kind: Kind

    @property
    def group(self) -> str:
        return self.id.split(":")[0]


def parse(ids: Any, kwargs: Any) -> list[Instruction]:
    """The instructions, in their order. ``kwargs`` may be None where no instruction takes any; a null among the
    arguments counts as absent, as in the files that write every name at every instruction.

    Raises WrongInstruction, naming the field.
    """
    if not _is_list(ids) or not ids:
        raise WrongInstruction("instruction_id_list", "must be a list of at least one instruction id")
    if len(ids) > MAX:
        raise WrongInstruction("instruction_id_list", f"has {len(ids):,} entries; at most {MAX} are taken")
    given: Sequence[Any] = [None] * len(ids) if kwargs is None else kwargs
    if not _is_list(given):
        raise WrongInstruction("kwargs", "must be a list of objects, one for each instruction")
    if len(given) != len(ids):
        raise WrongInstruction("kwargs", f"has {len(given)} entries for {len(ids)} instructions")
    return [_one(index, one, given[index]) for index, one in enumerate(ids)]


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _one(index: int, instruction_id: Any, given: Any) -> Instruction:
    if not isinstance(instruction_id, str) or instruction_id not in KINDS:
        said = f"“{str(instruction_id)[:60]}” is none of the {len(KINDS)} kinds, such as punctuation:no_comma"
        raise WrongInstruction(f"instruction_id_list.{index}", said)
    if given is not None and not isinstance(given, Mapping):
        raise WrongInstruction(f"kwargs.{index}", "must be an object")
    kept = {name: value for name, value in (given or {}).items() if value is not None}
    kind = KINDS[instruction_id]
    try:
        return Instruction(instruction_id, kind.model_validate(kept))
    except ValidationError as error:
        raise _wrong(index, instruction_id, kind, error) from None


def _wrong(index: int, instruction_id: str, kind: type[Kind], error: ValidationError) -> WrongInstruction:
    first = error.errors()[0]
    at = ".".join(str(step) for step in (index, *first["loc"]))
    why = first["msg"].removeprefix("Value error, ")
    if first["type"] == "missing":
        why = f"is missing; {instruction_id} needs it"
    elif first["type"] == "extra_forbidden":
        why = f"is no argument of {instruction_id}, which takes {', '.join(kind.model_fields) or 'none'}"
    elif first["type"] == "literal_error":
        why = "must be “less than” or “at least”"
    return WrongInstruction(f"kwargs.{at}", why)
