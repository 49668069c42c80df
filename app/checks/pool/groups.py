"""Examples with one and the same request: which are duplicates, and which contradict each other. Pure."""

from collections.abc import Sequence

from rapidfuzz import fuzz

from app.checks.detectors.base import Found
from app.checks.pool.seen import Member, Seen, best_first

SAME_ANSWER = 90.0  # rapidfuzz ratio over normalised answers, 0..100: below it, two answers are two
COMPARED = 4_000  # characters of an answer
MANY = 50  # different answers to one request that are compared with each other


def judge(group: Sequence[Member]) -> list[Seen]:
    """What is to be said of the examples that share one request.

    All but the best of those that answer alike are duplicates. Where answers to it, under the same instructions,
    are of several kinds, the best of each kind is in conflict with the others.
    """
    classes = _by_answer(best_first(group))
    seen = [_duplicate(other, same[0]) for same in classes for other in same[1:]]
    for conflicting in _conflicts([same[0] for same in classes]):
        best = conflicting[0]
        seen += [_conflict(one, best if one is not best else conflicting[1]) for one in conflicting]
    return seen


def _by_answer(members: Sequence[Member]) -> list[list[Member]]:
    """Those that answer alike together, each heap with its best first."""
    classes: list[list[Member]] = []
    for member in members:
        alike = next((same for same in classes[:MANY] if _alike(same[0], member)), None)
        if alike is None:
            classes.append([member])
        else:
            alike.append(member)
    return classes


def _alike(one: Member, other: Member) -> bool:
    if one.content_hash == other.content_hash:
        return True
    if one.wants != other.wants:
        return False
    if one.said == other.said:
        return True
    return fuzz.ratio(one.said[:COMPARED], other.said[:COMPARED]) >= SAME_ANSWER


def _conflicts(members: Sequence[Member]) -> list[list[Member]]:
    """Several answers under the same instructions; under others, another answer may be right."""
    by_instructions: dict[str, list[Member]] = {}
    for member in members:
        by_instructions.setdefault(member.instructions, []).append(member)
    return [several for several in by_instructions.values() if len(several) > 1]


def _duplicate(one: Member, best: Member) -> Seen:
    code = "content" if one.content_hash == best.content_hash else "request"
    how = "Word for word the same as" if code == "content" else "The same request, answered alike, as in"
    found = Found("duplicate", code, f"{how} #{best.number}.", key=one.unit, evidence={"like": best.number})
    return Seen(one.example_id, one.revision, found, one.unit, best.example_id)


def _conflict(one: Member, other: Member) -> Seen:
    code, what = "answer", "with another answer"
    if one.wants[0] != other.wants[0]:
        code, what = "label", f"labelled {other.wants[0] or 'nothing'} there, {one.wants[0] or 'nothing'} here"
    elif one.wants[1] != other.wants[1]:
        code, what = "behavior", f"expected to {other.wants[1] or 'answer'} there, {one.wants[1] or 'answer'} here"
    words = f"The same request as in #{other.number}, {what}."
    found = Found("label_conflict", code, words, key=one.unit, evidence={"like": other.number})
    return Seen(one.example_id, one.revision, found, one.unit, other.example_id)
