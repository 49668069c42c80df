"""Comparisons by the API: the numbers of a known table, the cases behind them, who may not see them."""

import pytest
from fastapi.testclient import TestClient
from scipy import stats
from sqlalchemy import update

from app.candidates.models import Candidate
from app.evals.blind import blind
from app.evals.models import EvalRun, Grade, RunView
from tests.comparisons.factories import BEHAVIOR, LABEL, Bench, regressed
from tests.factories import Factory


class Known:
    """52 against 71 of 120 right: 9 lost, 28 won."""

    def __init__(self, client: TestClient, factory: Factory) -> None:
        self.client, self.factory = client, factory
        self.owner = factory.user()
        self.project = factory.project(self.owner)
        self.bench = Bench(factory.session, self.project)
        self.test_set = self.bench.test_set(120, tags={n: ["refund"] if n < 20 else ["tax"] for n in range(120)})
        before, after = regressed(52, 9, 28)
        self.base = self.bench.candidate("Base", baseline=True)
        self.tuned = self.bench.candidate("Tuned", origin="fine_tune")
        self.base_run = self.bench.run(self.base, before)
        self.tuned_run = self.bench.run(self.tuned, after)
        self.url = f"/api/v1/projects/{self.project.slug}/comparisons"
        self.headers = factory.bearer(self.owner)

    def get(self, path: str = "", headers: dict[str, str] | None = None, **query: object) -> dict[str, object]:
        answer = self.client.get(self.url + path, params=query, headers=headers or self.headers)  # type: ignore[arg-type]
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]


@pytest.fixture
def known(client: TestClient, factory: Factory) -> Known:
    return Known(client, factory)


def test_the_numbers_of_a_known_table(known: Known) -> None:
    found = known.get(baseline=known.base.id, candidate=known.tuned.id, test_set=known.test_set.id)
    (metric,) = found["metrics"]  # type: ignore[misc]
    assert metric["key"] == "task_accuracy"
    assert metric["baseline"] == pytest.approx(52 / 120)
    assert metric["candidate"] == pytest.approx(71 / 120)
    assert metric["difference"] == pytest.approx(19 / 120)
    assert metric["p_value"] == pytest.approx(stats.binomtest(9, 37).pvalue)
    low, high = metric["interval"]
    assert 0.05 < low < 0.07
    assert 0.24 < high < 0.26
    assert (metric["n"], metric["verdict"], metric["higher_is_better"]) == (120, "better", True)
    assert 0.10 < metric["minimum_detectable_difference"] < 0.16
    assert "71 of 120" in metric["sentence"]
    assert found["outcomes"] == {"regression": 9, "win": 28, "both_wrong": 40, "both_right": 43, "disagreement": 0}
    assert found["test_sets"][0]["uses"] == 2  # type: ignore[index]


def test_swapping_the_sides_mirrors_it(known: Known) -> None:
    (there,) = known.get(baseline=known.base.id, candidate=known.tuned.id)["metrics"]  # type: ignore[misc]
    (back,) = known.get(baseline=known.tuned.id, candidate=known.base.id)["metrics"]  # type: ignore[misc]
    assert back["difference"] == pytest.approx(-there["difference"])
    assert back["interval"] == pytest.approx([-end for end in reversed(there["interval"])])
    assert back["p_value"] == there["p_value"]
    assert (there["verdict"], back["verdict"]) == ("better", "worse")


def test_slices_tell_where(known: Known) -> None:
    slices = {one["value"]: one for one in known.get()["slices"]}  # type: ignore[attr-defined]
    assert slices["refund"]["n"] == 20
    assert slices["refund"]["baseline"] == 1.0
    assert slices["refund"]["candidate"] == pytest.approx(11 / 20)
    assert (slices["refund"]["by"], slices["refund"]["verdict"]) == ("tag", "worse")
    assert slices["tax"]["difference"] == pytest.approx(28 / 100)


def test_cases_by_outcome_page_by_page(known: Known) -> None:
    first = known.get("/cases", outcome="regression", limit=5)
    second = known.get("/cases", outcome="regression", limit=5, cursor=first["next_cursor"])
    items = [*first["items"], *second["items"]]  # type: ignore[misc]
    assert [item["messages"][0]["content"] for item in items] == [f"Held out question {n}?" for n in range(9)]
    assert second["next_cursor"] is None
    one = items[3]
    assert (one["expected"], one["tags"], one["outcome"]) == ({"label": "right 3"}, ["refund"], "regression")
    assert (one["baseline"]["passed"], one["candidate"]["passed"]) == (1.0, 0.0)
    assert one["baseline"]["outputs"][0]["text"] == "Base says 3"
    assert one["candidate"]["outputs"][0]["grades"][0]["reason"] == "label of Tuned"
    counts = {which: len(known.get("/cases", outcome=which, limit=200)["items"]) for which in ("win", "both_wrong")}  # type: ignore[arg-type]
    assert counts == {"win": 28, "both_wrong": 40}
    assert len(known.get("/cases", outcome="regression", tag="tax")["items"]) == 0  # type: ignore[arg-type]


def test_a_cursor_of_elsewhere_is_refused(known: Known) -> None:
    for cursor in ("x", "WyJhIiwxXQ"):
        answer = known.client.get(f"{known.url}/cases", params={"cursor": cursor}, headers=known.headers)
        assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, "cursor")


def test_reading_cases_is_remembered(known: Known) -> None:
    session = known.factory.session
    known.get()
    assert session.query(RunView).count() == 0  # numbers give nothing away
    known.get("/cases", outcome="win")
    session.expire_all()
    seen = {(view.run_id, view.user_id) for view in session.query(RunView)}
    assert seen == {(known.base_run.id, known.owner.id), (known.tuned_run.id, known.owner.id)}


@pytest.mark.parametrize("side", ["base_run", "tuned_run"])
def test_to_a_blind_voter_it_does_not_exist(known: Known, side: str) -> None:
    voter = known.factory.member(known.project, "annotator")
    run: EvalRun = getattr(known, side)
    blind(known.factory.session, run.id, [run.id], [voter.id])
    known.factory.session.commit()
    headers = known.factory.bearer(voter)
    named = {"baseline_run": known.base_run.id, "candidate_run": known.tuned_run.id}
    for path in ("", "/cases"):
        for query in ({}, named):
            assert known.client.get(known.url + path, params=query, headers=headers).status_code == 404
    page = known.factory.sign_in(known.client, voter).get(f"/p/{known.project.slug}/compare")
    assert page.status_code == 404
    assert "Tuned says" not in page.text


def test_strangers_and_foreign_ids_get_404(known: Known) -> None:
    stranger = known.factory.bearer(known.factory.user())
    assert known.client.get(known.url, headers=stranger).status_code == 404
    other = Bench(known.factory.session, known.factory.project(known.owner))
    foreign: Candidate = other.candidate("Foreign")
    elsewhere = other.test_set(3)
    for query in ({"candidate": foreign.id}, {"candidate": "x"}, {"test_set": elsewhere.id}, {"test_set": "x"}):
        assert known.client.get(known.url, params=query, headers=known.headers).status_code == 404


def test_what_is_missing_is_said(known: Known) -> None:
    new = known.bench.candidate("Newer", origin="fine_tune")
    answer = known.client.get(known.url, headers=known.headers)  # the newest tuned one is meant
    assert answer.status_code == 409
    assert "Measure “Newer” on “Held out” first" in answer.json()["detail"]
    assert f"runs/new?candidate={new.id}&test_set={known.test_set.id}" in answer.json()["detail"]
    run = known.bench.run(new, [], status="running")
    again = known.client.get(known.url, headers=known.headers)
    assert f"/runs/{run.id}" in again.json()["detail"]
    named = known.client.get(known.url, params={"candidate_run": run.id}, headers=known.headers)
    assert "not complete" in named.json()["detail"]


def test_bad_choices_name_their_field(known: Known) -> None:
    other = known.bench.test_set(3, "Other")
    on_other = known.bench.run(known.tuned, [0], "Other")
    for query, loc in (
        ({"candidate": known.base.id}, "candidate"),
        ({"baseline_run": known.base_run.id, "candidate_run": on_other.id}, "candidate_run"),
        ({"candidate_run": on_other.id, "candidate": known.base.id}, "candidate_run"),
        ({"candidate_run": known.tuned_run.id, "test_set": other.id}, "test_set"),
        ({"sort": "x"}, "sort"),
    ):
        answer = known.client.get(known.url, params=query, headers=known.headers)
        assert answer.status_code == 422, (query, answer.text)
        assert answer.json()["errors"][0]["loc"] == loc
    bad = known.client.get(f"{known.url}/cases", params={"metric": "latency_p50_ms"}, headers=known.headers)
    absent = known.client.get(f"{known.url}/cases", params={"metric": "format_validity"}, headers=known.headers)
    assert [answer.json()["errors"][0]["loc"] for answer in (bad, absent)] == ["metric", "metric"]


def test_named_runs_and_a_run_against_an_older_one_of_its_own(known: Known) -> None:
    again = known.bench.run(known.base, range(60))
    latest = known.get(candidate=known.tuned.id)["metrics"][0]  # type: ignore[index]
    named = known.get(baseline_run=known.base_run.id, candidate_run=known.tuned_run.id)["metrics"][0]  # type: ignore[index]
    drift = known.get(baseline_run=known.base_run.id, candidate_run=again.id)["metrics"][0]  # type: ignore[index]
    assert [one["baseline"] for one in (latest, named, drift)] == pytest.approx([60 / 120, 52 / 120, 52 / 120])
    assert drift["candidate"] == pytest.approx(60 / 120)


def test_two_metrics_are_corrected_and_each_opens_its_cases(client: TestClient, factory: Factory) -> None:
    project = factory.project(owner := factory.user())
    bench = Bench(factory.session, project)
    bench.test_set(60, behaviors=dict.fromkeys(range(60), "refuse"))
    both = (LABEL, BEHAVIOR)
    bench.run(bench.candidate("Base", baseline=True), range(30), graders=both, also={"behavior": range(45)})
    bench.run(bench.candidate("Tuned"), range(3, 40), graders=both, also={"behavior": range(16, 45)})
    url = f"/api/v1/projects/{project.slug}/comparisons"
    headers = factory.bearer(owner)
    rows = {row["key"]: row for row in client.get(url, headers=headers).json()["metrics"]}
    accuracy, refusing = rows["task_accuracy"], rows["refusal_correctness"]
    raw = stats.binomtest(3, 13).pvalue, stats.binomtest(0, 16).pvalue
    assert (accuracy["p_value_raw"], refusing["p_value_raw"]) == pytest.approx(raw)
    assert refusing["p_value"] == pytest.approx(2 * raw[1])
    assert accuracy["p_value"] == pytest.approx(max(2 * raw[1], raw[0]))
    assert (accuracy["verdict"], refusing["verdict"]) == ("no_difference_shown", "worse")
    query = {"metric": "refusal_correctness", "outcome": "regression"}
    cases = client.get(f"{url}/cases", params=query, headers=headers).json()
    assert [item["messages"][0]["content"] for item in cases["items"]] == [f"Held out question {n}?" for n in range(16)]


def test_outputs_that_are_not_whole_are_not_passed_and_stay_in_n(client: TestClient, factory: Factory) -> None:
    project = factory.project(owner := factory.user())
    bench = Bench(factory.session, project)
    bench.test_set(10)
    bench.run(bench.candidate("Base", baseline=True), range(10))
    lost = {0: "missing", 1: "truncated", 2: "failed"}
    bench.run(bench.candidate("Tuned"), range(10), not_whole=lost)
    url = f"/api/v1/projects/{project.slug}/comparisons"
    found = client.get(url, headers=factory.bearer(owner)).json()
    assert (found["metrics"][0]["n"], found["metrics"][0]["candidate"]) == (10, pytest.approx(0.7))
    assert found["outcomes"]["regression"] == 3
    items = client.get(f"{url}/cases?outcome=regression", headers=factory.bearer(owner)).json()["items"]
    assert [[o["status"] for o in item["candidate"]["outputs"]] for item in items] == [[], ["truncated"], ["failed"]]


def test_only_graders_that_both_have_word_for_word_count(client: TestClient, factory: Factory) -> None:
    project = factory.project(owner := factory.user())
    bench = Bench(factory.session, project)
    bench.test_set(10)
    other = LABEL | {"definition": {"type": "regex"}}
    base, tuned = bench.candidate("Base", baseline=True), bench.candidate("Tuned")
    bench.run(base, range(5), graders=(LABEL, BEHAVIOR), also={"behavior": range(10)})
    bench.run(tuned, range(10), graders=(other, BEHAVIOR), also={"behavior": range(8)})
    url, headers = f"/api/v1/projects/{project.slug}/comparisons", factory.bearer(owner)
    found = client.get(url, headers=headers).json()
    assert [row["key"] for row in found["metrics"]] == ["refusal_correctness"]
    assert (found["graders"], found["graders_left_out"]) == (["behavior"], ["label"])
    bench.run(tuned, range(10), graders=(other,))
    apart = client.get(url, headers=headers)
    assert (apart.status_code, "different graders" in apart.json()["detail"]) == (409, True)


def test_a_set_is_not_failed_for_a_metric_that_it_does_not_ask_for(client: TestClient, factory: Factory) -> None:
    project = factory.project(owner := factory.user())
    bench = Bench(factory.session, project)
    first, second = bench.test_set(10, "First"), bench.test_set(6, "Second")
    for name, right in (("Base", 4), ("Tuned", 6)):
        candidate = bench.candidate(name, baseline=name == "Base")
        bench.run(candidate, range(right), "First", graders=(LABEL, BEHAVIOR), also={"behavior": range(10)})
        bench.run(candidate, range(right), "Second")
    url, headers = f"/api/v1/projects/{project.slug}/comparisons", factory.bearer(owner)
    rows = {row["key"]: row for row in client.get(url, headers=headers).json()["metrics"]}
    assert (rows["task_accuracy"]["n"], rows["task_accuracy"]["candidate"]) == (16, pytest.approx(12 / 16))
    assert (rows["refusal_correctness"]["n"], rows["refusal_correctness"]["baseline"]) == (10, 1.0)
    alone = client.get(url, params={"test_set": second.id}, headers=headers).json()
    assert [one["test_set_id"] for one in alone["test_sets"]] == [second.id]
    items = client.get(f"{url}/cases?limit=200", headers=headers).json()["items"]
    assert [item["test_set_id"] for item in items] == [first.id] * 10 + [second.id] * 6


def test_cases_of_one_group_are_one_piece_of_evidence(client: TestClient, factory: Factory) -> None:
    project = factory.project(owner := factory.user())
    bench = Bench(factory.session, project)
    bench.test_set(40, group_of=10)
    bench.run(bench.candidate("Base", baseline=True), [])
    bench.run(bench.candidate("Tuned"), range(10))
    url = f"/api/v1/projects/{project.slug}/comparisons"
    row = client.get(url, headers=factory.bearer(owner)).json()["metrics"][0]
    assert row["p_value"] == 1.0  # ten wins, all of one group: a single coin
    assert row["verdict"] == "no_difference_shown"


def test_latency_and_cost_stand_beside(client: TestClient, factory: Factory) -> None:
    project = factory.project(owner := factory.user())
    bench = Bench(factory.session, project)
    bench.test_set(40)
    bench.run(bench.candidate("Base", baseline=True), range(20), latency=400, cost=0.002)
    bench.run(bench.candidate("Tuned"), range(20), latency=200, cost=0.001)
    url = f"/api/v1/projects/{project.slug}/comparisons"
    rows = {row["key"]: row for row in client.get(url, headers=factory.bearer(owner)).json()["metrics"]}
    assert rows["latency_p50_ms"]["difference"] == pytest.approx(-200)
    assert (rows["latency_p50_ms"]["verdict"], rows["latency_p50_ms"]["unit"]) == ("better", "ms")
    assert rows["cost_per_success"]["candidate"] == pytest.approx(40 * 0.001 / 20)
    assert rows["task_accuracy"]["verdict"] == "no_difference_shown"


def test_what_is_remembered_goes_with_the_manifest(known: Known) -> None:
    session = known.factory.session
    for run in (known.base_run, known.tuned_run):
        run.manifest_hash = f"first of {run.id}"
    session.commit()
    assert known.get()["outcomes"]["win"] == 28  # type: ignore[index]
    session.execute(update(Grade).values(passed=True))
    session.commit()
    assert known.get()["metrics"][0]["candidate"] == pytest.approx(71 / 120)  # type: ignore[index]
    known.tuned_run.manifest_hash = "graded again"
    session.commit()
    assert known.get()["metrics"][0]["candidate"] == 1.0  # type: ignore[index]


def test_repeats_count_by_their_share(client: TestClient, factory: Factory) -> None:
    project = factory.project(owner := factory.user())
    bench = Bench(factory.session, project)
    bench.test_set(12)
    bench.run(bench.candidate("Base", baseline=True), range(12))
    tuned = bench.run(bench.candidate("Tuned"), range(12))
    tuned.repeats = 3  # the second and third never came back
    factory.session.commit()
    url, headers = f"/api/v1/projects/{project.slug}/comparisons", factory.bearer(owner)
    found = client.get(url, headers=headers).json()
    assert found["metrics"][0]["candidate"] == pytest.approx(1 / 3)
    assert found["outcomes"]["regression"] == 12
    one = client.get(f"{url}/cases", headers=headers).json()["items"][0]
    assert one["candidate"]["passed"] == pytest.approx(1 / 3)
    page = factory.sign_in(client, owner).get(f"/p/{project.slug}/compare").text
    assert "passed in 1 of 3" in page
