"""SQL of the checklist: a handful of grouped queries over the pool (see ``facts``), none of them a row at a time."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.checks.readiness.facts import Finding, Signed

POOL = "e.project_id = :p and e.deleted_at is null and e.status = 'approved' and e.split = 'train'"
KINDS = text(f"""
select coalesce(e.behavior, ''), coalesce(e.source, ''), count(*) from examples e where {POOL} group by 1, 2
""")  # noqa: S608 (a constant)
TAGS = text(f"select tag, count(*) from examples e, unnest(e.tags) tag where {POOL} group by 1")  # noqa: S608
# a label is what is expected; where nothing is said, an answer that is a label of the project
LABELS = text(f"""
select coalesce(r.expected ->> 'label', e.answer), count(*) from examples e
join revisions r on r.example_id = e.id and r.number = e.revision
where {POOL} and coalesce(r.expected ->> 'label', case when e.answer = any(:labels) then e.answer end) is not null
group by 1
""")  # noqa: S608
FINDINGS = text(f"""
select f.kind, case when grouping(f.code) = 0 then f.code end, f.state, count(distinct f.example_id)
from findings f join examples e on e.id = f.example_id
where f.project_id = :p and f.state in ('open', 'accepted') and {POOL}
group by grouping sets ((f.kind, f.state), (f.kind, f.code, f.state)) order by 4 desc, 1, 2
""")  # noqa: S608
# A person's approval of one example writes one line; approving many at once does not count as reading them
REVIEWED = text(f"""
select count(*) from examples e where {POOL} and exists (
  select from audit_events a where a.project_id = :p and a.object_type = 'example' and a.object_id = e.id::text
  and a.action in ('approve', 'settle'))
""")  # noqa: S608
UNSCANNED = text(f"""
select count(*) from examples e left join scan_marks m on m.example_id = e.id
where {POOL} and (m.revision is distinct from e.revision or m.detectors is distinct from :stamp or not m.pooled)
""")  # noqa: S608
TO_REVIEW = text("""
select count(*) from examples e where e.project_id = :p and e.deleted_at is null and e.status = 'to_review'
and e.split = 'train'
""")
SETS = text("""
select count(*) filter (where sealed_at is not null), coalesce(sum(size) filter (where sealed_at is not null), 0),
  coalesce(sum(size) filter (where sealed_at is null), 0) from test_sets where project_id = :p
""")
TEST_BEHAVIORS = text("""
select behavior, count(*) from test_cases where project_id = :p and behavior is not null group by 1
""")
# a red-team or general set asks for what is not to be trained on
TEST_TAGS = text("""
select tag, count(*) from test_cases c join test_sets s on s.id = c.test_set_id, unnest(c.tags) tag
where c.project_id = :p and s.kind in ('task', 'edge') group by 1
""")
# Kept: the same revision, or another one (a tag, say) with the same content
SIGNATURES = text(f"""
select s.item, s.action, u.name, u.email, s.created_at, s.note, s.approved, s.content_hash, cardinality(s.sample_ids),
  (select count(*) from unnest(s.example_ids, s.revisions) as t(id, revision) join examples e on e.id = t.id
   where {POOL} and (e.revision = t.revision or exists (
     select from revisions a join revisions b on b.example_id = a.example_id and b.content_hash = a.content_hash
     where a.example_id = e.id and a.number = t.revision and b.number = e.revision)))
from (select distinct on (item) * from sign_offs where project_id = :p order by item, id desc) s
join users u on u.id = s.user_id
""")  # noqa: S608
SIGN = text(f"""
insert into sign_offs (id, project_id, item, action, note, user_id, approved, content_hash, example_ids, revisions,
  sample_ids)
select :id, :p, :item, :action, :note, :user, count(*),
  encode(sha256(coalesce(string_agg(r.content_hash, '' order by e.id), '')::bytea), 'hex'),
  coalesce(array_agg(e.id order by e.id), '{{}}'), coalesce(array_agg(e.revision order by e.id), '{{}}'),
  cast(:sample as uuid[])
from examples e join revisions r on r.example_id = e.id and r.number = e.revision where {POOL}
""")  # noqa: S608
SAMPLE = text(f"""
select e.id::text from examples e where {POOL} order by hashtextextended(e.id::text, :seed), e.id limit :size
""")  # noqa: S608


def counted(session: Session, project_id: str) -> tuple[int, dict[str, int], dict[str, int]]:
    """(examples of the pool, by behaviour, by source)."""
    behaviors: dict[str, int] = {}
    sources: dict[str, int] = {}
    for behavior, source, count in session.execute(KINDS, {"p": project_id}):
        behaviors[behavior] = behaviors.get(behavior, 0) + count
        sources[source] = sources.get(source, 0) + count
    return sum(behaviors.values()), behaviors, sources


def tags(session: Session, project_id: str) -> dict[str, int]:
    return _pairs(session, TAGS, {"p": project_id})


def labels(session: Session, project_id: str, known: Sequence[str]) -> dict[str, int]:
    return _pairs(session, LABELS, {"p": project_id, "labels": list(known)})


def findings(session: Session, project_id: str) -> tuple[list[Finding], dict[str, int]]:
    """(by kind, code and state; examples with an open finding by kind)."""
    detailed, open_kinds = [], {}
    for kind, code, state, count in session.execute(FINDINGS, {"p": project_id}):
        if code is not None:
            detailed.append(Finding(kind, code, state, count))
        elif state == "open":
            open_kinds[kind] = count
    return detailed, open_kinds


def reviewed(session: Session, project_id: str) -> int:
    return int(session.execute(REVIEWED, {"p": project_id}).scalar_one())


def to_review(session: Session, project_id: str) -> int:
    return int(session.execute(TO_REVIEW, {"p": project_id}).scalar_one())


def unscanned(session: Session, project_id: str, stamp: str) -> int:
    """Examples of the pool whose current revision the present detectors have not seen, or not compared."""
    return int(session.execute(UNSCANNED, {"p": project_id, "stamp": stamp}).scalar_one())


def sets(session: Session, project_id: str) -> tuple[int, int, int]:
    """(sealed sets, their cases, cases in drafts)."""
    sealed, cases, drafts = session.execute(SETS, {"p": project_id}).one()
    return int(sealed), int(cases), int(drafts)


def test_behaviors(session: Session, project_id: str) -> dict[str, int]:
    return _pairs(session, TEST_BEHAVIORS, {"p": project_id})


def test_tags(session: Session, project_id: str) -> dict[str, int]:
    return _pairs(session, TEST_TAGS, {"p": project_id})


def signatures(session: Session, project_id: str) -> dict[str, Signed]:
    """The newest statement of each point."""
    found = {}
    for row in session.execute(SIGNATURES, {"p": project_id}):
        item, action, name, email, at, note, approved, digest, sample, kept = row
        found[item] = Signed(action, name or email, at, note, approved, kept, digest, sample)
    return found


def sign(session: Session, **values: Any) -> None:
    """Write the statement together with the pool that it rests on, as it stands now."""
    session.execute(SIGN, values)


def sample(session: Session, project_id: str, seed: int, size: int) -> list[str]:
    """A random sample of the pool; the same seed gives the same one, as long as the pool is the same."""
    return list(session.scalars(SAMPLE, {"p": project_id, "seed": seed, "size": size}))


def _pairs(session: Session, query: Any, values: Mapping[str, Any]) -> dict[str, int]:
    return {row[0]: row[1] for row in session.execute(query, values)}
