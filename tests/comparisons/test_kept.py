"""Comparisons are worked out once: what is kept says the same, is used again, and is made again when it is gone."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from app.comparisons import worked_out
from app.comparisons.models import ComparisonResult
from app.evals import grading
from tests.comparisons.factories import BEHAVIOR, LABEL, Bench
from tests.factories import Factory


class Kept:
    def __init__(self, client: TestClient, factory: Factory) -> None:
        self.client, self.session = client, factory.session
        owner = factory.user()
        project = factory.project(owner)
        bench = Bench(factory.session, project)
        bench.test_set(60, tags={n: ["refund"] if n < 20 else ["tax"] for n in range(60)}, group_of=2)
        both = (LABEL, BEHAVIOR)
        base = bench.candidate("Base", baseline=True)
        tuned = bench.candidate("Tuned", origin="fine_tune")
        ways = {"graders": both, "also": {"behavior": range(50)}, "latency": 300.0, "cost": 0.01}
        self.runs = [bench.run(base, range(20), **ways), bench.run(tuned, range(5, 45), **ways)]  # type: ignore[arg-type]
        self.url = f"/api/v1/projects/{project.slug}/comparisons"
        self.headers = factory.bearer(owner)

    def get(self, path: str = "", **query: str) -> dict[str, object]:
        answer = self.client.get(self.url + path, headers=self.headers, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def seal_runs(self) -> None:
        for number, run in enumerate(self.runs):
            run.manifest_hash = f"manifest {number}"
        self.session.commit()


@pytest.fixture
def kept(client: TestClient, factory: Factory) -> Kept:
    return Kept(client, factory)


def test_what_is_kept_says_the_same(kept: Kept) -> None:
    fresh, cases = kept.get(), kept.get("/cases", outcome="regression", metric="task_accuracy")
    assert kept.session.scalar(select(ComparisonResult.key).limit(1)) is None  # runs without a manifest
    kept.seal_runs()
    assert kept.get() == fresh
    assert kept.get() == fresh
    assert kept.get("/cases", outcome="regression", metric="task_accuracy") == cases
    assert {metric["key"] for metric in fresh["metrics"]} >= {"latency_p95_ms", "cost_per_success_loaded"}  # type: ignore[attr-defined]


def test_it_is_not_worked_out_twice(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.seal_runs()
    first = kept.get()

    def again(*_: object) -> None:
        raise AssertionError("worked out a second time")

    monkeypatch.setattr(worked_out, "differences", again)
    monkeypatch.setattr(worked_out, "loaded_difference", again)
    assert kept.get() == first


def test_another_manifest_is_another_question(kept: Kept) -> None:
    kept.seal_runs()
    kept.get()
    kept.runs[1].manifest_hash = "graded again"
    kept.session.commit()
    kept.get()
    assert len(kept.session.scalars(select(ComparisonResult.key)).all()) == 6  # three of each manifest


def test_what_was_erased_is_made_again(kept: Kept) -> None:
    kept.seal_runs()
    first = kept.get()
    kept.session.execute(update(ComparisonResult).values(payload=None))
    kept.session.commit()
    assert kept.get() == first


def test_a_finished_run_prepares_what_the_pages_ask_for(
    kept: Kept, run_jobs: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for run in kept.runs:
        grading.score(kept.session, run)
        kept.session.commit()
    run_jobs()
    monkeypatch.setattr(worked_out, "material", lambda *_: pytest.fail("the page had to work it out"))
    assert kept.get()["metrics"]
