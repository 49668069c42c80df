"""Routes that ask who may in their own thread, instead of before it."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.projects.access import AskingAnnotator
from app.projects.models import Project
from app.web.session import SessionDep
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


def test_a_route_that_does_not_ask_fails_and_stores_nothing(factory: Factory) -> None:
    project, app = factory.project(name="Before"), FastAPI()

    @app.post("/p/{slug}")
    def forgetful(slug: str, session: SessionDep, asking: AskingAnnotator) -> None:
        found = session.scalars(select(Project).where(Project.slug == slug)).one()
        found.name = "After"
        session.flush()

    with pytest.raises(RuntimeError, match="without asking"):
        TestClient(app).post(f"/p/{project.slug}")
    factory.session.refresh(project)
    assert project.name == "Before"
