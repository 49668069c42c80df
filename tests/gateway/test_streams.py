"""Streamed answers: read whole, timed to their first token, and every way in which a stream breaks off is typed."""

import asyncio
from collections.abc import Iterator

import pytest

from app.gateway.answers import Answer
from app.gateway.chat import complete
from app.gateway.client import Connection, open_http
from app.gateway.failures import Failure
from app.gateway.streams import ASKED
from tests.doubles.provider import Double, running
from tests.doubles.streams import PAUSE


@pytest.fixture
def double() -> Iterator[Double]:
    with running() as double:
        yield double


def call(double: Double, fault: str, max_bytes: int = 100_000) -> Answer | Failure:
    double.script.faults = {"question": [fault]}
    double.met.clear()
    connection = Connection("p", double.base_url, None)
    body = {"model": "small", "messages": [{"role": "user", "content": "question"}], **ASKED}

    async def once() -> Answer | Failure:
        async with open_http(connection, max_bytes=max_bytes) as http:
            return await complete(http, connection, body, "call-1", 5)

    return asyncio.run(once())


def test_the_pieces_add_up(double: Double) -> None:
    answer = call(double, "ok")
    assert isinstance(answer, Answer)
    assert (answer.complete, answer.text, answer.finish_reason) == (True, "echo: question", "stop")
    assert (answer.model, answer.input_tokens, answer.output_tokens) == ("small-2026-01-01", 10, 5)
    assert answer.first_token_ms is not None


def test_the_first_token_comes_before_the_rest(double: Double) -> None:
    async def timed() -> tuple[Answer | Failure, float]:
        began = asyncio.get_running_loop().time()
        answer = await asyncio.to_thread(call, double, "pause")
        return answer, (asyncio.get_running_loop().time() - began) * 1000

    answer, whole = asyncio.run(timed())
    assert isinstance(answer, Answer)
    assert answer.first_token_ms is not None
    assert 0 < answer.first_token_ms < whole - PAUSE * 1000 * 0.9


def test_calls_of_tools_come_in_pieces(double: Double) -> None:
    answer = call(double, "pieces")
    assert isinstance(answer, Answer)
    assert answer.tool_calls is not None
    assert [call["function"] for call in answer.tool_calls] == [
        {"name": "look_up", "arguments": '{"id": 7}'},
        {"name": "close", "arguments": "{}"},
    ]
    assert answer.complete


def test_without_usage_what_it_cost_is_not_known(double: Double) -> None:
    answer = call(double, "no_usage")
    assert isinstance(answer, Answer)
    assert answer.complete
    assert (answer.input_tokens, answer.output_tokens) == (None, None)


def test_a_finished_stream_needs_no_last_word(double: Double) -> None:
    answer = call(double, "no_done")
    assert isinstance(answer, Answer)
    assert (answer.complete, answer.output_tokens) == (True, 5)


def test_a_stream_that_simply_ends_was_cut_short(double: Double) -> None:
    answer = call(double, "no_finish")
    assert isinstance(answer, Answer)
    assert (answer.complete, answer.text) == (False, "echo: question")


@pytest.mark.parametrize(
    ("fault", "kind", "state"),
    [
        ("break", "interrupted", "unknown"),
        ("stream_error", "error_body", "failed"),
        ("garbage", "unreadable", "failed"),
        ("silent", "empty", "failed"),
        ("503", "overloaded", "failed"),
        ("html", "unreadable", "failed"),
    ],
)
def test_each_broken_stream_ends_in_its_typed_state(double: Double, fault: str, kind: str, state: str) -> None:
    failure = call(double, fault)
    assert isinstance(failure, Failure), failure
    assert (failure.kind, failure.meaning.state) == (kind, state), failure.message


def test_a_stream_has_a_cap(double: Double) -> None:
    failure = call(double, "ok", max_bytes=300)
    assert isinstance(failure, Failure)
    assert failure.kind == "too_large"


def test_a_server_that_does_not_stream_is_read_as_it_answers(double: Double) -> None:
    answer = call(double, "nul")  # answers in one piece, whatever was asked for
    assert isinstance(answer, Answer)
    assert answer.complete
    assert answer.first_token_ms is None
