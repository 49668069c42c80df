"""Make the rows that tests need, through the services where these exist."""

from dataclasses import dataclass
from itertools import count
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.accounts.access import COOKIE
from app.accounts.models import User
from app.projects import service as projects
from app.projects.forms import NewProject
from app.projects.models import Member, Project

_numbers = count(1)


@dataclass
class Factory:
    session: Session

    def user(self, email: str | None = None, **fields: Any) -> User:
        user = accounts.add_user(self.session, email or f"user{next(_numbers)}@example.com", **fields)
        self.session.commit()
        return user

    def project(self, owner: User | None = None, **fields: Any) -> Project:
        owner = owner or self.user()
        number = next(_numbers)
        values: dict[str, Any] = {"name": f"Project {number}", "slug": f"project-{number}", "goal": "classification"}
        project = projects.create(self.session, owner, NewProject(**values | fields))
        self.session.commit()
        return project

    def member(self, project: Project, role: str, email: str | None = None) -> User:
        user = self.user(email)
        self.session.add(Member(project_id=project.id, user_id=user.id, role=role))
        self.session.commit()
        return user

    def token(self, user: User, **limits: Any) -> str:
        _row, secret = accounts.make_token(self.session, user, "test", **limits)
        self.session.commit()
        return secret

    def bearer(self, user: User, **limits: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(user, **limits)}"}

    def sign_in(self, client: TestClient, user: User) -> TestClient:
        """Give the client this person's session cookie."""
        client.cookies.set(COOKIE, accounts.start_session(self.session, user))
        self.session.commit()
        return client
