"""Facts that an answer hangs on: those that change, and those that nothing given holds. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.checks.detectors.base import Setting, Subject
from app.checks.detectors.stale.detector import STALE_FACT, WORDS, figures
from app.evals.graders.grounding.claims import claims
from app.evals.graders.grounding.sources import index
from app.examples.rules import text_of

SHOWN = 3
Messages = Sequence[Mapping[str, Any]]


def changing(asked: Messages, expected: str, output: str) -> list[str]:
    """Facts that change: expected and missed by the output, or stated by the output and not expected."""
    wanted, said = _stale(asked, expected), _stale(asked, output)
    missed = [
        f"Expected {what} (“{value}”), which the output misses." for what, value in wanted if not _in(value, output)
    ]
    made_up = [f"States {what} (“{value}”) that is not expected." for what, value in said if not _in(value, expected)]
    return [*missed, *made_up][:SHOWN]


def unknown(asked: Messages, expected: str, output: str) -> list[str]:
    """Facts of the expected answer (numbers, dates, names, codes, addresses) that neither the conversation nor the
    output holds."""
    given = index(tuple(text for message in asked if (text := text_of(message.get("content"))).strip()))
    said = index((output,) if output.strip() else ())
    found = []
    for claim in claims(expected):
        missing = [fact for fact in given.missing(claim) if fact in said.missing(claim)]
        found += [
            f"The answer hangs on the {fact.kind} “{fact.text[:60]}”, which nothing that it was given holds."
            for fact in missing
        ]
    return list(dict.fromkeys(found))[:SHOWN]


def _stale(asked: Messages, answer: str) -> list[tuple[str, str]]:
    """(what kind of fact, its words)."""
    if not answer.strip():
        return []
    plain = [{"role": m.get("role", "user"), "content": m.get("content"), "weight": 0} for m in asked]
    messages = [*plain, {"role": "assistant", "content": answer}]
    subject = Subject(messages, None, None, None, (), len(messages) - 1)
    found = STALE_FACT.look(subject, Setting(goal=""))
    return [(WORDS[one.code], answer[one.start : one.stop]) for one in found if one.start is not None]


def _in(value: str, text: str) -> bool:
    """Whether a text states the same: all its figures, or without any its words."""
    own = figures(value)
    return own <= figures(text) if own else value.casefold() in text.casefold()
