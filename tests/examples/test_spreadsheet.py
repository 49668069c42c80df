"""Cells that a spreadsheet would run are neutral, everything else is as it was, and the way back is exact."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.examples.chat import Refused
from app.examples.spreadsheet import COLUMNS, fields, neutral, original

PAYLOADS = Path(__file__).parents[2].parent / "shared" / "data" / "csv_injection"
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
cells = st.text() | st.text("'=+-@\t\r\n 0123456789.,eE%\ufeff\u00a0＝a")


@given(cells)
def test_the_way_back_is_exact(text: str) -> None:
    assert original(neutral(text)) == text


@given(cells, cells)
def test_no_two_texts_share_a_cell(one: str, other: str) -> None:
    assert (neutral(one) == neutral(other)) == (one == other)


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-2+3+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_a_formula_is_neutral(text: str) -> None:
    assert neutral(text) == "'" + text


@pytest.mark.parametrize(
    "text", ["  =1+1", "\u00a0=1", "\ufeff=1", "\u200b =1", "＝1+1", "-", "+49 30 123456", "-1e5+2"]
)
def test_blanks_and_look_alikes_do_not_hide_one(text: str) -> None:
    assert neutral(text).startswith("'")


@pytest.mark.parametrize(
    "text", ["-5", "+3.2", "-1,234.56", "-1e-5", "-12.5%", "-.5", "42", "", "a=b", "'quoted'", "x-y"]
)
def test_numbers_and_plain_text_are_intact(text: str) -> None:
    assert neutral(text) == text


@pytest.mark.skipif(not PAYLOADS.exists(), reason="the shared data is not here")
def test_known_payloads() -> None:
    lines = [line for file in PAYLOADS.rglob("*.txt") for line in file.read_text(errors="replace").splitlines()]
    assert lines
    for line in lines:
        assert original(neutral(line)) == line
        assert not neutral(line).lstrip("\u00a0 \ufeff").startswith(STARTS)


def test_fields_of_a_row() -> None:
    row = dict.fromkeys(COLUMNS, "") | {"user": "'=1+1?", "assistant": "2", "tags": '["a"]', "behavior": "answer"}
    wanted = [{"role": "user", "content": "=1+1?"}, {"role": "assistant", "content": "2"}]
    assert fields(row) == {"messages": wanted, "tags": ["a"], "behavior": "answer"}
    assert fields(row | {"messages": '[{"role":"user","content":"x"}]'})["messages"][0]["content"] == "x"
    with pytest.raises(Refused, match="column “tools”: is not JSON"):
        fields(row | {"tools": "{"})
