"""The header names the milliseconds that the work took, on every kind of answer."""

import time

from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from app.web.timing import ServerTiming


def slow(request: Request) -> PlainTextResponse:
    time.sleep(0.03)
    return PlainTextResponse("done")


def milliseconds(answer: str) -> float:
    name, _, value = answer.partition(";dur=")
    assert name == "app"
    return float(value)


def test_it_is_the_time_until_the_answer_began() -> None:
    client = TestClient(ServerTiming(Starlette(routes=[Route("/slow", slow)])))
    begun = time.perf_counter()
    said = milliseconds(client.get("/slow").headers["Server-Timing"])
    assert 30 <= said <= (time.perf_counter() - begun) * 1000


def test_pages_and_refusals_carry_it(client: TestClient) -> None:
    for path in ("/sign-in", "/static/js/app.js", "/p/nowhere/examples", "/api/v1/projects"):
        assert milliseconds(client.get(path).headers["Server-Timing"]) > 0
