"""The eight points judged from plain counts: a table of what passes, what asks for a look, what fails."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from app.checks.readiness import rules, signing, sizes
from app.checks.readiness.coverage import is_edge
from app.checks.readiness.facts import Facts, Finding, Signed
from app.checks.readiness.items import KEYS, Item
from app.checks.readiness.links import url_of

DAY = datetime(2026, 5, 3, tzinfo=UTC)
SIGNED = Signed("sign", "Ana", DAY, "", 200, 200, "3f2a", 30)
NOT_NEEDED = replace(SIGNED, action="not_needed", note="Labels only: nothing is ever refused.")
GOOD = Facts(
    goal="structured_output",
    approved=200,
    by_behavior={"answer": 150, "refuse": 15, "clarify": 20, "escalate": 15},
    by_source={"production": 200},
    by_tag={"edge-case": 24, "refunds": 40},
    sealed_sets=1,
    sealed_cases=120,
    test_behaviors={"answer": 100, "escalate": 20},
    test_tags={"refunds": 9, "edge-case": 12},
    signed={"realistic_requests": SIGNED, "exact_behavior": SIGNED},
)


def judged(**changes: Any) -> dict[str, Item]:
    return {item.key: item for item in rules.judge(replace(GOOD, **changes))}


def found(kind: str, examples: int, code: str = "x", state: str = "open") -> dict[str, Any]:
    kinds = {kind: examples} if state == "open" else {}
    return {"findings": [Finding(kind, code, state, examples)], "with_findings": kinds}


def test_good_data_are_ready() -> None:
    items = list(judged().values())
    assert [item.key for item in items] == list(KEYS)
    assert {item.state for item in items} == {"pass"}
    assert rules.ready(items)
    assert rules.sentence(items) == ("Ready to train on", "All eight points hold.")


CASES = [
    ("realistic_requests", {"signed": {"exact_behavior": SIGNED}}, "attention"),
    ("realistic_requests", {"signed": {}, "by_source": {"synthetic": 120, "written": 80}}, "fail"),
    ("realistic_requests", {"by_source": {"synthetic": 120, "written": 80}}, "pass"),  # a reader has signed for them
    ("exact_behavior", found("label_conflict", 1), "fail"),
    ("exact_behavior", found("stale_fact", 2), "attention"),
    ("exact_behavior", {"signed": {"realistic_requests": SIGNED}}, "attention"),
    ("exact_behavior", {"unscanned": 1}, "attention"),
    ("consistent_format", found("format", 2), "attention"),
    ("consistent_format", found("format", 3), "fail"),
    ("consistent_format", found("outlier", 9), "attention"),
    ("consistent_format", {"unscanned": 200}, "attention"),
    ("consistent_format", found("format", 2, state="accepted"), "pass"),
    ("edge_cases", {"by_tag": {"refunds": 40}}, "fail"),
    ("edge_cases", {"by_tag": {"edge-case": 9, "refunds": 40}}, "attention"),
    ("edge_cases", {"by_tag": {"edge-case": 24}}, "attention"),  # the tests ask for refunds 9 times
    ("edge_cases", {"by_tag": {"edge-case": 24}, "test_tags": {"refunds": 2}}, "pass"),
    ("edge_cases", {"by_tag": {}, "test_tags": {}, "signed": {"edge_cases": NOT_NEEDED}}, "pass"),
    ("refusals_escalations", {"by_behavior": {"answer": 200}}, "fail"),
    ("refusals_escalations", {"by_behavior": {"answer": 160, "refuse": 20, "clarify": 20}}, "fail"),
    ("refusals_escalations", {"by_behavior": {"refuse": 4, "clarify": 20, "escalate": 20}}, "attention"),
    ("deduplicated", found("duplicate", 1), "fail"),
    ("deduplicated", found("near_duplicate", 10), "attention"),
    ("deduplicated", found("near_duplicate", 11), "fail"),
    ("deduplicated", found("semantic_duplicate", 90), "pass"),
    ("deduplicated", {"not_compared": 5}, "attention"),
    ("sensitive_data", found("sensitive", 1, "email"), "fail"),
    ("sensitive_data", found("secret", 1, "aws_key"), "fail"),
    ("sensitive_data", found("sensitive", 3, "email", "accepted"), "pass"),
    ("sensitive_data", {"unscanned": 3}, "attention"),
    ("held_out_test_set", {"sealed_sets": 0, "sealed_cases": 0, "draft_cases": 90}, "fail"),
    ("held_out_test_set", found("leak", 1), "fail"),
    ("held_out_test_set", {"sealed_cases": 49}, "attention"),
    ("held_out_test_set", {"unscanned": 1}, "attention"),
]


@pytest.mark.parametrize(("key", "changes", "state"), CASES)
def test_a_point(key: str, changes: dict[str, Any], state: str) -> None:
    assert judged(**changes)[key].state == state


@pytest.mark.parametrize("key", KEYS)
def test_nothing_passes_without_examples(key: str) -> None:
    items = {item.key: item for item in rules.judge(Facts(goal="tone_style"))}
    assert items[key].state == "fail"
    assert not rules.ready(items.values())


def test_missing_evidence_blocks_like_a_fail() -> None:
    for changes in ({"unscanned": 1}, {"not_compared": 1}, {"signed": {}}):
        items = list(judged(**changes).values())
        assert "fail" not in {item.state for item in items}
        assert not rules.ready(items), changes


def test_a_small_remark_does_not_block() -> None:
    items = list(judged(**found("outlier", 2)).values())
    assert rules.ready(items)
    assert "2 of unusual length" in rules.sentence(items)[1]


def test_what_cannot_be_taken_back_is_named_first() -> None:
    changes = {"sealed_sets": 0, "by_tag": {}} | found("sensitive", 4, "email")
    answer, first = rules.sentence(list(judged(**changes).values()))
    assert answer == "Not ready to train on"
    assert first == "First: 4 e-mail addresses; then no sealed test set and no edge cases."


@pytest.mark.parametrize("expected", [0, 3])
def test_a_behaviour_that_the_tests_ask_for_cannot_be_waived(expected: int) -> None:
    changes = {"by_behavior": {"answer": 200}, "test_behaviors": {"escalate": expected}}
    signed = {"refusals_escalations": NOT_NEEDED}
    assert judged(**changes, signed=signed)["refusals_escalations"].state == ("fail" if expected else "pass")


@pytest.mark.parametrize(
    ("approved", "kept", "holds"),
    [(200, 200, True), (220, 200, True), (221, 200, False), (200, 180, True), (200, 179, False), (20, 20, False)],
)
def test_a_signature_lapses_when_more_than_a_tenth_has_changed(approved: int, kept: int, holds: bool) -> None:
    signed = replace(SIGNED, kept=kept)
    assert signing.holds(signed, approved) is holds
    assert ("lapsed" in signing.sentence(signed, approved)) is not holds
    state = judged(approved=approved, signed={"exact_behavior": signed, "realistic_requests": SIGNED})
    assert (state["exact_behavior"].state == "pass") is holds


def test_a_lapsed_or_withdrawn_signature_says_so() -> None:
    assert signing.sentence(None, 10) == "nobody has signed"
    assert signing.sentence(replace(SIGNED, action="withdraw"), 200) == "nobody has signed"
    lapsed = signing.sentence(replace(SIGNED, kept=150), 210)
    assert lapsed == "Ana's signature of 3 May 2026 has lapsed; 60 of 210 new, edited or gone since"


@pytest.mark.parametrize(
    ("goal", "approved", "state"),
    [
        ("tone_style", 49, "below"),
        ("tone_style", 50, "inside"),
        ("tone_style", 201, "above"),
        ("classification", 1000, "inside"),
        ("structured_output", 199, "below"),
        ("complex_domain", 999, "below"),
        ("complex_domain", 50_000, "inside"),
    ],
)
def test_the_band_of_the_goal(goal: str, approved: int, state: str) -> None:
    assert sizes.size(goal, approved, [], {}).state == state


def test_labels_are_counted_one_by_one_the_rarest_first() -> None:
    size = sizes.size("classification", 300, ["tax", "refund"], {"refund": 280, "other": 20})
    assert [(one.label, one.examples, one.enough) for one in size.labels] == [
        ("tax", 0, False),
        ("other", 20, True),
        ("refund", 280, True),
    ]
    assert sizes.size("tone_style", 300, ["tax"], {}).labels == []


@pytest.mark.parametrize("tag", ["edge", "edge-case", "Edge cases", "edge_case_dates"])
def test_edge_tags_however_they_are_written(tag: str) -> None:
    assert is_edge(tag)
    assert not is_edge("knowl" + tag)


def test_the_link_shows_the_rows_that_are_meant() -> None:
    bad = judged(**found("near_duplicate", 11))["deduplicated"]
    assert url_of("x", bad) == "/p/x/examples?status=approved&split=train&finding=near_duplicate"
    assert url_of("x", judged(sealed_sets=0)["held_out_test_set"]) == "/p/x/test-sets"
    for item in judged().values():
        assert url_of("x", item).startswith("/p/x/")
