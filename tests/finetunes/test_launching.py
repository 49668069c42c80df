"""From the frozen bytes to one job and its candidate, against a provider that fails on demand."""

import asyncio
import hashlib

import pytest
from sqlalchemy import select, text

from app.candidates.models import Candidate
from app.core.errors import Conflict
from app.finetunes import queries, runner, service
from app.gateway.models import PaidCall, ProjectBudget
from tests.doubles.fine_tuning import Script
from tests.finetunes.conftest import Begin


def work(fine_tune_id: str, stretches: int = 30) -> None:
    """What the worker does, until there is nothing left to do."""
    for _stretch in range(stretches):
        if not asyncio.run(runner.advance(fine_tune_id, 1.0)):
            return
    raise AssertionError("it did not come to an end")


def test_a_launch_becomes_a_candidate_like_the_baseline(begin: Begin) -> None:
    ready, tuning = begin()
    row = ready.launch(training_price=3.0, hyperparameters={"n_epochs": 2})
    work(row.id)
    assert ready.seen(row).status == "succeeded", row.error
    (job,) = tuning.jobs.values()
    body = tuning.bodies[0]
    assert body["metadata"] == {"holdout_launch": row.launch_token}
    assert body["suffix"] == f"v1-{row.launch_token[:8]}"
    assert body["method"]["supervised"]["hyperparameters"] == {"n_epochs": 2}
    assert "adapter" not in body
    assert tuning.keys == [row.launch_token]
    sent = tuning.contents[body["training_file"]]
    assert hashlib.sha256(sent).hexdigest() == row.export_sha256 == ready.version.content_hash
    assert (row.provider_job_id, row.fine_tuned_model) == (job["id"], job["fine_tuned_model"])
    assert row.settled_hyperparameters == job["hyperparameters"]
    assert row.trained_tokens == 4200
    assert row.cost == pytest.approx(4200 * 3 / 1e6)
    made = ready.session.get_one(Candidate, row.candidate_id)
    assert (made.name, made.origin, made.model) == ("Tuned v1 · api", "fine_tune", job["fine_tuned_model"])
    assert (made.system_prompt, made.parameters, made.price) == ("Be brief.", {"temperature": 0}, ready.baseline.price)
    steps = [event.data["step"] for event in queries.events(ready.session, row.id)]
    assert steps == [1, 2, 3, 4]
    assert (row.step, row.total_steps) == (4, 4)
    assert [c.step for c in queries.checkpoints(ready.session, row.id)] == [1]
    call = ready.session.query(PaidCall).one()
    assert (call.state, call.subject_id, call.attempt) == ("done", row.id, 1)


def test_a_machine_of_ones_own_costs_by_the_hour(begin: Begin) -> None:
    ready, _tuning = begin(kind="local_engine")
    assert ready.launch().estimate["cost"] == 0.0
    ready.session.execute(text("update fine_tunes set status = 'cancelled'"))
    ready.session.execute(text("update providers set hourly_rate = 360000"))  # a hundred dollars a second
    ready.session.commit()
    ready.session.expire_all()
    row = ready.launch()
    assert row.estimate["hourly_rate"] == 360_000
    work(row.id)
    assert ready.seen(row).started_at is not None
    assert row.finished_at is not None
    took = (row.finished_at - row.started_at).total_seconds()
    assert row.cost == pytest.approx(took * 100, abs=20)
    assert ready.session.query(PaidCall).filter_by(subject_id=row.id).one().cost == pytest.approx(row.cost)


def test_the_providers_own_reason_is_kept(begin: Begin) -> None:
    ready, _tuning = begin(Script(ends="failed"))
    row = ready.launch()
    work(row.id)
    assert (ready.seen(row).status, row.error) == ("failed", "line 2 is too long")
    assert row.candidate_id is None


def test_a_word_that_we_do_not_know_is_not_the_end(begin: Begin) -> None:
    ready, _tuning = begin(Script(statuses=["validating_files", "warming_up", "running"], steps=2))
    row = ready.launch()
    assert asyncio.run(runner.advance(row.id, 0.0))
    assert (ready.seen(row).status, row.provider_status) == ("running", "warming_up")
    work(row.id)
    assert ready.seen(row).status == "succeeded"


@pytest.mark.parametrize("fault", ["lost", "hang", "500"])
def test_a_create_without_an_answer_is_looked_up_not_repeated(
    begin: Begin, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.finetunes.provider.CREATE_SECONDS", 0.5)
    ready, tuning = begin(Script(faults={"POST /fine_tuning/jobs": [fault]}))
    row = ready.launch()
    work(row.id)
    found = ready.seen(row)
    assert tuning.count("POST /fine_tuning/jobs") == 1
    if fault == "500":  # nothing was made: a person decides
        assert found.status == "needs_decision"
        assert "lists no job with the suffix v1-" in (found.error or "")
        assert tuning.jobs == {}
    else:
        assert found.status == "succeeded"
        assert found.provider_job_id in tuning.jobs


def test_a_job_that_is_listed_late_is_still_found(begin: Begin) -> None:
    ready, tuning = begin(Script(faults={"POST /fine_tuning/jobs": ["lost"]}, lists_after=0.2))
    row = ready.launch()
    work(row.id)
    assert ready.seen(row).status == "succeeded"
    assert len(tuning.jobs) == 1


def test_a_provider_that_keeps_no_metadata_is_known_by_the_file(begin: Begin) -> None:
    ready, tuning = begin(Script(faults={"POST /fine_tuning/jobs": ["lost"]}, with_metadata=False))
    row = ready.launch()
    work(row.id)
    assert ready.seen(row).status == "succeeded"
    assert len(tuning.jobs) == 1


def test_a_provider_that_cannot_be_asked_leaves_it_to_a_person(begin: Begin) -> None:
    script = Script(faults={"POST /fine_tuning/jobs": ["lost"], "GET /fine_tuning/jobs": ["404"] * 9})
    ready, tuning = begin(script)
    row = ready.launch()
    work(row.id)
    assert ready.seen(row).status == "needs_decision"
    assert "could not be asked whether it has made the job" in (row.error or "")
    assert ready.session.query(PaidCall).one().state == "unknown"
    script.faults.clear()
    service.decide(ready.session, ready.access, row, "check")
    ready.session.commit()
    work(row.id)
    assert ready.seen(row).status == "succeeded"
    assert len(tuning.jobs) == 1


def test_a_person_may_send_it_again_or_give_it_up(begin: Begin) -> None:
    ready, tuning = begin(Script(faults={"POST /fine_tuning/jobs": ["500", "500"]}))
    row = ready.launch()
    work(row.id)
    assert ready.seen(row).status == "needs_decision"
    service.decide(ready.session, ready.access, row, "resend")
    ready.session.commit()
    work(row.id)
    assert ready.seen(row).status == "needs_decision"
    service.decide(ready.session, ready.access, row, "accept")
    ready.session.commit()
    assert ready.seen(row).status == "failed"
    assert tuning.count("POST /fine_tuning/jobs") == 2
    states = ready.session.execute(text("select attempt, state, decided_by is not null from paid_calls order by 1"))
    assert [tuple(state) for state in states] == [(1, "accepted", True), (2, "accepted", True)]


def test_the_local_engine_is_asked_again_by_policy(begin: Begin) -> None:
    ready, tuning = begin(Script(faults={"POST /fine_tuning/jobs": ["500"]}), kind="local_engine")
    row = ready.launch(hyperparameters={"adapter": {"r": 8}})
    work(row.id)
    assert ready.seen(row).status == "succeeded"
    assert (len(tuning.jobs), tuning.count("POST /fine_tuning/jobs")) == (1, 2)
    assert tuning.bodies[0]["adapter"] == {"r": 8, "type": "lora"}
    assert row.cost == 0
    assert ready.session.get_one(Candidate, row.candidate_id).name == "Tuned v1 · lora"


def test_what_was_never_sent_is_tried_again(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.gateway.retrying.FIRST_WAIT", 0.01)
    ready, tuning = begin(Script(faults={"POST /fine_tuning/jobs": ["429", "503"]}))
    row = ready.launch()
    work(row.id)
    assert ready.seen(row).status == "succeeded"
    states = ready.session.execute(text("select state from paid_calls order by attempt")).scalars()
    assert list(states) == ["failed", "failed", "done"]
    assert len(tuning.jobs) == len(tuning.files) == 1


def test_a_refusal_ends_it_with_the_providers_words(begin: Begin) -> None:
    ready, tuning = begin(Script(faults={"POST /fine_tuning/jobs": ["400"]}))
    row = ready.launch()
    work(row.id)
    assert (ready.seen(row).status, row.error) == ("failed", "The provider answered 400: scripted 400")
    assert tuning.jobs == {}


def test_cancelled_before_it_was_made(begin: Begin) -> None:
    ready, tuning = begin()
    row = ready.launch()
    service.cancel(ready.session, ready.access, row)
    ready.session.commit()
    work(row.id)
    assert ready.seen(row).status == "cancelled"
    assert tuning.journal == []


def test_cancelled_while_it_trains(begin: Begin) -> None:
    ready, tuning = begin(Script(steps=10_000))
    row = ready.launch()
    assert asyncio.run(runner.advance(row.id, 0.2))
    service.cancel(ready.session, ready.access, ready.seen(row))
    ready.session.commit()
    work(row.id)
    assert ready.seen(row).status == "cancelled"
    assert [job["status"] for job in tuning.jobs.values()] == ["cancelled"]
    assert sum(line.endswith("/cancel") for line in tuning.journal) == 1
    assert row.candidate_id is None


def test_trouble_while_watching_is_shown_and_passes(begin: Begin) -> None:
    script = Script()
    ready, tuning = begin(script)
    row = ready.launch()
    assert asyncio.run(runner.advance(row.id, 0.0))
    job = ready.seen(row).provider_job_id
    script.faults[f"GET /fine_tuning/jobs/{job}"] = ["500", "500"]
    assert asyncio.run(runner.advance(row.id, 0.0))
    assert "scripted 500. Trying again." in (ready.seen(row).error or "")
    work(row.id)
    assert (ready.seen(row).status, row.error) == ("succeeded", None)
    assert len(tuning.jobs) == 1


def test_a_job_that_is_gone_is_a_persons_matter(begin: Begin) -> None:
    ready, tuning = begin()
    row = ready.launch()
    assert asyncio.run(runner.advance(row.id, 0.0))
    tuning.jobs.clear()
    work(row.id)
    assert ready.seen(row).status == "needs_decision"
    assert "no such job" in (row.error or "")


def test_bytes_that_changed_are_never_uploaded(begin: Begin) -> None:
    ready, tuning = begin()
    row = ready.launch()
    ready.session.execute(text("update fine_tunes set export_sha256 = repeat('0', 64)"))
    ready.session.commit()
    work(row.id)
    assert ready.seen(row).status == "failed"
    assert "not those that were checked at launch" in (row.error or "")
    assert tuning.count("POST /files") == 0


def test_events_come_in_pages_and_are_stored_once(begin: Begin) -> None:
    ready, tuning = begin(Script(steps=230, statuses=["running"]))
    row = ready.launch()
    assert asyncio.run(runner.advance(row.id, 0.0))
    tuning.jobs[str(ready.seen(row).provider_job_id)]["looks"] = 229
    work(row.id)
    steps = [event.data["step"] for event in queries.events(ready.session, row.id)]
    assert steps == list(range(1, 231))


def test_the_projects_budget_stops_it_before_the_job_is_made(begin: Begin) -> None:
    ready, tuning = begin()
    budget = ProjectBudget(project_id=ready.project.id, monthly_limit=1000.0)
    ready.session.add(budget)
    ready.session.commit()
    row = ready.launch(training_price=100.0)
    budget.monthly_limit = 0.0
    ready.session.commit()
    work(row.id)
    row = ready.seen(row)
    assert row.status == "needs_decision"
    assert "monthly budget of $0.00" in (row.error or "")
    assert not tuning.jobs
    budget.monthly_limit = 1000.0
    service.decide(ready.session, ready.access, row, "check")
    ready.session.commit()
    work(row.id)
    assert (ready.seen(row).status, len(tuning.jobs)) == ("succeeded", 1)
    call = ready.session.scalars(select(PaidCall)).one()
    assert call.cost == pytest.approx(row.cost)


def test_a_launch_beyond_the_projects_budget_is_refused(begin: Begin) -> None:
    ready, _tuning = begin()
    ready.session.add(ProjectBudget(project_id=ready.project.id, monthly_limit=0.0001))
    ready.session.commit()
    with pytest.raises(Conflict, match="left of this month's budget"):
        ready.launch(training_price=100.0, override_reason="We want it all the same.")
