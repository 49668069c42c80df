"""Sampling, masking, drift and coverage: the pure parts."""

from datetime import date, timedelta

import numpy as np
import pytest

from app.core.schema_checks import safe_validator
from app.traffic import coverage, rules
from app.traffic.drift import Week, series

START = date(2026, 1, 5)


def week(number: int, n: int = 200, length: float = 100.0, refused: int = 10, formatted: int | None = None) -> Week:
    spread = n * (length**2 + 400)
    return Week(
        START + timedelta(weeks=number), n, n * length, spread, refused, n, formatted or 0, n if formatted else 0
    )


def test_the_sample_is_a_share_and_grows_with_the_rate() -> None:
    hashes = [rules.id_hash(str(n)) for n in range(4000)]
    few, many = ({h for h in hashes if rules.is_sampled("p", h, rate)} for rate in (0.1, 0.3))
    assert few < many
    assert 330 < len(few) < 470
    assert not any(rules.is_sampled("p", h, 0.0) for h in hashes)
    assert all(rules.is_sampled("p", h, 1.0) for h in hashes)
    assert {h for h in hashes if rules.is_sampled("q", h, 0.1)} != few


def test_people_are_taken_out_of_words_and_tool_calls() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"to": "jane.roe@example.com"}'}}
    messages = [
        {"role": "user", "content": "I am jane.roe@example.com, card 4111 1111 1111 1111."},
        {"role": "user", "content": [{"type": "text", "text": "Call +1 415 555 2671"}]},
        {"role": "assistant", "content": "Fine.", "tool_calls": [call]},
    ]
    found = rules.deidentified(messages)
    assert found[0]["content"] == "I am [EMAIL], card [CARD]."
    assert "[PHONE]" in found[1]["content"][0]["text"]
    assert found[2]["tool_calls"][0]["function"]["arguments"] == '{"to": "[EMAIL]"}'
    assert messages[0]["content"].startswith("I am jane.roe")


def test_a_key_is_masked() -> None:
    [found] = rules.deidentified([{"role": "user", "content": "use AKIAIOSFODNN7EXAMPL1 please"}])
    assert "AKIAIOSFODNN7EXAMPL1" not in found["content"]


def test_the_format_is_the_projects() -> None:
    validator = safe_validator({"type": "object", "required": ["a"]})
    assert rules.format_ok('{"a": 1}', [], validator) is True
    assert rules.format_ok('{"b": 1}', [], validator) is False
    assert rules.format_ok("no", [], validator) is False
    assert rules.format_ok(" billing ", ["billing"], None) is True
    assert rules.format_ok("x", [], None) is None


def test_a_week_that_moved_is_marked_and_others_are_not() -> None:
    weeks = [*(week(n) for n in range(6)), week(6, refused=60), week(7, length=140.0)]
    found = {one.key: one for one in series(weeks)}
    assert [p.start for p in found["refusals"].drifted] == [START + timedelta(weeks=6)]
    assert [p.start for p in found["length"].drifted] == [START + timedelta(weeks=7)]
    assert found["refusals"].reference.n == 800
    assert "format" not in found


def test_the_reference_is_never_its_own_drift() -> None:
    weeks = [week(0, refused=100), *(week(n) for n in range(1, 4))]
    found = {one.key: one for one in series(weeks, START + timedelta(weeks=3))}
    assert not found["refusals"].drifted
    later = {one.key: one for one in series(weeks, START)}
    assert len(later["refusals"].drifted) == 3


def test_one_completion_a_week_shows_nothing() -> None:
    weeks = [Week(START, 1, 5.0, 25.0, 0, 1, 0, 0), Week(START + timedelta(weeks=1), 1, 500.0, 250_000.0, 1, 1, 0, 0)]
    assert not any(one.drifted for one in series(weeks))


def test_format_is_followed_where_there_is_one() -> None:
    weeks = [*(week(n, formatted=198) for n in range(4)), week(4, formatted=150)]
    found = {one.key: one for one in series(weeks)}
    assert len(found["format"].drifted) == 1


def test_what_no_case_is_like_is_grouped_the_largest_first() -> None:
    requests = [
        "where is my order number five",
        "please cancel my subscription today",
        "cancel my subscription now please",
        "i want to cancel my subscription please",
        "what colour are bananas",
    ]
    found = coverage.of_texts(requests, ["where is my order number seven"])
    assert (found.n, found.covered) == (5, 1)
    assert [sorted(group.members) for group in found.groups] == [[1, 2, 3], [4]]


def test_without_a_case_everything_is_uncovered() -> None:
    found = coverage.of_texts(["a b c", "d e f"], [])
    assert (found.covered, len(found.groups)) == (0, 2)
    assert coverage.of_texts([], ["a"]).groups == []


@pytest.mark.parametrize("cases", [0, 2])
def test_by_meaning_each_request_is_in_one_group_or_covered(cases: int) -> None:
    dice = np.random.default_rng(1)
    vectors = dice.normal(size=(40, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = coverage.of_vectors(vectors[:30], vectors[30 : 30 + cases], 0.7)
    members = [m for group in found.groups for m in group.members]
    assert len(members) == len(set(members)) == 30 - found.covered
    assert (found.covered > 0) == (cases > 0)
