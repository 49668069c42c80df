"""Text as it comes: whole characters, and never a piece of a stop string."""

import pytest

from app.engine.textstream import TextStream
from app.engine.toolcalls import split_tool_calls


def decode(tokens: list[int]) -> str:
    return bytes(tokens).decode(errors="replace")


def run(data: bytes, *stops: str) -> tuple[list[str], TextStream]:
    stream = TextStream(decode, stops)
    pieces = []
    for byte in data:
        pieces.append(stream.push(byte))
        if stream.stopped:
            return pieces, stream
    return [*pieces, stream.finish()], stream


def test_a_character_comes_when_all_its_bytes_are_there() -> None:
    pieces, stream = run("é→🙂!".encode())
    assert [piece for piece in pieces if piece] == ["é", "→", "🙂", "!"]
    assert stream.text == "é→🙂!"


def test_bytes_that_are_no_text_do_not_hold_up_the_rest() -> None:
    pieces, stream = run(b"\xff" * 20 + b"ok")
    assert stream.text.endswith("ok")
    assert sum(bool(piece) for piece in pieces) > 2


@pytest.mark.parametrize("stop", ["END", "E", "one END"])
def test_a_stop_string_ends_the_text_before_it(stop: str) -> None:
    pieces, stream = run(b"one END two", stop)
    assert stream.stopped
    assert stream.text == "one END"[: "one END".find(stop)]
    assert "".join(pieces) == stream.text


def test_what_only_looked_like_a_stop_string_is_handed_out() -> None:
    pieces, stream = run(b"an EN", "END")
    assert not stream.stopped
    assert "".join(pieces) == stream.text == "an EN"
    assert pieces[-1] == "EN"


def test_the_first_of_several_stops_wins() -> None:
    _, stream = run(b"a,b;c", ";", ",")
    assert stream.text == "a"


def test_tool_calls_are_taken_out_and_broken_ones_left() -> None:
    text = 'Sure.\n<tool_call>\n{"name": "refund", "arguments": {"amount": 5}}\n</tool_call>'
    rest, calls = split_tool_calls(text)
    assert rest == "Sure."
    assert calls[0]["function"] == {"name": "refund", "arguments": '{"amount": 5}'}
    for broken in ("<tool_call>{</tool_call>", "<tool_call>[1]</tool_call>", '<tool_call>{"name": 3}</tool_call>'):
        assert split_tool_calls(broken) == (broken, [])
