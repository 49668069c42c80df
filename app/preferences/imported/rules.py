"""One line of votes from elsewhere: what it must say, which pair it is about, and in which order. Pure."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.core.stats.preference import Winner
from app.examples import chat
from app.examples.chat import Refused
from app.examples.rules import canonical

WINNERS: tuple[Winner, ...] = ("a", "b", "tie", "both_bad")
FLIPPED: dict[str, Winner] = {"a": "b", "b": "a", "tie": "tie", "both_bad": "both_bad"}
MAX_NAME = 200
MAX_RATIONALE = 4_000
MAX_CRITERIA = 20
MAX_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Line:
    """A vote as its line says it, ``a`` being the line's first candidate. Either ``prompt`` or ``case_id`` is given.

    ``hash`` is the same for lines that say the same, whatever the order of their fields.
    """

    prompt: list[dict[str, Any]] | None
    case_id: str | None
    candidate_a: str
    candidate_b: str
    output_a: str | None
    output_b: str | None
    winner: Winner
    reviewer: str
    rationale: str
    seconds: float | None
    criteria: dict[str, str]
    tags: list[str]
    hash: bytes


def parse_line(fields: Mapping[str, Any]) -> Line:
    """Check the fields of interfaces.md §2; other fields are passed over. Raises Refused naming field and reason."""
    reason = chat.unstorable(dict(fields))
    if reason:
        raise Refused(reason)
    a, b = (_name(fields, name) for name in ("candidate_a", "candidate_b"))
    if a == b:
        raise Refused("candidate_b: is the same as candidate_a; a vote is between two candidates")
    winner = fields.get("winner")
    if winner not in WINNERS:
        raise Refused(f"winner: must be one of {', '.join(WINNERS)}")
    prompt, case_id = _asked(fields)
    return Line(
        prompt=prompt,
        case_id=case_id,
        candidate_a=a,
        candidate_b=b,
        output_a=_text(fields, "output_a"),
        output_b=_text(fields, "output_b"),
        winner=winner,
        reviewer=_name(fields, "reviewer"),
        rationale=(_text(fields, "rationale", MAX_RATIONALE) or "").strip(),
        seconds=_seconds(fields.get("seconds")),
        criteria=_criteria(fields.get("criteria")),
        tags=chat.check_tags(fields.get("tags")),
        hash=hashlib.sha256(canonical(dict(fields))).digest(),
    )


def prompt_key(prompt: list[dict[str, Any]]) -> str:
    """32 hex digits of SHA-256 over the messages as they are: other wording is another prompt."""
    return hashlib.sha256(canonical(prompt)).hexdigest()[:32]


def pair_key(key_of_prompt: str, line: Line) -> str:
    """The same for both orders of the two candidates. Outputs, where they are given, are part of what a pair is."""
    sides = sorted(
        [[line.candidate_a, line.output_a], [line.candidate_b, line.output_b]], key=lambda side: side[0] or ""
    )
    return hashlib.sha256(canonical([key_of_prompt, sides])).hexdigest()[:32]


def in_order_of(candidate_a: str, line: Line) -> tuple[Winner, dict[str, str]]:
    """(winner, criteria) in the order of a pair whose first candidate is ``candidate_a``."""
    if line.candidate_a == candidate_a:
        return line.winner, line.criteria
    return FLIPPED[line.winner], {name: FLIPPED[said] for name, said in line.criteria.items()}


def _asked(fields: Mapping[str, Any]) -> tuple[list[dict[str, Any]] | None, str | None]:
    prompt, case_id = fields.get("prompt"), fields.get("case_id")
    if case_id is not None:
        if not isinstance(case_id, str):
            raise Refused("case_id: must be the id of a test case")
        return None, case_id
    if prompt is None:
        raise Refused("prompt: is missing, and there is no case_id")
    if isinstance(prompt, str):
        prompt = [{"role": "user", "content": prompt}]
    if chat.deeper_than(prompt, chat.MAX_DEPTH):
        raise Refused(f"prompt: objects and lists stand more than {chat.MAX_DEPTH} deep in one another")
    try:
        messages = chat.check_messages(prompt)
    except Refused as error:
        raise Refused(f"prompt: {error}") from error
    if messages[-1]["role"] == "assistant":
        raise Refused("prompt: ends with an answer; the answers belong into output_a and output_b")
    return messages, None


def _name(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Refused(f"{name}: {'is missing' if value is None else 'must be text that is not empty'}")
    if len(value.strip()) > MAX_NAME:
        raise Refused(f"{name}: is longer than {MAX_NAME} characters")
    return value.strip()


def _text(fields: Mapping[str, Any], name: str, most: int | None = None) -> str | None:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise Refused(f"{name}: must be text")
    if most is not None and value is not None and len(value) > most:
        raise Refused(f"{name}: is longer than {most:,} characters")
    return value


def _seconds(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_SECONDS:
        raise Refused(f"seconds: must be a number from 0 to {MAX_SECONDS:,}")
    return float(value)


def _criteria(value: Any) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > MAX_CRITERIA:
        raise Refused(f"criteria: must be an object with at most {MAX_CRITERIA} criteria")
    for name, said in value.items():
        if not 0 < len(name) <= MAX_NAME or said not in ("a", "b", "tie"):
            raise Refused("criteria: each must be a name with a, b or tie")
    return dict(value)
