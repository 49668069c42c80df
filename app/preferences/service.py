"""Verbs of preference rounds: open, close. Voting itself is in ``ballots.py``."""

import secrets
from collections.abc import Sequence
from itertools import groupby
from random import Random
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.accounts.models import User
from app.core.clock import utcnow
from app.core.errors import Conflict, FieldError, Forbidden, Invalid
from app.core.ids import new_id, random_id
from app.evals import blind
from app.evals.models import EvalRun
from app.preferences import queries
from app.preferences.assignment import assign, pairs_of_case
from app.preferences.forms import NewRound
from app.preferences.models import Ballot, BallotPair, Pair, PreferenceRound, RoundReviewer
from app.projects.access import Access


def open_round(session: Session, access: Access, new: NewRound) -> PreferenceRound:
    """Make the pairs and every ballot at once: from here on nothing depends on who asks when."""
    runs = _runs(session, access.project.id, new.run_ids)
    people = _reviewers(session, access, new, [run.id for run in runs])
    seed = new.seed if new.seed is not None else secrets.randbits(61)
    round_ = PreferenceRound(
        project_id=access.project.id,
        name=new.name or f"Round of {utcnow():%-d %B %Y}",
        criteria=new.criteria,
        test_set_id=runs[0].test_set_id,
        run_ids=[run.id for run in runs],
        votes_per_pair=new.votes_per_pair,
        repeat_fraction=new.repeat_fraction,
        seed=seed,
        created_by=access.user.id,
    )
    session.add(round_)
    session.flush()
    session.execute(insert(RoundReviewer), [{"round_id": round_.id, "user_id": p.id} for p in people])
    shown = _make_pairs(session, round_, new.max_pairs, Random(seed))  # noqa: S311 (a seed makes it repeatable)
    _make_ballots(session, round_, shown, [p.id for p in people], Random(seed + 1))  # noqa: S311
    blind.blind(session, round_.id, round_.run_ids, [p.id for p in people])
    record(session, "open", "round", round_.id, actor_id=access.user.id, project_id=access.project.id, pairs=len(shown))
    return round_


def close_round(session: Session, access: Access, round_: PreferenceRound) -> None:
    """For good: no vote after this, and the results exist from here on."""
    if round_.closed_at is not None:
        raise Conflict("This round is closed already.")
    if queries.is_reviewer(session, round_.id, access.user.id) and not access.can("engineer"):
        raise Forbidden("A reviewer cannot close the round.")
    closed = session.execute(
        update(PreferenceRound)
        .where(PreferenceRound.id == round_.id, PreferenceRound.closed_at.is_(None))
        .values(closed_at=utcnow(), closed_by=access.user.id)
        .returning(PreferenceRound.id)
    ).first()
    if closed is None:
        raise Conflict("This round is closed already.")
    session.refresh(round_)
    blind.unblind(session, round_.id)
    record(session, "close", "round", round_.id, actor_id=access.user.id, project_id=access.project.id)


def _runs(session: Session, project_id: str, run_ids: Sequence[str]) -> list[EvalRun]:
    found = {run.id: run for run in queries.runs(session, project_id, run_ids)}
    if len(found) < len(set(run_ids)) or len(set(run_ids)) < 2:
        raise Invalid.field("run_ids", "Choose two or more different runs of this project.")
    runs = [found[run_id] for run_id in dict.fromkeys(run_ids)]
    if any(run.status != "succeeded" for run in runs):
        raise Invalid.field("run_ids", "Every run must be finished.")
    if len({run.test_set_id for run in runs}) > 1:
        raise Invalid.field("run_ids", "The runs must be on the same test set.")
    return runs


def _reviewers(session: Session, access: Access, new: NewRound, run_ids: Sequence[str]) -> list[User]:
    """Who can be blind: not who opens the round, not who has looked at the runs' outputs."""
    saw = queries.who_saw(session, run_ids) | {access.user.id}
    possible = {user.email: user for user in queries.possible_reviewers(session, access.project.id)}
    if new.reviewers is None:
        chosen = [user for user in possible.values() if user.id not in saw]
    else:
        errors = []
        for email in new.reviewers:
            if email.lower() not in possible:
                errors.append(FieldError("reviewers", f"{email} is no member who may vote."))
            elif possible[email.lower()].id in saw:
                errors.append(FieldError("reviewers", f"{email} knows whose outputs these are, so cannot vote blind."))
        if errors:
            raise Invalid(" ".join(e.msg for e in errors), errors)
        chosen = [possible[email.lower()] for email in dict.fromkeys(new.reviewers)]
    if len(chosen) < new.votes_per_pair:
        raise Invalid.field(
            "votes_per_pair",
            f"Each pair needs {new.votes_per_pair} reviewers, but {len(chosen)} can vote: members who made the round "
            "or opened the runs' outputs cannot. Add people to the project, or ask for fewer votes per pair.",
        )
    return chosen


def _make_pairs(
    session: Session, round_: PreferenceRound, max_pairs: int | None, rng: Random
) -> list[tuple[str, dict[str, Any]]]:
    """Store the pairs; answer (pair id, texts) of those to be shown."""
    rows = queries.complete_outputs(session, round_.run_ids)
    made: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for _case, group in groupby(rows, key=lambda row: row[0]):
        outputs = list(group)
        texts = {row[2]: row[4] or "" for row in outputs}
        prompt = [m for m in outputs[0][1] if m.get("role") not in ("system", "developer")]
        for a, b, identical in pairs_of_case([(row[2], row[3], row[4] or "") for row in outputs]):
            pair = {"id": new_id(), "round_id": round_.id, "case_id": outputs[0][0], "identical": identical}
            pair |= {"output_a_id": a, "output_b_id": b}
            made.append((pair, {"prompt": prompt, "text_a": texts[a], "text_b": texts[b]}))
    if max_pairs is not None and len(made) > max_pairs:
        made = rng.sample(made, max_pairs)
    if not made:
        raise Invalid.field("run_ids", "These runs have no case that all of them answered.")
    session.execute(insert(Pair), [pair for pair, _texts in made])
    return [(pair["id"], texts) for pair, texts in made if not pair["identical"]]


def _make_ballots(
    session: Session,
    round_: PreferenceRound,
    shown: Sequence[tuple[str, dict[str, Any]]],
    people: Sequence[str],
    rng: Random,
) -> None:
    ballots, ways_back = [], []
    for one in assign(len(shown), people, round_.votes_per_pair, round_.repeat_fraction, rng):
        pair_id, texts = shown[one.pair]
        ballot_id = random_id()
        frame = {"id": ballot_id, "round_id": round_.id, "reviewer_id": one.reviewer, "position": one.position}
        ballots.append(texts | frame | {"a_is_left": one.a_is_left})
        ways_back.append({"ballot_id": ballot_id, "pair_id": pair_id, "is_repeat": one.is_repeat})
    if ballots:
        session.execute(insert(Ballot), ballots)
        session.execute(insert(BallotPair), ways_back)
