"""Routes whose work is all done in one thread: they ask who may there, and what fails leaves nothing behind."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session
from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from app.projects.access import Access
from app.projects.one_thread import at_once
from tests.factories import Factory

NOBODYS = "00000000-0000-7000-8000-000000000000"


@pytest.mark.parametrize(("role", "allowed"), [("annotator", {204, 409}), ("viewer", {403}), (None, {404})])
@pytest.mark.parametrize("path", ["ahead", f"{NOBODYS}/decision"])
def test_the_review_queue_answers_annotators_only(
    client: TestClient, factory: Factory, role: str | None, allowed: set[int], path: str
) -> None:
    project = factory.project()
    factory.sign_in(client, factory.member(project, role) if role else factory.user())
    assert client.post(f"/p/{project.slug}/review/{path}").status_code in allowed


@pytest.mark.parametrize("path", ["ahead", f"{NOBODYS}/decision"])
def test_who_is_not_signed_in_is_sent_to_sign_in(client: TestClient, factory: Factory, path: str) -> None:
    answer = client.post(f"/p/{factory.project().slug}/review/{path}")
    assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/sign-in")


@pytest.mark.parametrize("breaks", [False, True])
def test_what_a_route_does_is_committed_unless_it_breaks(client: TestClient, factory: Factory, breaks: bool) -> None:
    project = factory.project(name="Before")
    factory.sign_in(client, factory.member(project, "annotator"))

    def rename(_request: Request, session: Session, access: Access, form: FormData) -> Response:
        access.project.name = str(form["name"])
        session.flush()
        if breaks:
            raise RuntimeError("on the way")
        return Response()

    app = Starlette(routes=[at_once("/p/{slug}", "annotator", rename)])
    browser = TestClient(app, cookies=client.cookies, raise_server_exceptions=False)
    answer = browser.post(f"/p/{project.slug}", data={"name": "After"})
    factory.session.refresh(project)
    assert (answer.status_code, project.name) == ((500, "Before") if breaks else (200, "After"))
