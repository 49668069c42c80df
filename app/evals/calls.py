"""A run's part of the paid-call ledger. A call of purpose ``eval`` has the item ``{case id}:{repeat}``, one of purpose
``judge`` the item ``{output id}:{judge}:{turn}``.

A call is wanted while its output or judgement is missing: ``planned`` waits to be sent, ``unknown`` for a person.
"""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

# What an answer may cost at most: a token for every three characters sent, and all the tokens that may come back.
ASSUMED_OUTPUT_TOKENS = 1024
PASSAGE_CHARACTERS = 1_500  # of a retrieved passage with its label, at most
# dollars, of candidate c and case t
MOST = """
  ((length(t.messages::text) + coalesce(length(c.system_prompt), 0) + coalesce(length(c.prompt_template), 0)
      + coalesce((select sum(length(s.messages::text)) from candidate_shots s where s.candidate_id = c.id), 0)
      + coalesce((c.retrieval ->> 'top_k')::int, 0) * :passage) / 3.0 * (c.price ->> 'input')::numeric
    + coalesce((c.parameters ->> 'max_tokens')::numeric, (c.parameters ->> 'max_completion_tokens')::numeric, :assumed)
    * (c.price ->> 'output')::numeric) / 1000000
"""
PLAN = text(f"""
insert into paid_calls (id, project_id, provider_id, subject_id, purpose, item, attempt, state, cost_estimate)
select gen_random_uuid(), r.project_id, c.provider_id, r.id, 'eval', t.id || ':' || n, 1, 'planned', {MOST}
from eval_runs r join candidates c on c.id = r.candidate_id join test_cases t on t.test_set_id = r.test_set_id
cross join generate_series(0, r.repeats - 1) n
where r.id = :run on conflict do nothing
""")  # noqa: S608 (no value of a user's)
ESTIMATE = text(f"""
select sum({MOST})::float8 from candidates c, test_cases t where c.id = :candidate and t.test_set_id = :set
""")  # noqa: S608

# the newest attempt of each item, where it stands in :state, tried once more
AGAIN = """
insert into paid_calls (id, project_id, provider_id, subject_id, purpose, item, attempt, state, cost_estimate)
select gen_random_uuid(), project_id, provider_id, subject_id, purpose, item, attempt + 1, 'planned', cost_estimate
from paid_calls p where subject_id = :run and purpose in ('eval', 'judge') and {which}
and not exists (select from paid_calls q where q.subject_id = p.subject_id and q.purpose = p.purpose
                and q.item = p.item and q.attempt > p.attempt)
on conflict do nothing
"""
RESEND_UNKNOWN = text(AGAIN.format(which="state = 'unknown'"))
NO_OUTPUT = "select from outputs o where o.run_id = p.subject_id and o.status = 'failed'"
NO_VERDICT = "select from judgements j where j.run_id = p.subject_id and j.status <> 'given'"
RETRY_FAILED = text(
    AGAIN.format(
        which="state in ('done', 'failed', 'accepted') and ("
        f"exists ({NO_OUTPUT} and o.case_id || ':' || o.repeat = p.item) or "
        f"exists ({NO_VERDICT} and j.output_id || ':' || j.judge || ':' || j.turn = p.item))"
    )
)
LOST = text("""
insert into outputs (id, run_id, case_id, repeat, call_id, status, error)
select gen_random_uuid(), subject_id, split_part(item, ':', 1)::uuid, split_part(item, ':', 2)::int, id, 'failed',
  'No answer arrived, though the call may have been billed; the loss was accepted.'
from paid_calls where subject_id = :run and purpose = 'eval' and state = 'unknown'
on conflict do nothing
""")
LOST_JUDGEMENTS = text("""
insert into judgements (id, run_id, output_id, judge, turn, call_id, status, problem)
select gen_random_uuid(), subject_id, split_part(item, ':', 1)::uuid, split_part(item, ':', 2),
  split_part(item, ':', 3), id, 'failed',
  'No answer arrived, though the call may have been billed; the loss was accepted.'
from paid_calls where subject_id = :run and purpose = 'judge' and state = 'unknown'
on conflict do nothing
""")
# what was uploaded as failed has no call that could be made again
FORGET_FAILED = text("""
delete from outputs where run_id = :run and status = 'failed' and finish_reason is distinct from 'uploaded'
""")
DECIDE = text("""
update paid_calls set state = :state, decided_by = :user, finished_at = clock_timestamp()
where subject_id = :run and purpose in ('eval', 'judge') and state = 'unknown'
""")
COUNT = text("""
select count(*), coalesce(sum(cost_estimate), 0)::float8 from paid_calls
where subject_id = :run and purpose in ('eval', 'judge') and state = 'unknown'
""")


@dataclass(frozen=True)
class Unknown:
    """Calls that may have reached the provider and been billed, and what they may have cost (dollars)."""

    count: int
    cost_estimate: float


def plan(session: Session, run_id: str) -> None:
    """One planned call for every case and repeat that has none yet."""
    session.execute(PLAN, {"run": run_id, "assumed": ASSUMED_OUTPUT_TOKENS, "passage": PASSAGE_CHARACTERS})


def most_it_can_cost(session: Session, candidate_id: str, test_set_id: str) -> float | None:
    """Dollars for asking a candidate every case of a set once; None where it has no price."""
    values: dict[str, object] = {"candidate": candidate_id, "set": test_set_id, "assumed": ASSUMED_OUTPUT_TOKENS}
    values |= {"passage": PASSAGE_CHARACTERS}
    found: float | None = session.scalar(ESTIMATE, values)
    return found


def unknown(session: Session, run_id: str) -> Unknown:
    return Unknown(*session.execute(COUNT, {"run": run_id}).one())


def accept_unknown(session: Session, run_id: str, user_id: str) -> None:
    """Take the loss: the cases count as failed (or not judged), nothing is sent again."""
    session.execute(LOST, {"run": run_id})
    session.execute(LOST_JUDGEMENTS, {"run": run_id})
    session.execute(DECIDE, {"run": run_id, "user": user_id, "state": "accepted"})


def resend_unknown(session: Session, run_id: str, user_id: str) -> None:
    """Send them again as new attempts: they may be billed twice, and a person has said so."""
    session.execute(RESEND_UNKNOWN, {"run": run_id})
    session.execute(DECIDE, {"run": run_id, "user": user_id, "state": "accepted"})


def retry_failed(session: Session, run_id: str) -> int:
    """Plan a new attempt for each output that failed and each judgement without a verdict, and forget those. An output
    that was cut short is answered, and paid."""
    planned = session.execute(RETRY_FAILED, {"run": run_id})
    session.execute(text("delete from judgements where run_id = :run and status <> 'given'"), {"run": run_id})
    session.execute(FORGET_FAILED, {"run": run_id})
    return int(planned.rowcount)  # type: ignore[attr-defined]
