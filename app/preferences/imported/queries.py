"""All SQL of votes from elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Text, cast, func, null, select, text, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.ids import is_id
from app.datasets.models import TestCase
from app.preferences.imported.models import ImportedPair, ImportedVote, VoteFile
from app.preferences.models import PreferenceRound


@dataclass(frozen=True)
class Counts:
    """What a round holds. ``repeats``: of the votes, those after a reviewer's first on the same pair."""

    votes: int
    pairs: int
    repeats: int


def locked(session: Session, round_: PreferenceRound) -> PreferenceRound:
    """Read again and locked: neither a close nor another file comes in between."""
    query = select(PreferenceRound).where(PreferenceRound.id == round_.id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


def cases(session: Session, project_id: str, ids: Sequence[str]) -> dict[str, TestCase]:
    wanted = [one for one in ids if is_id(one)]
    if not wanted:
        return {}
    found = select(TestCase).where(TestCase.project_id == project_id, TestCase.id.in_(wanted))
    return {case.id: case for case in session.scalars(found)}


def add_pairs(session: Session, round_id: str, pairs: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, str]]:
    """Add those that are new. Answers (id, first candidate) by key, of all of them."""
    session.execute(insert(ImportedPair).values(list(pairs)).on_conflict_do_nothing())
    keys = [pair["key"] for pair in pairs]
    rows = session.execute(
        select(ImportedPair.key, ImportedPair.id, ImportedPair.candidate_a).where(
            ImportedPair.round_id == round_id, ImportedPair.key.in_(keys)
        )
    )
    return {key: (pair_id, candidate_a) for key, pair_id, candidate_a in rows}


def add_votes(session: Session, votes: Sequence[Mapping[str, Any]]) -> int:
    """Add those that did not come before; answers how many."""
    new = insert(ImportedVote).values(list(votes)).on_conflict_do_nothing()
    return len(session.execute(new.returning(ImportedVote.id)).all())


def counts(session: Session, round_id: str) -> Counts:
    votes, pairs, firsts = session.execute(
        select(
            func.count(),
            func.count(ImportedVote.pair_id.distinct()),
            func.count(func.row(ImportedVote.pair_id, ImportedVote.reviewer).distinct()),
        ).where(ImportedVote.round_id == round_id)
    ).one()
    return Counts(votes, pairs, votes - firsts)


def votes_by_round(session: Session, round_ids: Sequence[str]) -> dict[str, int]:
    rows = session.execute(
        select(ImportedVote.round_id, func.count())
        .where(ImportedVote.round_id.in_(round_ids))
        .group_by(ImportedVote.round_id)
    )
    return {row[0]: row[1] for row in rows}


def reviewers(session: Session, round_id: str) -> Sequence[Row[str, int, int]]:
    """(name, votes, pairs) by name; repeats count as votes."""
    return session.execute(
        select(ImportedVote.reviewer, func.count(), func.count(ImportedVote.pair_id.distinct()))
        .where(ImportedVote.round_id == round_id)
        .group_by(ImportedVote.reviewer)
        .order_by(ImportedVote.reviewer)
    ).all()


CANDIDATES = text("""
    select name, count(*) from imported_pairs p 
    cross join lateral (values (p.candidate_a, 'a'), (p.candidate_b, 'b')) as c(name, side)
    where p.round_id = :round group by name order by min(p.id::text || side)
""")


def candidates(session: Session, round_id: str) -> list[tuple[str, int]]:
    """(name, pairs it stands in), in the order in which they were first seen."""
    return [(row[0], row[1]) for row in session.execute(CANDIDATES, {"round": round_id})]


def files(session: Session, round_id: str) -> Sequence[VoteFile]:
    """Newest first."""
    query = select(VoteFile).where(VoteFile.round_id == round_id).order_by(VoteFile.id.desc())
    return session.scalars(query).all()


def cast_votes(session: Session, round_id: str, *, reasons: bool = False) -> Sequence[Any]:
    """Every vote with its pair, in the order in which they came; ``nth``: the reviewer's how manieth on the pair.
    ``reasons``: only those with a rationale, ``nth`` counting among them, without the lengths of outputs: to take those
    each text is read."""
    outputs = ImportedPair.output_a, ImportedPair.output_b
    length = [null() if reasons else func.char_length(cast(output, Text)) for output in outputs]
    nth = func.row_number().over(partition_by=(ImportedVote.pair_id, ImportedVote.reviewer), order_by=ImportedVote.id)
    return session.execute(
        select(
            ImportedPair.id.label("pair_id"),
            ImportedPair.case_id,
            ImportedPair.prompt_key,
            ImportedPair.candidate_a,
            ImportedPair.candidate_b,
            length[0].label("length_a"),
            length[1].label("length_b"),
            ImportedPair.tags,
            ImportedVote.winner,
            ImportedVote.reviewer,
            ImportedVote.rationale,
            ImportedVote.criteria,
            ImportedVote.seconds,
            nth.label("nth"),
        )
        .join(ImportedVote, ImportedVote.pair_id == ImportedPair.id)
        .where(ImportedPair.round_id == round_id, ImportedVote.rationale != "" if reasons else true())
        .order_by(ImportedVote.id)
    ).all()
