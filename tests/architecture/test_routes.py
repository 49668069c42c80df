"""Every route has an authorization decision, or stands on this list with its reason."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.testclient import TestClient

PUBLIC = {
    "/healthz": "a load balancer asks whether the process lives",
    "/readyz": "a load balancer asks whether the database answers",
    "/_patterns": "components on sample content",
    "/sign-in": "where people without a session go",
    "/sign-in/{token}": "the link itself is the proof",
    "/invited/{token}": "the link itself is the proof, and opens the voting page of one round",
    "/shared/{link}": "the link itself is the proof, and shows one verdict",
    "/api/v1/openapi.json": "the shape of the API, nothing of anybody's",
    "/static": "files of the program",
}


def decisions(dependant: Dependant) -> Iterator[str]:
    decision = getattr(dependant.call, "authorization", None)
    if decision:
        yield decision
    for inner in dependant.dependencies:
        yield from decisions(inner)


@dataclass(frozen=True)
class Walked:
    path: str
    methods: set[str]
    names: list[str]
    decisions: list[str]


def walk(client: TestClient) -> list[Walked]:
    """Every route with its full path; mounts have no methods and no decision."""
    found = []
    for context in iter_route_contexts(client.app.routes):  # type: ignore[attr-defined]
        route = context.original_route
        plain = getattr(getattr(route, "endpoint", None), "authorization", None)
        inner = list(decisions(route.dependant)) if isinstance(route, APIRoute) else [plain] if plain else []
        names = list(getattr(context, "param_convertors", {}) or {})
        found.append(Walked(context.path or "", set(getattr(context, "methods", None) or ()), names, inner))
    return found


def test_every_route_decides_who_may_use_it(client: TestClient) -> None:
    routes = walk(client)
    assert len(routes) > 20
    assert [f"{sorted(r.methods)} {r.path}" for r in routes if r.path not in PUBLIC and not r.decisions] == []


def test_nobody_gets_in_without_signing_in(client: TestClient) -> None:
    for route in walk(client):
        if route.path in PUBLIC:
            continue
        path = route.path
        for name in route.names:
            path = path.replace("{" + name + "}", "01a20afc-7b40-74f9-99da-faa9d6301750")
        for method in route.methods:
            answer = client.request(method, path)
            if path.startswith("/api/"):
                assert answer.status_code == 401, (method, path, answer.status_code)
            else:
                assert answer.status_code == 303, (method, path, answer.status_code)
                assert answer.headers["location"].startswith("/sign-in"), path


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", None])
def test_a_write_from_elsewhere_is_refused(client: TestClient, site: str | None) -> None:
    headers = {} if site is None else {"sec-fetch-site": site}
    client.headers.pop("sec-fetch-site")
    assert client.post("/sign-out", headers=headers).status_code == 403


def test_origin_stands_in_for_an_old_browser(client: TestClient) -> None:
    client.headers.pop("sec-fetch-site")
    assert client.post("/sign-out", headers={"origin": "http://testserver"}).status_code == 303
    assert client.post("/sign-out", headers={"origin": "http://evil.example"}).status_code == 403
    assert client.post("/sign-out", headers={"origin": "null"}).status_code == 403
