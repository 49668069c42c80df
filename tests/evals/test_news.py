"""The project's webhook hears of runs and fine-tunes that ended, once each."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from app.core.ids import new_id
from app.evals import blind, news, service
from app.finetunes import news as fine_tune_news
from app.finetunes.models import FineTune
from app.projects.access import Access
from app.projects.notifications.jobs import notify
from app.projects.notifications.models import Notification, Webhook
from tests.evals import factories
from tests.evals.conftest import Bench


@pytest.fixture
def hooked(bench: Bench) -> Bench:
    bench.session.add(Webhook(project_id=bench.project.id, url="http://127.0.0.1:9/", secret_ciphertext=b"x"))
    bench.session.commit()
    return bench


def told(bench: Bench) -> list[tuple[str, dict[str, Any]]]:
    bench.session.rollback()
    rows = bench.session.scalars(select(Notification).order_by(Notification.id))
    return [(row.event, row.payload) for row in rows]


def test_a_finished_run_is_told_once_with_its_figures(hooked: Bench) -> None:
    run = hooked.run(2)
    news.tell_of(run.id)  # a job that was cut off comes back here
    ((event, payload),) = told(hooked)
    assert event == "eval_run.succeeded"
    assert payload["run"]["number"] == run.number
    assert payload["run"]["metrics"][0] == {
        "key": "task_accuracy",
        "value": 1.0,
        "n": 2,
        "interval": pytest.approx([0.342, 1.0], abs=0.001),
    }
    assert f"Run {run.number} ({hooked.candidate.name} on" in payload["text"]
    assert payload["text"].endswith("has finished: task accuracy 100.0 %.")
    assert payload["url"].endswith(f"/p/{hooked.project.slug}/runs/{run.id}")


def test_figures_stay_out_while_a_blind_round_rests_on_the_run(hooked: Bench) -> None:
    run, round_id = hooked.run(2), new_id()
    access = Access(hooked.user, hooked.project, "engineer")
    blind.blind(hooked.session, round_id, [run.id], [hooked.user.id])
    service.regrade(hooked.session, access, run, [factories.LABEL])
    hooked.session.commit()
    hooked.work()
    _event, payload = told(hooked)[-1]
    assert payload["text"].endswith("has finished.")
    assert payload["run"]["metrics"] == []
    assert (payload["run"]["cost"], payload["run"]["failed"]) == (None, None)
    blind.unblind(hooked.session, round_id)
    hooked.session.commit()
    service.regrade(hooked.session, access, hooked.fresh(run), [factories.LABEL])
    hooked.session.commit()
    hooked.work()
    _event, payload = told(hooked)[-1]
    assert len(told(hooked)) == 3
    assert payload["run"]["metrics"][0]["value"] == 1.0


def test_a_failed_run_says_why(hooked: Bench) -> None:
    hooked.double.script.faults = {"question": ["401"] * 20}
    run = hooked.run(3)
    assert run.status == "failed"
    ((event, payload),) = told(hooked)
    assert event == "eval_run.failed"
    assert "401" in payload["text"]


def test_a_run_that_waits_for_a_person_is_told_and_again_when_it_is_done(hooked: Bench) -> None:
    hooked.double.script.faults = {"question 0.": ["reset"]}
    run = hooked.run(2)
    assert [event for event, _ in told(hooked)] == ["eval_run.needs_decision"]
    service.decide_unknown(hooked.session, Access(hooked.user, hooked.project, "engineer"), run, "accept")
    hooked.session.commit()
    hooked.work()
    assert [event for event, _ in told(hooked)] == ["eval_run.needs_decision", "eval_run.succeeded"]


def test_without_a_webhook_nothing_is_kept(bench: Bench) -> None:
    bench.run(1)
    assert told(bench) == []


@pytest.mark.parametrize(
    ("status", "error", "text"),
    [
        ("succeeded", None, "Fine-tune 7 of base has finished."),
        ("failed", "No memory left.", "Fine-tune 7 of base has failed: No memory left."),
        ("running", None, None),
    ],
)
def test_fine_tunes(hooked: Bench, status: str, error: str | None, text: str | None) -> None:
    row = FineTune(
        id="01a20afc-7b40-74f9-99da-faa9d6301750",
        number=7,
        project_id=hooked.project.id,
        base_model="base",
        method="lora",
        status=status,
        error=error,
    )
    fine_tune_news.tell(hooked.session, row)
    fine_tune_news.tell(hooked.session, row)
    hooked.session.commit()
    assert [payload["text"] for _event, payload in told(hooked)] == ([] if text is None else [text])


def test_the_one_sender_delivers_it(hooked: Bench) -> None:
    """What cannot be delivered stands in the journal of all messages, with the reason."""
    hooked.run(1)
    row = hooked.session.scalars(select(Notification)).one()
    asyncio.run(notify(notification_id=row.id))
    hooked.session.expire_all()
    assert (row.channel, row.status) == ("webhook", "failed")
    assert row.error
