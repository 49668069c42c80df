"""Gates and verdicts by the API: versions, timing, signing, lapsing."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.candidates.service import note_making
from app.evals.models import EvalRun
from tests.decisions.factories import ACCURACY, REFUSALS, Desk
from tests.factories import Factory


@pytest.fixture
def desk(client: TestClient, factory: Factory) -> Desk:
    return Desk(client, factory)


def test_suggested_gates_until_some_are_set(desk: Desk) -> None:
    found = desk.client.get(f"{desk.api}/gates", headers=desk.headers).json()
    assert found["version"] == 0
    assert {gate["metric"] for gate in found["gates"]} >= {"task_accuracy", "format_validity", "cost_per_success"}
    assert desk.set_gates(ACCURACY)["version"] == 1
    assert desk.set_gates(ACCURACY, REFUSALS, volume=500)["version"] == 2
    found = desk.client.get(f"{desk.api}/gates", headers=desk.headers).json()
    assert (found["version"], found["volume"], len(found["gates"])) == (2, 500, 2)


def test_an_edit_of_an_older_version_is_refused(desk: Desk) -> None:
    desk.set_gates(ACCURACY, based_on=0)
    body = {"gates": [REFUSALS], "based_on": 0}
    assert desk.client.put(f"{desk.api}/gates", json=body, headers=desk.headers).status_code == 409


@pytest.mark.parametrize(
    ("gates", "loc"),
    [([], "body"), ([ACCURACY, ACCURACY], "body"), ([{"metric": "x", "rule": "better"}], "body.gates.0")],
)
def test_gates_that_cannot_be(desk: Desk, gates: list[dict[str, object]], loc: str) -> None:
    answer = desk.client.put(f"{desk.api}/gates", json={"gates": gates}, headers=desk.headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"].startswith(loc.removeprefix("body").removeprefix("."))


def test_ship(desk: Desk) -> None:
    desk.set_gates(ACCURACY)
    desk.measure()
    now = desk.verdict()
    (gate,) = now["gates"]
    assert (now["verdict"], gate["state"], gate["n"]) == ("ship", "holds", 120)
    assert gate["measured"].startswith("+15.8 points [+")
    assert not gate["set_after_results"]
    assert now["reasons"] == "The gate holds."


def test_dont_ship_where_a_whole_interval_violates(desk: Desk) -> None:
    desk.set_gates(ACCURACY, REFUSALS)
    desk.measure(refused=(range(90), range(64)))
    now = desk.verdict()
    states = {gate["gate"]["metric"]: gate["state"] for gate in now["gates"]}
    assert now["verdict"] == "dont_ship"
    assert states == {"task_accuracy": "holds", "refusal_correctness": "fails"}


def test_not_enough_evidence_names_what_it_takes(desk: Desk) -> None:
    desk.set_gates(ACCURACY, {"metric": "refusal_correctness", "rule": "at_least", "value": 0.99})
    desk.measure()
    now = desk.verdict()
    gate = next(g for g in now["gates"] if g["state"] == "open")
    assert now["verdict"] == "not_enough_evidence"
    assert gate["needed"] == 381
    assert "more cases" in gate["why"]


def test_gates_set_after_the_results_say_so(desk: Desk) -> None:
    desk.measure()
    desk.end_runs_now()
    desk.set_gates(ACCURACY)
    assert desk.verdict()["gates"][0]["set_after_results"]


def test_a_gate_that_stood_before_keeps_its_time(desk: Desk) -> None:
    desk.set_gates(ACCURACY)
    desk.measure()
    desk.end_runs_now()
    desk.set_gates(ACCURACY, REFUSALS)
    late = {gate["gate"]["metric"]: gate["set_after_results"] for gate in desk.verdict()["gates"]}
    assert late == {"task_accuracy": False, "refusal_correctness": True}


def test_a_metric_of_an_uncalibrated_judge_cannot_pass(desk: Desk) -> None:
    desk.set_gates(ACCURACY)
    desk.measure()
    asks = {"type": "score_model", "model": "judge", "input": [{"role": "user", "content": "{{sample.output_text}}"}]}
    judge = {"name": "label", "metric": "task_accuracy", "definition": asks, "pass_threshold": 1.0}
    for run in (desk.base_run, desk.tuned_run):
        run.graders = [judge, run.graders[1]]
    desk.factory.session.commit()
    now = desk.verdict()
    assert (now["verdict"], now["gates"][0]["state"]) == ("not_enough_evidence", "open")
    assert now["evidence"]["uncalibrated"] == ["label"]
    assert "not calibrated: “label”" in now["gates"][0]["why"]


def test_signing_and_what_makes_it_lapse(desk: Desk) -> None:
    desk.set_gates(ACCURACY)
    desk.measure()
    signed = desk.sign(note="Read the lost cases.")
    assert (signed["decision"], signed["verdict"], signed["signed_by"]) == ("ship", "ship", desk.owner.name)
    assert signed["numbers"][0]["sentence"] == "Task accuracy not worse"
    assert desk.verdict()["sign_off"]["lapsed"] is None
    again = desk.client.get(f"{desk.api}/verdicts/{signed['id']}", headers=desk.headers).json()
    assert again == desk.client.get(f"{desk.api}/verdicts", headers=desk.headers).json()["items"][0] == signed
    desk.set_gates(ACCURACY, REFUSALS)
    assert desk.verdict()["sign_off"]["lapsed"] == "the gates"
    desk.bench.run(desk.tuned, range(60), graders=desk.tuned_run.graders, also={"behavior": range(120)})
    assert desk.verdict()["sign_off"]["lapsed"] == "the runs and the gates"


def test_what_is_signed_is_what_was_read(desk: Desk) -> None:
    desk.measure()
    desk.sign(status=409)  # nobody has set gates
    desk.set_gates(ACCURACY)
    desk.sign(status=409, evidence_hash="0" * 64)


def test_a_decision_against_the_verdict_needs_a_reason(desk: Desk) -> None:
    desk.set_gates(ACCURACY)
    desk.measure()
    desk.sign(status=422, decision="dont_ship")
    found = desk.sign(decision="dont_ship", note="The lawyers want another month.")
    assert (found["decision"], found["verdict"]) == ("dont_ship", "ship")


def test_signing_is_a_permission(desk: Desk) -> None:
    desk.set_gates(ACCURACY)
    desk.measure()
    body = {"decision": "ship", "evidence_hash": desk.verdict()["evidence_hash"]}
    engineer = desk.factory.bearer(desk.factory.member(desk.project, "engineer"))
    assert desk.client.post(f"{desk.api}/verdicts", json=body, headers=engineer).status_code == 403
    viewer = desk.factory.bearer(desk.factory.member(desk.project, "viewer"))
    assert desk.client.get(f"{desk.api}/verdict", headers=viewer).status_code == 200
    assert desk.client.put(f"{desk.api}/gates", json={"gates": [ACCURACY]}, headers=viewer).status_code == 403


def test_signed_rows_cannot_be_changed(desk: Desk) -> None:
    desk.set_gates(ACCURACY)
    for statement in (
        "update gate_sets set gates = '[]'",
        "delete from verdicts",
        "update verdicts set decision = 'ship'",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"):
            desk.factory.session.execute(text(statement))
        desk.factory.session.rollback()


def test_the_reason_of_an_overridden_launch_follows_the_model(desk: Desk) -> None:
    desk.measure()
    tune = desk.overridden("The set is small but all we have.")
    found = desk.verdict()["overrides"]
    assert found == [{"fine_tune_id": tune.id, "number": tune.number, "reason": "The set is small but all we have."}]


def test_the_cost_of_making_is_spread(desk: Desk) -> None:
    desk.measure(cost=0.01)
    runs: list[EvalRun] = [desk.base_run, desk.tuned_run]
    for run in runs:
        run.cost = 1.2 if run is desk.base_run else 0.6
    note_making(desk.factory.session, desk.tuned.id, 30.0)
    desk.factory.session.commit()
    url = f"{desk.api}/comparisons"
    rows = desk.client.get(url, params={"volume": 1000}, headers=desk.headers).json()["metrics"]
    loaded = next(row for row in rows if row["key"] == "cost_per_success_loaded")
    # per case 0.01 + 1.2/1000 over 52 of 120; 0.005 + 30.6/1000 over 71 of 120
    assert loaded["baseline"] == pytest.approx(0.0112 * 120 / 52)
    assert loaded["candidate"] == pytest.approx(0.0356 * 120 / 71)
    assert loaded["verdict"] == "worse"
