"""A grader is tried on five outputs of a run before it is saved."""

import html
import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.core.errors import NotFound
from app.evals.blind import blind
from app.evals.models import EvalRun, Grader, RunView
from app.evals.tries import service
from app.evals.tries.forms import NewTry
from app.evals.tries.models import GraderTry
from app.gateway.models import PaidCall
from app.projects.access import Access
from tests.evals.conftest import Bench
from tests.evals.factories import LABEL
from tests.evals.judges.factories import scorer
from tests.factories import Factory

SHORT = {"type": "regex", "name": "short", "pattern": "^.{1,3}$"}
PRICE = {"input": 1.0, "output": 2.0}


@pytest.fixture
def base(client: TestClient, bench: Bench, factory: Factory) -> str:
    factory.sign_in(client, bench.user)
    return f"/p/{bench.project.slug}/graders"


def mixed_run(bench: Bench, size: int = 8) -> EvalRun:
    """Every other answer is wrong."""
    bench.double.script.answers = {f"question {n}.": "no, never" for n in range(0, size, 2)}
    return bench.run(size)


def try_it(bench: Bench, run: EvalRun, definition: dict[str, Any], *, agreed: bool = True, turn: int = 0) -> GraderTry:
    new = NewTry(run_id=run.id, definition=definition, turn=turn)
    row = service.begin(bench.session, Access(bench.user, bench.project, "engineer"), new, agreed=agreed)
    bench.session.commit()
    return row


def worked(bench: Bench, row: GraderTry) -> GraderTry:
    bench.work()
    bench.session.expire_all()
    return bench.session.get_one(GraderTry, row.id)


def test_five_outputs_that_passed_and_failed_before(client: TestClient, bench: Bench, base: str) -> None:
    run = mixed_run(bench)
    assert f'<option value="{run.id}"' in client.get(f"{base}/new").text
    form = {"name": "short", "definition": json.dumps(SHORT), "metric": "format_validity", "run_id": run.id}
    answer = client.post(f"{base}/tries", data=form)
    assert answer.status_code == 303
    page = html.unescape(client.get(answer.headers["location"]).text)
    assert "Passes 2 of 5 outputs" in page  # of the three that failed before and the two that passed
    assert page.count("/outputs/") == 5
    assert "^.{1,3}$" in page, "what was typed is still there"
    assert bench.session.scalars(select(Grader)).all() == [], "nothing is saved by trying"
    saved = client.post(base, data=form | {"turn": "0"})
    assert saved.status_code == 303


def test_the_same_outputs_again_or_others(bench: Bench) -> None:
    run = mixed_run(bench, 20)
    first, again, others = (try_it(bench, run, SHORT, turn=turn).output_ids for turn in (0, 0, 1))
    assert first == again
    assert set(first) != set(others)


def test_who_tries_has_seen_outputs(bench: Bench) -> None:
    run = mixed_run(bench)
    try_it(bench, run, SHORT)
    assert bench.session.scalar(select(RunView.user_id).where(RunView.run_id == run.id)) == bench.user.id


def test_nothing_is_shown_to_a_blind_voter(client: TestClient, bench: Bench, base: str, factory: Factory) -> None:
    run = mixed_run(bench)
    row = try_it(bench, run, SHORT)
    blind(bench.session, run.id, [run.id], [bench.user.id])
    bench.session.commit()
    assert client.get(f"{base}/tries/{row.id}").status_code == 404
    assert f'<option value="{run.id}"' not in client.get(f"{base}/new").text
    form = {"definition": json.dumps(SHORT), "run_id": run.id}
    refused = client.post(f"{base}/tries", data=form)
    assert refused.status_code == 422
    assert "Choose the run" in refused.text
    other = factory.member(bench.project, "engineer")
    with pytest.raises(NotFound):  # tries are their owner's
        service.find(bench.session, Access(other, bench.project, "engineer"), row.id)


def test_a_judge_is_asked_once_the_price_is_agreed_to(client: TestClient, bench: Bench, base: str) -> None:
    bench.double.script.answers = {f"question {n}.": "good" for n in range(3)}
    run = bench.run(6)
    asked = len(bench.double.requests)
    form = {"definition": json.dumps(scorer(bench, price=PRICE)), "run_id": run.id}
    here = client.post(f"{base}/tries", data=form).headers["location"]
    page = client.get(here).text
    assert "5 calls, at most about $" in page
    bench.work()
    assert len(bench.double.requests) == asked
    assert client.post(f"{here.partition('#')[0]}/asking").status_code == 303
    live = client.get(here, headers={"hx-request": "true"}).text
    assert "<html" not in live
    assert "every 1s" in live
    bench.work()
    assert len(bench.double.requests) == asked + 5
    done = client.get(here).text
    assert "judging cost $" in done
    assert "every 1s" not in done
    assert "steady: looked at" in done
    assert client.post(f"{here.partition('#')[0]}/asking").status_code == 409


def test_what_a_try_costs_stands_in_the_ledger_and_not_in_the_run(bench: Bench) -> None:
    run = mixed_run(bench)
    before = run.cost
    row = worked(bench, try_it(bench, run, scorer(bench, price=PRICE)))
    calls = bench.session.scalars(select(PaidCall).where(PaidCall.subject_id == row.id)).all()
    assert [call.state for call in calls] == ["done"] * 5
    assert row.cost == pytest.approx(sum(call.cost or 0 for call in calls))
    assert row.cost
    assert row.estimate
    assert row.estimate > row.cost
    assert bench.fresh(run).cost == before


def test_a_judge_that_cannot_be_asked_says_why(bench: Bench) -> None:
    run = mixed_run(bench)
    definition = scorer(bench)
    bench.double.script.faults = {"output": ["401"] * 20}
    row = worked(bench, try_it(bench, run, definition))
    assert row.status == "failed"
    assert "401" in (row.error or "")
    assert not bench.session.scalars(select(PaidCall).where(PaidCall.state == "planned")).all()


def test_a_call_without_an_answer_is_not_sent_again(bench: Bench) -> None:
    run = mixed_run(bench)
    row = try_it(bench, run, scorer(bench))
    call = bench.session.scalars(select(PaidCall).where(PaidCall.subject_id == row.id)).first()
    assert call is not None
    call.state, call.worker = "sent", "a worker that is gone"
    bench.session.commit()
    row = worked(bench, row)
    assert row.status == "succeeded"
    assert row.results is not None
    assert sorted(result["passed"] is None for result in row.results) == [False] * 4 + [True]
    assert bench.session.get_one(PaidCall, call.id).state == "unknown"


def test_over_the_api(client: TestClient, bench: Bench, factory: Factory) -> None:
    client.headers |= factory.bearer(bench.user)
    run = mixed_run(bench)
    url = f"/api/v1/projects/{bench.project.slug}/graders/tries"
    tried = client.post(url, json={"run_id": run.id, "definition": LABEL}).json()
    assert tried["status"] == "succeeded"
    assert [grade["passed"] for grade in tried["grades"]] == [False, True, False, True, False]
    priced = scorer(bench, price=PRICE)
    waiting = client.post(url, json={"run_id": run.id, "definition": priced, "agreed": False}).json()
    assert (waiting["status"], waiting["calls"]) == ("estimated", 5)
    assert client.post(f"{url}/{waiting['id']}/asking").status_code == 202
    bench.work()
    assert client.get(f"{url}/{waiting['id']}").json()["status"] == "succeeded"


def lost(bench: Bench) -> GraderTry:
    """A try of which one verdict was lost with the worker that had asked for it."""
    row = try_it(bench, mixed_run(bench), scorer(bench, price=PRICE))
    call = bench.session.scalars(select(PaidCall).where(PaidCall.subject_id == row.id)).first()
    assert call is not None
    call.state, call.worker = "sent", "a worker that is gone"
    bench.session.commit()
    return worked(bench, row)


def test_a_lost_verdict_is_sent_again_when_somebody_says_so(client: TestClient, bench: Bench, base: str) -> None:
    row = lost(bench)
    sent = len(bench.double.requests)
    page = html.unescape(client.get(f"{base}/tries/{row.id}").text)
    assert "1 call may have reached the judge, and no verdict was stored." in page
    assert client.post(f"{base}/tries/{row.id}/unknown-calls", data={"action": "resend"}).status_code == 303
    row = worked(bench, row)
    assert len(bench.double.requests) == sent + 1
    assert [one["passed"] is None for one in row.results or []] == [False] * 5
    assert "no verdict was stored" not in client.get(f"{base}/tries/{row.id}").text


def test_a_lost_verdict_may_stay_lost(client: TestClient, bench: Bench, factory: Factory, base: str) -> None:
    row = lost(bench)
    sent = len(bench.double.requests)
    address = f"/api/v1/projects/{bench.project.slug}/graders/tries/{row.id}"
    headers = factory.bearer(bench.user)
    assert client.get(address, headers=headers).json()["unknown_calls"] == 1
    told = client.post(f"{address}/unknown-calls", json={"action": "accept"}, headers=headers).json()
    assert (told["unknown_calls"], told["status"]) == (0, "succeeded")
    again = client.post(f"{address}/unknown-calls", json={"action": "resend"}, headers=headers)
    assert again.status_code == 409
    bench.work()
    assert len(bench.double.requests) == sent
