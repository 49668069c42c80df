"""A measured pair of candidates whose verdict is known."""

from collections.abc import Sequence
from typing import Any

from fastapi.testclient import TestClient

from app.core.clock import utcnow
from app.datasets.models import DatasetVersion
from app.finetunes.models import FineTune
from app.gateway.models import Provider
from tests.comparisons.factories import BEHAVIOR, LABEL, Bench, regressed
from tests.factories import Factory

ACCURACY = {"metric": "task_accuracy", "rule": "not_worse"}
REFUSALS = {"metric": "refusal_correctness", "rule": "not_worse", "value": 0.03}


class Desk:
    """52 → 71 of 120 right (9 lost, 28 won); refusals: what a test says."""

    def __init__(self, client: TestClient, factory: Factory) -> None:
        self.client, self.factory = client, factory
        self.owner = factory.user()
        self.project = factory.project(self.owner)
        self.bench = Bench(factory.session, self.project)
        self.headers = factory.bearer(self.owner)
        self.api = f"/api/v1/projects/{self.project.slug}"

    def measure(
        self, refused: tuple[Sequence[int], Sequence[int]] = (range(120), range(120)), cost: float | None = None
    ) -> None:
        self.test_set = self.bench.test_set(120)
        before, after = regressed(52, 9, 28)
        both = (LABEL, BEHAVIOR)
        self.base = self.bench.candidate("Base", baseline=True)
        self.tuned = self.bench.candidate("Tuned", origin="fine_tune")
        more: list[dict[str, Any]] = [{"also": {"behavior": refused[0]}}, {"also": {"behavior": refused[1]}}]
        self.base_run = self.bench.run(self.base, before, graders=both, cost=cost, **more[0])
        self.tuned_run = self.bench.run(self.tuned, after, graders=both, cost=cost and cost / 2, **more[1])

    def set_gates(self, *gates: dict[str, Any], **more: Any) -> dict[str, Any]:
        answer = self.client.put(f"{self.api}/gates", json={"gates": gates} | more, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def verdict(self, **query: Any) -> dict[str, Any]:
        answer = self.client.get(f"{self.api}/verdict", params=query, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def sign(self, status: int = 201, **changes: Any) -> dict[str, Any]:
        now = self.verdict()
        body = {"decision": now["verdict"], "evidence_hash": now["evidence_hash"]} | changes
        answer = self.client.post(f"{self.api}/verdicts", json=body, headers=self.headers)
        assert answer.status_code == status, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def end_runs_now(self) -> None:
        for run in (self.base_run, self.tuned_run):
            run.finished_at = utcnow()
        self.factory.session.commit()

    def overridden(self, reason: str) -> FineTune:
        """The launch that made the tuned candidate went on against a blocker."""
        session = self.factory.session
        provider = Provider(name="Local", base_url="http://127.0.0.1:1/v1", kind="local_engine")
        version = DatasetVersion(project_id=self.project.id, number=1, name="First", size=0, content_hash="0" * 64)
        session.add_all([provider, version])
        session.flush()
        row = FineTune(
            project_id=self.project.id, provider_id=provider.id, base_model="b", dataset_version_id=version.id,
            method="lora", launch_token="t", export_sha256="0" * 64, status="succeeded", candidate_id=self.tuned.id,
            override_reason=reason,
        )  # fmt: skip
        session.add(row)
        session.commit()
        return row
