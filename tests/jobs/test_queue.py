"""Jobs are added in the transaction of the row that needs them."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.jobs.queue import enqueue


def waiting(session: Session) -> int:
    return int(session.execute(text("select count(*) from procrastinate_jobs where status = 'todo'")).scalar_one())


def test_a_job_is_added_and_taken_back_with_the_transaction(session: Session) -> None:
    enqueue(session, "evals.run", key="one", run_id="x")
    assert waiting(session) == 1
    session.rollback()
    assert waiting(session) == 0


def test_a_key_waits_once_and_asking_twice_leaves_nothing_open(session: Session) -> None:
    enqueue(session, "evals.run", key="one", run_id="x")
    enqueue(session, "evals.run", key="one", run_id="x")
    assert waiting(session) == 1
    session.execute(text("create temporary table written as select 1 as row"))
    session.execute(text("insert into written values (2)"))
    # a savepoint that is still open has a transaction id of its own
    same = text("select xmin::text = (pg_current_xact_id()::xid)::text from written where row = 2")
    assert session.execute(same).scalar_one() is True
