"""A project with a round of imported votes, driven through the API."""

import json
from typing import Any

from fastapi.testclient import TestClient
from httpx import Response

from tests.factories import Factory

VOTE = {"prompt": "Refund?", "candidate_a": "base", "candidate_b": "tuned", "winner": "a", "reviewer": "Ana"}


def vote(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in (VOTE | fields).items() if value is not None}


class ImportRound:
    def __init__(self, client: TestClient, factory: Factory, project: Any = None, owner: Any = None) -> None:
        self.client, self.factory = client, factory
        self.owner = owner or factory.user()
        self.project = project or factory.project(self.owner)
        self.engineer = factory.bearer(self.owner)
        base = f"/api/v1/projects/{self.project.slug}/preference-rounds"
        made = client.post(base, json={"name": "From elsewhere", "source": "import"}, headers=self.engineer)
        assert made.status_code == 201, made.text
        assert made.json()["source"] == "import"
        self.id = made.json()["id"]
        self.url = f"{base}/{self.id}"
        self.page = f"/p/{self.project.slug}/rounds/{self.id}"

    def send(self, *votes: dict[str, Any] | str) -> Response:
        body = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in votes)
        return self.client.post(f"{self.url}/votes/import", content=body, headers=self.engineer)

    def post(self, path: str, **given: Any) -> Response:
        return self.client.post(f"{self.url}/{path}", headers=self.engineer, **given)

    def get(self, path: str, **params: Any) -> Response:
        return self.client.get(f"{self.url}/{path}", params=params, headers=self.engineer)

    def results(self) -> Any:
        self.post("close")
        return self.get("results").json()
