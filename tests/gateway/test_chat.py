"""Every way a provider can fail ends in a typed state, and nothing is sent twice or elsewhere."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from app.gateway.answers import Answer
from app.gateway.chat import complete
from app.gateway.client import CALL_HEADER, Connection, open_client, open_http
from app.gateway.failures import Failure
from tests.doubles.provider import Double, Script, running

KEY = "sk-canary-0123456789"
DEADLINE = 0.6


@pytest.fixture
def double() -> Iterator[Double]:
    with running() as double:
        yield double


def call(double: Double, fault: str, *, base_url: str | None = None, max_bytes: int = 1_000_000) -> Answer | Failure:
    double.script.faults = {"question": [fault]}
    double.met.clear()
    connection = Connection("p", base_url or double.base_url, KEY)
    body = {"model": "small", "messages": [{"role": "user", "content": "question"}]}

    async def once() -> Answer | Failure:
        async with open_http(connection, max_bytes=max_bytes) as http:
            return await complete(http, connection, body, "call-1", DEADLINE)

    return asyncio.run(once())


def test_an_answer_is_read_whole(double: Double) -> None:
    answer = call(double, "ok")
    assert isinstance(answer, Answer)
    assert (answer.complete, answer.text, answer.finish_reason) == (True, "echo: question", "stop")
    assert (answer.model, answer.input_tokens, answer.output_tokens) == ("small-2026-01-01", 10, 5)


@pytest.mark.parametrize("fault", ["length", "no_finish"])
def test_what_was_cut_short_is_not_complete(double: Double, fault: str) -> None:
    answer = call(double, fault)
    assert isinstance(answer, Answer)
    assert not answer.complete


ENDS = [
    ("429:1", "rate_limited", "failed"),
    ("503", "overloaded", "failed"),
    ("500", "server_error", "failed"),
    ("504", "server_error", "failed"),
    ("400", "rejected", "failed"),
    ("401", "not_allowed", "failed"),
    ("404", "not_allowed", "failed"),
    ("redirect", "redirected", "failed"),
    ("empty", "empty", "failed"),
    ("html", "unreadable", "failed"),
    ("bad_utf8", "unreadable", "failed"),
    ("no_choices", "unreadable", "failed"),
    ("error_body", "error_body", "failed"),
    ("huge", "too_large", "failed"),
    ("gzip", "too_large", "failed"),
    ("never", "timeout", "unknown"),
    ("drip", "timeout", "unknown"),
    ("reset", "interrupted", "unknown"),
    ("cut", "interrupted", "unknown"),
    ("long_header", "interrupted", "unknown"),
]


@pytest.mark.parametrize(("fault", "kind", "state"), ENDS)
def test_each_fault_ends_in_its_typed_state(double: Double, fault: str, kind: str, state: str) -> None:
    failure = call(double, fault)
    assert isinstance(failure, Failure), failure
    assert (failure.kind, failure.meaning.state) == (kind, state), failure.message
    assert len(double.requests) == 1  # no retry of the client's own, no redirect followed
    assert KEY not in failure.message


def test_only_what_was_certainly_not_billed_is_retried(double: Double) -> None:
    retried = set()
    for fault, kind, _state in ENDS:
        if fault in ("never", "drip", "huge"):
            continue
        failure = call(double, fault)
        assert isinstance(failure, Failure)
        if failure.meaning.retry:
            retried.add(kind)
    assert retried == {"rate_limited", "overloaded"}


def test_nobody_listening_is_certain_not_to_be_billed(double: Double) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        failure = call(double, "ok", base_url=f"http://127.0.0.1:{taken.getsockname()[1]}/v1")
    assert isinstance(failure, Failure)
    assert failure.kind == "unreachable"
    assert failure.meaning.retry
    assert double.requests == []


def test_a_name_that_leads_to_metadata_is_not_connected_to(double: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    async def elsewhere(self: object, host: str, port: int = 0, family: int = 0) -> list[dict[str, object]]:
        return [{"hostname": host, "host": "169.254.169.254", "port": port, "family": family, "proto": 0, "flags": 0}]

    monkeypatch.setattr("aiohttp.ThreadedResolver.resolve", elsewhere)
    failure = call(double, "ok", base_url=f"http://models.example:{double.port}/v1")
    assert isinstance(failure, Failure)
    assert (failure.kind, "may not be called" in failure.message) == ("unreachable", True)


def test_only_named_headers_and_our_own_key_leave(double: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-environment")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-secret")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Inner: secret\nAuthorization: Bearer other")
    call(double, "ok")
    sent = double.requests[0]["headers"]
    assert sent["authorization"] == f"Bearer {KEY}"
    assert sent[CALL_HEADER.lower()] == "call-1"
    allowed = {"host", "accept", "accept-encoding", "authorization", "content-type", "content-length", "user-agent"}
    assert set(sent) <= allowed | {"x-holdout-call", "idempotency-key"}


def test_a_provider_without_a_key_gets_none(double: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-environment")
    connection = Connection("p", double.base_url, None)

    async def models() -> list[str]:
        async with open_client(connection) as client:
            return [model.id async for model in client.models.list()]

    assert asyncio.run(models()) == Script().models
    assert "authorization" not in double.requests[0]["headers"]


def test_a_hostile_nul_can_be_stored(double: Double) -> None:
    answer = call(double, "nul")
    assert isinstance(answer, Answer)
    assert answer.text == "before\N{SYMBOL FOR NULL}after"
