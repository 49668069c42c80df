"""The detector ``format``: answers that production could not read, or that teach the model what nobody meant. Pure."""

from collections.abc import Iterator

from app.checks.detectors.base import Detector, Found, Setting, Subject
from app.checks.detectors.formats.answers import look_at_answer
from app.checks.detectors.formats.calls import look_at_calls
from app.checks.detectors.formats.leftovers import find_leftovers
from app.checks.detectors.formats.problem import Problem
from app.checks.detectors.formats.turns import look_at_turns
from app.checks.detectors.texts import Keys, texts_of

WORDS = {
    "placeholder": "a placeholder is left in: {value}",
    "self_reference": "the model speaks of itself: “{value}”",
    "mojibake": "characters are broken: “{value}” was decoded wrongly",
}


def look(subject: Subject, setting: Setting) -> Iterator[Found]:
    problems: list[Problem] = [*look_at_answer(subject, setting), *look_at_turns(subject.messages)]
    problems += look_at_calls(subject)
    seen: set[str] = set()
    for problem in problems:
        found = problem.found("format")
        if found.key not in seen:
            seen.add(found.key)
            yield found
    yield from _leftovers(subject)


def _leftovers(subject: Subject) -> Iterator[Found]:
    """In what is said; a placeholder in instructions is a template's own, and people may ask about a model."""
    keys, told = Keys(), set()
    for text in texts_of(subject):
        if text.where is not None or text.role not in ("user", "assistant"):
            continue
        for code, start, stop in find_leftovers(text.text):
            if code == "self_reference" and text.role != "assistant":
                continue
            value = text.text[start:stop]
            if (text.index, value) in told:
                continue  # once in a message says it
            told.add((text.index, value))
            words = f"{text.where_it_is}, {WORDS[code].format(value=value[:60])}."
            key = keys.key(code, text, value)
            yield Found("format", code, words, key, text.index, start, stop)


FORMAT = Detector("format", 1, ("format",), look)
