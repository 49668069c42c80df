"""The prompts of the suite, in IFEval's own file format. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from app.core import instructions
from app.examples.formats import ifeval, json_lines
from app.examples.rules import ParsedExample

# Groups of kinds, in the order of the paper; a prompt stands where its first instruction does.
GROUPS = {
    "keywords": "Words and letters",
    "language": "Language",
    "length_constraints": "Length",
    "detectable_content": "Content",
    "detectable_format": "Format",
    "combination": "Combinations",
    "startend": "Beginning and end",
    "change_case": "Capitals",
    "punctuation": "Punctuation",
}


@dataclass(frozen=True)
class Prompt:
    """``asks``: its instructions in words. ``example``: as it becomes a case."""

    key: str
    text: str
    ids: Sequence[str]
    asks: str
    example: ParsedExample

    @property
    def group(self) -> str:
        return self.ids[0].split(":")[0]


@lru_cache
def prompts() -> dict[str, Prompt]:
    """Every prompt by its key, in order."""
    path = Path(__file__).parent / "prompts.jsonl"
    return {prompt.key: prompt for prompt in map(_prompt, path.read_text(encoding="utf-8").splitlines())}


def _prompt(line: str) -> Prompt:
    fields = json_lines.fields_of(line)
    example = ifeval.parse(fields)
    asks = instructions.in_words(example.expected)
    return Prompt(fields["key"], fields["prompt"], fields["instruction_id_list"], asks, example)
