"""What is said of examples that share a request, and of requests that are nearly alike."""

from app.checks.pool import components, groups
from app.checks.pool.components import Pair
from app.checks.pool.seen import Member, Seen


def member(
    number: int, said: str = "we refund within fourteen days", status: str = "to_review", **more: object
) -> Member:
    fields: dict[str, object] = {"unit": "fp:1", "content_hash": f"{said}-{number}", "said": said}
    return Member(str(number), number, 1, status, **(fields | more))  # type: ignore[arg-type]


def told(seen: list[Seen]) -> set[tuple[str, str, str, str | None]]:
    return {(one.example_id, one.found.kind, one.found.code, one.other) for one in seen}


def test_all_but_the_best_of_the_same_answers_are_duplicates() -> None:
    group = [member(1), member(2, content_hash="x"), member(3, status="approved", content_hash="x")]
    assert told(groups.judge(group)) == {
        ("1", "duplicate", "request", "3"),
        ("2", "duplicate", "content", "3"),
    }


def test_answers_that_differ_contradict_each_other() -> None:
    group = [member(1), member(2), member(3, said="no refunds are given once the plan has begun")]
    assert told(groups.judge(group)) == {
        ("2", "duplicate", "request", "1"),
        ("1", "label_conflict", "answer", "3"),
        ("3", "label_conflict", "answer", "1"),
    }


def test_labels_and_behaviours_that_differ_contradict_too() -> None:
    labels = groups.judge([member(1, wants=("tax", None)), member(2, wants=("refunds", None))])
    assert told(labels) == {("1", "label_conflict", "label", "2"), ("2", "label_conflict", "label", "1")}
    assert "labelled refunds there, tax here" in labels[0].found.words
    behaviors = groups.judge([member(1, wants=(None, "answer")), member(2, wants=(None, "refuse"))])
    assert {one.found.code for one in behaviors} == {"behavior"}


def test_other_instructions_may_ask_for_another_answer() -> None:
    other = member(2, said="a quite different text in another voice", instructions="answer as a pirate")
    assert groups.judge([member(1), other]) == []


def near(*pairs: tuple[str, str, float], **members: Member) -> set[tuple[str, str, str, str | None]]:
    found = components.judge([Pair(*pair) for pair in pairs], members)
    assert len({one.cluster for one in found}) <= 1
    return {(one.example_id, one.found.kind, one.found.key, one.other) for one in found}


def test_a_chain_of_near_duplicates_keeps_one() -> None:
    a, b, c = (member(n, unit=u) for n, u in ((1, "a"), (2, "b"), (3, "c")))
    assert near(("a", "b", 0.9), ("b", "c", 0.92), a=a, b=b, c=c) == {
        ("2", "near_duplicate", "a", "1"),
        ("3", "near_duplicate", "b", "2"),
    }


def test_what_is_not_in_the_pool_links_nothing() -> None:
    a, c = member(1, unit="a"), member(3, unit="c")
    assert near(("a", "b", 0.9), ("b", "c", 0.92), a=a, c=c) == set()


def test_the_approved_one_is_kept() -> None:
    a, b = member(1, unit="a"), member(2, unit="b", status="approved")
    assert near(("a", "b", 0.9), a=a, b=b) == {("1", "near_duplicate", "b", "2")}
