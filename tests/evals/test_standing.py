"""What a person may do with a run: stop it, go on, retry, decide about unknown calls, keep to a budget."""

import asyncio
import threading
import time

import pytest
from sqlalchemy import text

from app.core.errors import Conflict, Invalid
from app.datasets.models import TestSet
from app.evals import calls, service
from app.evals.models import EvalRun
from app.evals.runner.errors import LeaseLost, StillHeld
from app.evals.runner.job import run_eval
from app.evals.runner.store import Step, open_store
from app.gateway.models import ProjectBudget
from app.projects.access import Access
from tests.evals import factories
from tests.evals.conftest import Bench


def access(bench: Bench) -> Access:
    return Access(bench.user, bench.project, "engineer")


def go_on(bench: Bench, run: EvalRun) -> EvalRun:
    bench.session.commit()
    bench.work()
    return bench.fresh(run)


def test_an_unsealed_set_is_not_measured_on(bench: Bench) -> None:
    test_set = bench.test_set(1)
    bench.session.execute(text("set role none"))
    bench.session.execute(text("alter table test_sets disable trigger user"))
    bench.session.execute(text("update test_sets set sealed_at = null, content_hash = null"))
    bench.session.commit()
    bench.session.expire_all()
    with pytest.raises(Conflict, match="not sealed"):
        bench.start(test_set=test_set)


def test_cancelling_stops_soon_and_resuming_asks_only_the_rest(bench: Bench) -> None:
    bench.double.script.latency = 0.1
    run = bench.start(60, concurrency=2)
    worker = threading.Thread(target=bench.work)
    worker.start()
    while bench.fresh(run).done < 4:
        time.sleep(0.02)
    service.cancel(bench.session, access(bench), run)
    bench.session.commit()
    asked = time.monotonic()
    worker.join(10)
    assert time.monotonic() - asked < 3
    run = bench.fresh(run)
    assert run.status == "cancelled"
    assert 4 <= run.done < 40
    assert run.metrics is None
    answered = {o.id for o in bench.outputs(run)}
    bench.double.script.latency = 0.0
    service.resume(bench.session, access(bench), run)
    run = go_on(bench, run)
    assert (run.status, run.done) == ("succeeded", 60)
    assert answered < {o.id for o in bench.outputs(run)}
    assert len(bench.double.requests) == 60


def test_retrying_asks_again_only_what_failed(bench: Bench) -> None:
    bench.double.script.faults = {"question 0.": ["500"], "question 1.": ["length"]}
    run = bench.run(3)
    assert run.failed == 2
    service.retry_failed(bench.session, access(bench), run)
    run = go_on(bench, run)
    assert sorted(o.status for o in bench.outputs(run)) == ["complete", "complete", "truncated"]
    assert (run.status, run.done, run.failed, len(bench.double.requests)) == ("succeeded", 3, 1, 4)
    with pytest.raises(Conflict, match="No output"):
        service.retry_failed(bench.session, access(bench), run)


@pytest.mark.parametrize(("action", "requests", "accuracy"), [("accept", 2, 0.5), ("resend", 3, 1.0)])
def test_a_person_decides_about_unknown_calls(bench: Bench, action: str, requests: int, accuracy: float) -> None:
    bench.double.script.faults = {"question 0.": ["reset"]}
    run = bench.run(2)
    assert calls.unknown(bench.session, run.id).count == 1
    service.decide_unknown(bench.session, access(bench), run, action)
    run = go_on(bench, run)
    assert (run.status, run.done, len(bench.double.requests)) == ("succeeded", 2, requests)
    assert next(m["value"] for m in run.metrics or [] if m["key"] == "task_accuracy") == accuracy
    assert calls.unknown(bench.session, run.id).count == 0


def test_no_decision_while_the_run_is_under_way(bench: Bench) -> None:
    run = bench.start(1)
    with pytest.raises(Conflict, match="under way"):
        service.decide_unknown(bench.session, access(bench), run, "accept")


def test_a_budget_stops_the_run_before_it_is_overspent(bench: Bench) -> None:
    price = {"input": 10.0, "output": 1000.0}  # an answer of the double costs 0.0051
    provider = factories.provider(bench.session, bench.double.base_url)
    fields = {"price": price, "parameters": {"max_tokens": 5}}
    candidate = factories.candidate(bench.session, bench.project, provider, **fields)
    run = bench.run(10, candidate=candidate, budget=0.027, concurrency=4)
    assert run.status == "paused"
    assert "budget" in (run.error or "")
    assert run.cost is not None
    assert 0.01 < run.cost <= 0.027
    assert len(bench.double.requests) == run.done < 10
    service.resume(bench.session, access(bench), run, budget=1.0)
    run = go_on(bench, run)
    assert (run.status, run.done) == ("succeeded", 10)
    assert run.cost == pytest.approx(0.051)


def test_the_projects_month_stops_every_run_before_it_is_overspent(bench: Bench) -> None:
    bench.session.add(ProjectBudget(project_id=bench.project.id, monthly_limit=0.027))
    bench.session.commit()
    provider = factories.provider(bench.session, bench.double.base_url)
    fields = {"price": {"input": 10.0, "output": 1000.0}, "parameters": {"max_tokens": 5}}
    candidate = factories.candidate(bench.session, bench.project, provider, **fields)
    run = bench.run(10, candidate=candidate, concurrency=4)
    assert run.status == "paused"
    assert "The project's monthly budget of $0.027 stops this before the next paid call" in (run.error or "")
    assert 0.01 < (run.cost or 0.0) <= 0.027
    assert len(bench.double.requests) == run.done
    second = bench.run(test_set=bench.session.get_one(TestSet, run.test_set_id), candidate=candidate)
    assert (second.status, second.done) == ("paused", 0) or (run.cost or 0.0) + (second.cost or 0.0) <= 0.027
    bench.session.get_one(ProjectBudget, bench.project.id).monthly_limit = 1.0
    bench.session.commit()
    service.resume(bench.session, access(bench), run)
    run = go_on(bench, run)
    assert (run.status, run.done, run.cost) == ("succeeded", 10, pytest.approx(0.051))


def test_a_budget_needs_prices(bench: Bench) -> None:
    with pytest.raises(Invalid, match="prices"):
        bench.start(1, budget=1.0)


def test_what_a_dead_worker_had_sent_becomes_unknown(bench: Bench) -> None:
    run = bench.start(3)
    sent = "update paid_calls set state = 'sent', worker = 'gone:1:1' where id = (select id from paid_calls limit 1)"
    bench.session.execute(text(sent))
    bench.session.execute(
        text("update eval_runs set status = 'running', lease = 1, lease_expires_at = now() - interval '1 second'")
    )
    bench.session.commit()
    bench.work()
    run = bench.fresh(run)
    assert (run.status, run.done, run.lease) == ("needs_decision", 2, 2)
    assert len(bench.double.requests) == 2
    unknown = next(c for c in bench.calls(run) if c.state == "unknown")
    assert unknown.error is not None
    assert unknown.error["kind"] == "worker_gone"


def test_a_worker_that_lost_its_lease_writes_nothing(bench: Bench) -> None:
    run = bench.start(2)

    async def two_workers() -> None:
        async with open_store(run.id) as old, open_store(run.id) as new:
            assert await old.take_over() == "taken"
            assert await new.take_over() == "held"
            await new.connection.execute("update eval_runs set lease_expires_at = now() - interval '1 second'")
            assert await new.take_over() == "taken"
            planned = (await old.planned())[0]
            with pytest.raises(LeaseLost):
                await old.write([Step(None, planned)])
            assert not await old.end("failed", "by the old one")
            assert (await new.write([Step(None, planned)]))[0].may_send
            await new.release()

    asyncio.run(two_workers())
    assert bench.fresh(run).status == "running"


def test_a_run_that_is_held_is_left_alone(bench: Bench) -> None:
    run = bench.start(1)

    async def held() -> None:
        async with open_store(run.id) as store:
            await store.take_over()
            with pytest.raises(StillHeld):
                await run_eval(run.id)

    asyncio.run(held())
    assert bench.double.requests == []


def test_a_disabled_provider_is_said_so(bench: Bench) -> None:
    run = bench.start(1)
    bench.session.execute(text("update providers set disabled_at = now()"))
    bench.session.commit()
    bench.work()
    run = bench.fresh(run)
    assert run.status == "failed"
    assert "disabled" in (run.error or "")


def test_a_bug_of_ours_ends_the_run_in_sight(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    run = bench.start(1)
    monkeypatch.setattr("app.evals.runner.outputs.request_body", broken)
    with pytest.raises(ZeroDivisionError):
        asyncio.run(run_eval(run.id))
    run = bench.fresh(run)
    assert (run.status, "ZeroDivisionError" in (run.error or "")) == ("failed", True)
