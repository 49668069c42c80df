"""What the fast pass finds, exactly where, and what it leaves alone."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.checks.detectors.base import Setting, Subject
from app.checks.detectors.sensitive.detector import WORDS, look
from app.checks.detectors.sensitive.finding import FINDERS, MASKS, find, masked
from tests.checks.detectors.sensitive_samples import NEGATIVE, POSITIVE

FILLERS = ("", "Hello, ", "please note: ", "– ", "\n", "(a) ")


def seen(text: str) -> list[tuple[str, str]]:
    return [(hit.code, text[hit.start : hit.stop]) for hit in find(text)]


@pytest.mark.parametrize(("text", "code", "value"), POSITIVE)
def test_finds_exactly_the_value(text: str, code: str, value: str) -> None:
    assert seen(text) == [(code, value)]
    assert masked(text) == text.replace(value, MASKS[code])


@pytest.mark.parametrize("text", NEGATIVE)
def test_leaves_alone_what_only_looks_so(text: str) -> None:
    assert seen(text) == []


def test_every_kind_has_a_sample_a_mask_and_words() -> None:
    assert {code for _, code, _ in POSITIVE} == set(MASKS) == set(WORDS)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(POSITIVE), st.sampled_from(FILLERS)), min_size=1, max_size=4))
def test_masking_leaves_no_remainder_and_is_idempotent(parts: list[tuple[tuple[str, str, str], str]]) -> None:
    text = " ; ".join(filler + sample[0] for sample, filler in parts)
    once = masked(text)
    assert masked(once) == once
    for (_, _, value), _ in parts:
        assert value not in once


@settings(deadline=None)
@given(st.text(alphabet=st.characters(), max_size=300))
def test_any_text_is_read_without_an_error(text: str) -> None:
    hits = find(text)
    assert all(0 <= hit.start < hit.stop <= len(text) for hit in hits)
    assert all(one.stop <= two.start for one, two in pairwise(hits))


@settings(deadline=None)
@given(st.text(alphabet="0123456789 -./()+@:xabAB[]\n\u00a0", max_size=120))
def test_no_gate_hides_what_its_finder_sees(text: str) -> None:
    raw = text.encode()
    for finder in FINDERS:
        if list(finder.find(text)):
            assert finder.may_find(raw)


@pytest.mark.parametrize(("text", "code", "value"), POSITIVE)
def test_gates_let_the_samples_through(text: str, code: str, value: str) -> None:
    assert value in text
    assert any(
        finder.may_find(text.translate(str.maketrans("０１２３４５６７８９", "0123456789")).encode())
        for finder in FINDERS
    )


@pytest.mark.parametrize(
    "text", ["1" * 20_000, "1 " * 10_000, "a@" * 10_000, "a." * 10_000, "(1-" * 7_000, ":" * 20_000]
)
def test_long_runs_take_linear_time(text: str) -> None:
    find(text)  # a pattern that backtracks would not come back within the suite's patience


def test_findings_say_who_holds_what_and_where() -> None:
    subject = Subject(
        messages=[
            {"role": "user", "content": "I am a@example.com, again a@example.com"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"function": {"name": "mail", "arguments": '{"to": "b@example.com"}'}}],
            },
        ],
        tools=None,
        expected={"text": "a@example.com and c@example.com"},
        behavior=None,
        tags=(),
        target=1,
    )
    found = list(look(subject, Setting(goal="tone_style")))
    assert [(one.message_index, one.start, one.stop) for one in found] == [
        (0, 5, 18),
        (0, 26, 39),
        (1, None, None),
        (None, None, None),
    ]
    assert found[0].words == "The user's message holds an e-mail address."
    assert found[2].evidence == {"where": "tool_calls.0.arguments"}
    assert found[3].words == "The expected answer holds an e-mail address."
    assert len({one.key for one in found}) == 4
    assert all("@" not in one.key + str(one.evidence) for one in found)  # findings hold no copy of what is to go
