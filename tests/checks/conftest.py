"""Fixtures of the checks: a project, a person in it, the API as that person sees it."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.projects.access import Access
from app.projects.models import Project
from tests.annotation.conftest import app_url
from tests.examples.factories import Api
from tests.factories import Factory

__all__ = ["app_url"]  # the same live server


@pytest.fixture
def project(factory: Factory) -> Project:
    return factory.project(goal="tone_style")


@pytest.fixture
def user(factory: Factory, project: Project) -> User:
    return factory.member(project, "annotator")


@pytest.fixture
def access(session: Session, project: Project, user: User) -> Access:
    return Access(user, project, "annotator")


@pytest.fixture
def api(client: TestClient, factory: Factory) -> Api:
    return Api(client, factory, "annotator")
