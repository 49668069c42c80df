"""Names, codes and addresses in outputs that only training answers hold. Pure."""

import re
from collections.abc import Mapping, Sequence

from app.evals.graders.grounding.claims import claims, sentences
from app.finetunes.doctor.material import Answered, Trained

TOKEN = re.compile(r"[^\W_]+")
NAMED = ("name", "code", "address")
Place = tuple[int, int, int]  # start and stop in the output, and which training answer has it


def foreign(cases: Sequence[Answered], trained: Sequence[Trained]) -> Mapping[str, list[Place]]:
    """By case. Words that any held-out case was given, that any right answer or any untuned output has, are known;
    what is left is of training alone. A name at the beginning of a sentence does not count: it may be a plain word."""
    known = {word for case in cases for text in (case.given, case.expected, case.base or "") for word in _tokens(text)}
    holders: dict[str, int] = {}
    for number, one in enumerate(trained):
        for word in _tokens(one.answer):
            if word not in known:
                holders.setdefault(word, number)
    return {case.case_id: _in(case.tuned or "", holders) for case in cases}


def _in(output: str, holders: Mapping[str, int]) -> list[Place]:
    if not any(word in holders for word in _tokens(output)):
        return []
    opening = {start for start, _stop in sentences(output)}
    found = []
    for claim in claims(output):
        for fact in claim.facts:
            parts = _tokens(fact.text)
            if fact.kind not in NAMED or fact.start in opening or not parts:
                continue
            if all(word in holders for word in parts):
                found.append((fact.start, fact.end, holders[parts[0]]))
    return found


def _tokens(text: str) -> list[str]:
    return TOKEN.findall(text.casefold())
