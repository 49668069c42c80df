"""What a run will cost at most: the candidate's calls, and the judges'."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.evals import estimates
from app.evals.estimates import Estimate
from app.evals.forms import NewRun
from app.gateway.models import Provider
from app.projects.access import Access
from tests.evals import factories
from tests.evals.conftest import Bench
from tests.evals.factories import LABEL
from tests.evals.judges.factories import scorer
from tests.factories import Factory

PRICE = {"input": 1.0, "output": 2.0}


def priced(bench: Bench) -> None:
    bench.candidate = factories.candidate(
        bench.session,
        bench.project,
        factories.provider(bench.session, bench.double.base_url),
        price=PRICE,
        parameters={"max_tokens": 100},
    )


def estimated(bench: Bench, **fields: Any) -> Estimate:
    values = {"candidate_id": bench.candidate.id, "graders": [LABEL]} | fields
    return estimates.estimate(
        bench.session, Access(bench.user, bench.project, "engineer"), NewRun.model_validate(values)
    )


def test_judges_are_counted_and_the_bill_is_below_it(bench: Bench) -> None:
    priced(bench)
    test_set = bench.test_set(4)
    graders = [LABEL, scorer(bench, price=PRICE)]
    found = estimated(bench, test_set_id=test_set.id, graders=graders, repeats=2)
    assert found.calls == 8
    assert [(one.grader, one.model, one.calls) for one in found.judges] == [("judge", "judge-steady", 8)]
    run = bench.run(test_set=test_set, graders=graders, repeats=2)
    assert run.status == "succeeded", run.error
    assert run.judge_total == 8
    assert run.cost is not None
    assert found.cost is not None
    assert run.cost < found.cost
    assert run.judge_cost is not None
    assert run.judge_cost < (found.judges[0].cost or 0)
    planned = [call.cost_estimate or 0 for call in bench.calls(run) if call.purpose == "eval"]
    assert found.candidate_cost == pytest.approx(sum(planned), abs=1e-6)


def test_a_large_set_is_scaled_from_some_of_its_cases(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    priced(bench)
    test_set = bench.test_set(12)
    judge = scorer(bench, price=PRICE)
    whole = estimated(bench, test_set_id=test_set.id, graders=[judge])
    monkeypatch.setattr(estimates, "LOOKED_AT", 4)
    part = estimated(bench, test_set_id=test_set.id, graders=[judge])
    assert part.judges[0].calls == whole.judges[0].calls == 12
    assert part.judges[0].cost == pytest.approx(whole.judges[0].cost, rel=0.01)


def test_without_a_price_the_whole_is_not_known(bench: Bench) -> None:
    found = estimated(bench, test_set_id=bench.test_set(2).id, graders=[scorer(bench)])
    assert (found.candidate_cost, found.judges[0].cost, found.cost) == (None, None, None)


def test_cases_that_a_judge_cannot_grade_cost_nothing(bench: Bench) -> None:
    prompt = [{"role": "user", "content": "{{item.metadata.missing}} {{sample.output_text}}"}]
    judge = scorer(bench, price=PRICE, input=prompt)
    found = estimated(bench, test_set_id=bench.test_set(2).id, graders=[judge])
    assert (found.judges[0].calls, found.judges[0].cost) == (0, 0)


def test_a_judge_that_looks_into_json_is_estimated_all_the_same(bench: Bench) -> None:
    prompt = [{"role": "user", "content": "{{sample.output_json.label}}"}]
    judge = scorer(bench, price=PRICE, input=prompt)
    assert (estimated(bench, test_set_id=bench.test_set(2).id, graders=[judge]).judges[0].cost or 0) > 0


def test_on_the_page_and_over_the_api(client: TestClient, bench: Bench, factory: Factory) -> None:
    priced(bench)
    test_set = bench.test_set(3)
    judge = scorer(bench, price=PRICE)
    url = f"/api/v1/projects/{bench.project.slug}/eval-runs/estimate"
    body = {"candidate_id": bench.candidate.id, "test_set_id": test_set.id, "graders": [judge]}
    answer = client.post(url, json=body, headers=factory.bearer(bench.user)).json()
    assert answer["calls"] == 3
    assert answer["cost"] == pytest.approx(answer["candidate_cost"] + answer["judges"][0]["cost"])
    factory.sign_in(client, bench.user)
    form = {"candidate_id": bench.candidate.id, "test_set_id": test_set.id, "graders": json.dumps([judge])}
    here = f"/p/{bench.project.slug}/runs/estimate"
    part = client.post(here, data=form, headers={"hx-request": "true"}).text
    assert "<html" not in part
    assert "3 calls to judge-steady" in part
    whole = client.post(here, data=form | {"repeats": "2"}).text
    assert "6 calls to judge-steady" in whole
    assert 'value="2"' in whole
    none = client.post(here, data=form | {"graders": "not json"}, headers={"hx-request": "true"}).text
    assert "No estimate yet: This is not JSON" in none


def test_a_machine_of_ones_own_costs_by_the_hour(bench: Bench) -> None:
    provider = bench.session.get_one(Provider, bench.candidate.provider_id)
    provider.kind, provider.hourly_rate = "local_engine", 3600.0  # a dollar a second
    bench.session.commit()
    assert estimated(bench, test_set_id=bench.test_set().id).candidate_cost is None
    run = bench.run(3, concurrency=2)
    rows = bench.outputs(run)
    assert [row.cost for row in rows] == [pytest.approx((row.latency_ms or 0) / 1000 / 2, rel=1e-3) for row in rows]
