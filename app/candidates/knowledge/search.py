"""Full-text search over chosen versions: passages with all words of the question first, then those with some of them.

A word counts the more, the fewer passages have it (the inverse document frequency of BM25), times Postgres's
``ts_rank`` of the word in the passage; in a heading it counts twice, in the document's name two and a half times.
``websearch_to_tsquery`` reads the question, so that "a phrase" and -without work. docs/decisions/retrieval.md
"""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.candidates.knowledge.rules import Found

METHOD = "full text, words weighted by rarity (2)"  # goes into manifests: a change of FIND is a new number
MOST_WORDS = 64  # of a question, from its beginning
MOST_CHARACTERS = 20_000
FIND = text(r"""
with words as materialized (
  select w.lexeme, ('''' || replace(replace(w.lexeme, '\', '\\'), '''', '''''') || '''')::tsquery as term
  from unnest(to_tsvector(cast(:language as regconfig), :question)) w order by w.positions[1], w.lexeme limit :words
), hits as materialized (
  select w.lexeme, p.id, ts_rank('{0.4, 0.4, 0.8, 1.0}', p.search, w.term, 1) as weight
  from words w join knowledge_passages p on p.search @@ w.term
  where p.version_id = any(cast(:versions as uuid[]))
), rarity as (
  select lexeme, ln(1 + (:total - count(*) + 0.5) / (count(*) + 0.5)) as idf from hits group by lexeme
), scored as (
  select h.id, sum(h.weight * r.idf order by h.lexeme)::float8 as score
  from hits h join rarity r using (lexeme) group by h.id
)
select p.id::text, d.name as document, v.dated::text, p.heading, p.text, s.score
from scored s join knowledge_passages p on p.id = s.id
join knowledge_versions v on v.id = p.version_id join knowledge_documents d on d.id = v.document_id
order by p.search @@ websearch_to_tsquery(cast(:language as regconfig), :question) desc, s.score desc,
  d.name, v.dated desc, p.position limit :limit
""")
TOTAL = text("select coalesce(sum(passages), 0) from knowledge_versions where id = any(cast(:versions as uuid[]))")


def find(session: Session, language: str, versions: Sequence[str], question: str, limit: int) -> list[Found]:
    """At most ``limit`` passages, the best first; none where no word of the question stands anywhere."""
    asked = question.replace("\0", "")[:MOST_CHARACTERS]
    if not versions or not asked.strip():
        return []
    values = {"language": language, "question": asked, "versions": list(versions), "words": MOST_WORDS, "limit": limit}
    total = session.scalar(TOTAL, {"versions": values["versions"]})
    rows = session.execute(FIND, values | {"total": total})
    return [
        Found(number, row.id, row.document, row.dated, row.heading, row.text, round(row.score, 6))
        for number, row in enumerate(rows, 1)
    ]
