"""An open round with its people, for tests of voting."""

from typing import Any

from fastapi.testclient import TestClient

from tests.factories import Factory
from tests.preferences.factories import Measured, measured


class Opened:
    """An open round over six cases (one identical), two reviewers, an engineer who made it."""

    def __init__(self, client: TestClient, factory: Factory, cases: int = 6, **fields: Any) -> None:
        self.client, self.factory = client, factory
        self.owner = factory.user()
        self.project = factory.project(self.owner)
        self.people = [factory.member(self.project, "annotator") for _ in range(2)]
        self.measured: Measured = measured(factory.session, self.project, cases, identical=1)
        self.base = f"/api/v1/projects/{self.project.slug}/preference-rounds"
        self.engineer = factory.bearer(self.owner)
        self.voters = [factory.bearer(person) for person in self.people]
        made = client.post(self.base, json=self.body(**fields), headers=self.engineer)
        assert made.status_code == 201, made.text
        self.round = made.json()["id"]

    @property
    def page(self) -> str:
        return f"/p/{self.project.slug}/rounds/{self.round}"

    def body(self, **fields: object) -> dict[str, object]:
        return {"run_ids": [run.id for run in self.measured.runs], "votes_per_pair": 2} | fields

    def vote_all(self, voter: dict[str, str], prefer: str) -> int:
        """Vote for the output that starts with ``prefer`` until nothing is left."""
        for count in range(100):
            shown = self.client.post(f"{self.base}/{self.round}/next", headers=voter)
            if shown.status_code == 204:
                return count
            pair = shown.json()
            choice = "left" if pair["left"].startswith(prefer) else "right"
            answer = self.client.post(
                f"{self.base}/{self.round}/votes", json={"pair_id": pair["pair_id"], "choice": choice}, headers=voter
            )
            assert answer.status_code == 201, answer.text
        raise AssertionError("never done")
