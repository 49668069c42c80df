"""Where each stage stands, in one round trip: the rail and the overview ask this on every page."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.overview.rules import Standing

# Counts go through indexes on (project, …). Each line is one stage's question.
STANDING = text("""
select
  tallies.*,
  (select count(*) from test_sets where project_id = :p) as test_sets,
  (select count(*) from test_sets where project_id = :p and sealed_at is not null) as sealed_sets,
  (select coalesce(sum(size), 0) from test_sets where project_id = :p and sealed_at is not null) as sealed_cases,
  (select coalesce(max(size), 0) from test_sets where project_id = :p and sealed_at is null) as draft_cases,
  (select count(*) from dataset_versions where project_id = :p) as versions,
  (select count(*) from candidates where project_id = :p and archived_at is null) as candidates,
  (select count(*) from knowledge_collections where project_id = :p and archived_at is null) as collections,
  (select candidate_id::text from baselines where project_id = :p order by id desc limit 1) as baseline_id,
  (select count(*) from eval_runs where project_id = :p) as runs,
  (select count(*) from eval_runs where project_id = :p
     and status in ('queued', 'running', 'paused', 'needs_decision')) as runs_open,
  (select id::text from eval_runs r where r.project_id = :p and r.status = 'succeeded' and r.candidate_id =
     (select candidate_id from baselines where project_id = :p order by id desc limit 1)
     order by id desc limit 1) as baseline_run_id,
  (select count(*) from fine_tunes where project_id = :p) as fine_tunes,
  (select count(*) from fine_tunes where project_id = :p and status in ('queued', 'running', 'paused',
     'needs_decision')) as fine_tunes_open,
  (select count(*) from fine_tunes where project_id = :p and status = 'succeeded') as tuned,
  (select id::text from fine_tunes where project_id = :p and status in ('queued', 'running', 'paused',
     'needs_decision') order by id desc limit 1) as open_fine_tune_id,
  (select c.id::text from candidates c where c.project_id = :p and c.origin = 'fine_tune' and c.archived_at is null
     order by c.id desc limit 1) as tuned_candidate_id,
  (select r.id::text from eval_runs r join candidates c on c.id = r.candidate_id where r.project_id = :p
     and r.status = 'succeeded' and c.origin = 'fine_tune' order by r.id desc limit 1) as tuned_run_id,
  (select count(*) from preference_rounds where project_id = :p) as rounds,
  (select count(*) from verdicts where project_id = :p) as verdicts,
  (select count(*) from preference_rounds where project_id = :p and closed_at is null) as rounds_open,
  exists (select from scans where project_id = :p and status = 'succeeded') as scanned,
  (select count(*) from (select from findings where project_id = :p and state = 'open' limit 1000) f) as findings,
  (select count(*) from members where project_id = :p) as people,
  (select count(*) from round_reviewers v join preference_rounds r on r.id = v.round_id
     where r.project_id = :p and r.closed_at is null and v.user_id = :u
     and exists (select from ballots b where b.round_id = r.id and b.reviewer_id = :u
       and not exists (select from votes w where w.ballot_id = b.id))) as rounds_waiting_for_me,
  (select count(*) from (select from assignment_items i join assignments a on a.id = i.assignment_id
     join examples e on e.id = i.example_id
     where i.user_id = :u and a.project_id = :p and a.cancelled_at is null
     and e.status = 'to_review' and e.split = 'train' and e.deleted_at is null
     and not exists (select from annotations n where n.example_id = i.example_id and n.annotator_id = :u
       and n.created_at >= i.assigned_at) group by i.example_id limit 1000) as mine) as assigned_to_me,
  (select count(*) from comment_mentions where user_id = :u and project_id = :p and seen_at is null) as mentions
from (select coalesce(sum(n), 0)::bigint as examples,
  coalesce(sum(n) filter (where split = 'train' and status = 'to_review'), 0)::bigint as to_review,
  coalesce(sum(n) filter (where split = 'train' and status = 'approved'), 0)::bigint as approved
  from example_tallies where project_id = :p) as tallies
""")


def standing(session: Session, project_id: str, user_id: str) -> Standing:
    row = session.execute(STANDING, {"p": project_id, "u": user_id}).one()
    return Standing(**row._asdict())
