"""Answers to identical requests: taken over only where a person says so, never paid twice, and shown everywhere."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from app.candidates.models import Candidate
from app.core.errors import Invalid
from app.evals import blind
from app.evals.models import EvalRun, Output, RunBlind, RunView
from app.gateway.models import Provider
from tests.evals import factories
from tests.evals.conftest import Bench
from tests.evals.factories import LABEL
from tests.factories import Factory

PRICE = {"input": 1.0, "output": 2.0}


def exact(bench: Bench, provider: Provider | None = None, **fields: Any) -> Candidate:
    """A candidate of temperature 0 with a price."""
    given = {"parameters": {"temperature": 0}, "price": PRICE} | fields
    provider = provider or factories.provider(bench.session, bench.double.base_url)
    return factories.candidate(bench.session, bench.project, provider, **given)


def asked(bench: Bench) -> list[str]:
    """What reached the provider: the last message of each request."""
    return [request["body"]["messages"][-1]["content"] for request in bench.double.requests]


def metric(run: EvalRun, key: str) -> dict[str, Any]:
    return next(metric for metric in run.metrics or [] if metric["key"] == key)


def test_what_was_asked_before_is_not_asked_again(bench: Bench) -> None:
    candidate = exact(bench)
    first = bench.run(3, candidate=candidate)
    some_new = bench.test_set(4)  # three of them are asked for word for word in the first run
    run = bench.run(test_set=some_new, candidate=candidate, reuse_identical="temperature_0")
    assert (run.status, run.done, run.failed) == ("succeeded", 4, 0)
    assert asked(bench)[3:] == ["question 3."]
    copies = [output for output in bench.outputs(run) if output.reused_from]
    assert {copy.reused_from for copy in copies} == {output.id for output in bench.outputs(first)}
    assert [(o.text, o.cost, o.latency_ms, o.call_id, o.output_tokens) for o in copies] == [
        ("yes", 0, None, None, 5)
    ] * 3
    assert [call.state for call in bench.calls(run)] == ["done"]  # what was never sent is not in the ledger
    assert run.cost == pytest.approx((10 * 1.0 + 5 * 2.0) / 1e6)
    assert (metric(run, "task_accuracy")["value"], metric(run, "task_accuracy")["n"]) == (1.0, 4)
    assert (metric(run, "latency_p50_ms")["n"], metric(run, "cost_per_case")["n"]) == (1, 1)
    assert run.manifest is not None
    assert run.manifest["reused"] == [{"run": first.id, "outputs": 3}]
    third = bench.run(3, candidate=candidate, reuse_identical="any")
    assert len(bench.double.requests) == 4
    assert {copy.reused_from for copy in bench.outputs(third)} <= {
        o.id for o in bench.outputs(first)
    }  # never of a copy


def test_nobody_has_to_say_that_each_case_is_asked(bench: Bench) -> None:
    candidate = exact(bench)
    for _ in range(2):
        bench.run(2, candidate=candidate)
    assert len(bench.double.requests) == 4


@pytest.mark.parametrize(
    ("fields", "parameters"),
    [
        ({"reuse_identical": "temperature_0"}, {}),
        ({"reuse_identical": "temperature_0"}, {"temperature": 0.2}),
        ({"reuse_identical": "any", "repeats": 2}, {"temperature": 0}),
    ],
)
def test_reuse_that_would_be_no_measurement_is_refused(
    bench: Bench, fields: dict[str, Any], parameters: dict[str, Any]
) -> None:
    with pytest.raises(Invalid, match=r"temperature is not 0|asked anew"):
        bench.start(1, candidate=exact(bench, parameters=parameters), **fields)


def test_repeats_of_a_case_are_each_asked(bench: Bench) -> None:
    bench.run(1, candidate=exact(bench), repeats=3)
    assert len(bench.double.requests) == 3


@pytest.mark.parametrize("other", ["provider", "parameters", "prompt", "model"])
def test_any_difference_is_another_call(bench: Bench, other: str) -> None:
    provider = factories.provider(bench.session, bench.double.base_url)
    bench.run(1, candidate=exact(bench, provider))
    fields: dict[str, dict[str, Any]] = {
        "provider": {},
        "parameters": {"parameters": {"temperature": 0, "seed": 1}},
        "prompt": {"system_prompt": "Be brief."},
        "model": {"model": "large"},
    }
    second = exact(bench, None if other == "provider" else provider, **fields[other])
    bench.run(1, candidate=second, reuse_identical="temperature_0")
    assert len(bench.double.requests) == 2


def test_failed_and_cut_answers_are_asked_again(bench: Bench) -> None:
    bench.double.script.faults = {"question 0.": ["500"], "question 1.": ["length"]}
    candidate = exact(bench)
    bench.run(3, candidate=candidate)
    run = bench.run(3, candidate=candidate, reuse_identical="any")
    assert sorted(asked(bench)[3:]) == ["question 0.", "question 1."]
    assert run.failed == 0


def test_another_projects_answers_are_not_taken(bench: Bench, factory: Factory) -> None:
    candidate = exact(bench)
    bench.run(1, candidate=candidate)
    bench.project = factory.project(bench.user, slug="other")
    same = factories.candidate(
        bench.session,
        bench.project,
        bench.session.get_one(Provider, candidate.provider_id),
        parameters={"temperature": 0},
    )
    bench.run(1, candidate=same, reuse_identical="any")
    assert len(bench.double.requests) == 2


def test_an_erased_answer_is_asked_again(bench: Bench) -> None:
    candidate = exact(bench)
    first = bench.run(1, candidate=candidate)
    bench.session.execute(update(Output).where(Output.run_id == first.id).values(text="[erased]", request_sha256=None))
    bench.session.commit()
    run = bench.run(1, candidate=candidate, reuse_identical="any")
    assert [output.text for output in bench.outputs(run)] == ["yes"]


def test_blind_rounds_are_not_undermined(bench: Bench, factory: Factory) -> None:
    """Whoever sees a copy has seen the answer; a round hides copies too, and lends no answers to new runs."""
    candidate, voter = exact(bench), factory.user("voter@example.com")
    first = bench.run(1, candidate=candidate)
    blind.saw_outputs(bench.session, bench.user.id, first.id)
    bench.session.commit()
    copy = bench.run(1, candidate=candidate, reuse_identical="any")
    assert bench.session.get(RunView, (copy.id, bench.user.id)) is not None
    blind.saw_outputs(bench.session, voter.id, copy.id)
    assert bench.session.get(RunView, (first.id, voter.id)) is not None
    round_id = first.id  # any id
    blind.blind(bench.session, round_id, [first.id], [voter.id])
    bench.session.commit()
    hidden = {row.run_id for row in bench.session.query(RunBlind)}
    assert hidden == {first.id, copy.id}
    during = bench.run(1, candidate=candidate, reuse_identical="any")
    assert [output.reused_from for output in bench.outputs(during)] == [None]


def test_by_the_pages_it_is_chosen_and_shown(client: TestClient, bench: Bench, factory: Factory) -> None:
    factory.sign_in(client, bench.user)
    base, candidate = f"/p/{bench.project.slug}", exact(bench)
    test_set = bench.test_set(2)
    first = bench.run(test_set=test_set, candidate=candidate)
    form = {"candidate_id": candidate.id, "test_set_id": test_set.id, "graders": json.dumps([LABEL])}
    assert 'name="reuse_identical"' in client.get(f"{base}/runs/new").text
    refused = client.post(f"{base}/runs", data=form | {"reuse_identical": "any", "repeats": "2"})
    assert refused.status_code == 422
    assert "each is asked anew" in refused.text
    started = client.post(f"{base}/runs", data=form | {"reuse_identical": "temperature_0"})
    assert started.status_code == 303, started.text
    bench.work()
    assert len(bench.double.requests) == 2
    shown = client.get(started.headers["location"]).text
    assert "2 of 2 outputs reused from" in shown
    assert f"run {first.number}</a>" in shown
    run = bench.fresh(bench.session.get_one(EvalRun, started.headers["location"].rpartition("/")[2]))
    case = client.get(f"{base}/runs/{run.id}/outputs/{bench.outputs(run)[0].id}").text
    assert "was not sent again" in case
    compared = client.get(f"{base}/compare?baseline_run={first.id}&candidate_run={run.id}").text
    assert "2 of 2 outputs are reused from run" in compared


def test_by_the_api_it_is_chosen_and_shown(client: TestClient, bench: Bench, factory: Factory) -> None:
    headers, base = factory.bearer(bench.user), f"/api/v1/projects/{bench.project.slug}"
    candidate = exact(bench)
    first = bench.run(2, candidate=candidate)
    test_set = bench.test_set(3)
    body = {"candidate_id": candidate.id, "test_set_id": test_set.id, "graders": [LABEL]}
    assert client.post(f"{base}/eval-runs", json=body | {"reuse_identical": "x"}, headers=headers).status_code == 422
    started = client.post(f"{base}/eval-runs", json=body | {"reuse_identical": "temperature_0"}, headers=headers)
    assert started.status_code == 202, started.text
    bench.work()
    assert len(bench.double.requests) == 3
    run = client.get(f"{base}/eval-runs/{started.json()['id']}", headers=headers).json()
    assert run["reuse_identical"] == "temperature_0"
    assert run["reused"] == [{"run_id": first.id, "number": first.number, "outputs": 2}]
    outputs = client.get(f"{base}/eval-runs/{run['id']}/outputs", headers=headers).json()["items"]
    originals = {output.id for output in bench.outputs(first)}
    assert [output["reused_from"] in originals for output in outputs] == [True, True, False]
    pair = {"baseline_run": bench.run(test_set=test_set).id, "candidate_run": run["id"]}
    compared = client.get(f"{base}/comparisons", params=pair, headers=headers).json()
    told = compared["test_sets"][0]
    assert (told["baseline_reused"], told["candidate_reused"]) == (0, 2)
