"""Verbs of preference rounds: open, close. Voting itself is in ``voting``."""

import secrets
from collections.abc import Sequence
from random import Random
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.accounts.models import User
from app.core.clock import utcnow
from app.core.errors import Conflict, FieldError, Forbidden, Invalid
from app.core.ids import new_id, random_id
from app.evals import blind
from app.jobs.queue import enqueue
from app.preferences import queries
from app.preferences.assignment import assign
from app.preferences.forms import NewRound
from app.preferences.guests import service as guests
from app.preferences.models import Ballot, BallotPair, Pair, PreferenceRound, RoundReviewer
from app.preferences.opening import drawing
from app.preferences.opening.drawing import Drawn
from app.projects.access import Access


def open_round(session: Session, access: Access, new: NewRound) -> PreferenceRound:
    """Make the pairs and every ballot at once: from here on nothing depends on who asks when."""
    runs = drawing.runs_of(session, access.project.id, new.run_ids)
    people = _reviewers(session, access, new, [run.id for run in runs])
    seed = new.seed if new.seed is not None else secrets.randbits(61)
    round_ = PreferenceRound(
        project_id=access.project.id,
        name=new.name or f"Round of {utcnow():%-d %B %Y}",
        criteria=new.criteria,
        criteria_list=new.criteria_list,
        guideline=access.project.guideline if new.project_guideline else new.guideline,
        slice=new.slice.model_dump() if new.slice else {},
        test_set_id=runs[0].test_set_id,
        run_ids=[run.id for run in runs],
        votes_per_pair=new.votes_per_pair,
        max_votes=new.max_votes,
        repeat_fraction=new.repeat_fraction,
        order=new.order,
        self_naming=new.self_naming,
        seed=seed,
        created_by=access.user.id,
    )
    session.add(round_)
    session.flush()
    if people:
        session.execute(insert(RoundReviewer), [{"round_id": round_.id, "user_id": p.id} for p in people])
    seats = [guests.seat(session, access, round_, name, new.guest_days).user_id for name in new.guests]
    found = drawing.material(session, round_.run_ids)
    drawn = drawing.draw(session, round_.run_ids, found, new, Random(seed))  # noqa: S311 (a seed makes it repeatable)
    shown = _make_pairs(session, round_, drawn)
    _make_ballots(session, round_, shown, [*(p.id for p in people), *seats], Random(seed + 1))  # noqa: S311
    blind.blind(session, round_.id, round_.run_ids, [p.id for p in people])
    record(session, "open", "round", round_.id, actor_id=access.user.id, project_id=access.project.id, pairs=len(shown))
    return round_


def close_round(session: Session, access: Access, round_: PreferenceRound) -> None:
    """For good: no vote after this, and the results exist from here on."""
    if round_.closed_at is not None:
        raise Conflict("This round is closed already.")
    if queries.is_reviewer(session, round_.id, access.user.id) and not access.can("engineer"):
        raise Forbidden("A reviewer cannot close the round.")
    # Votes under way hold this row: first wait for them, then read the clock, so that none is later than the close
    session.execute(select(PreferenceRound.id).where(PreferenceRound.id == round_.id).with_for_update())
    closed = session.execute(
        update(PreferenceRound)
        .where(PreferenceRound.id == round_.id, PreferenceRound.closed_at.is_(None))
        .values(closed_at=func.clock_timestamp(), closed_by=access.user.id)
        .returning(PreferenceRound.id)
    ).first()
    if closed is None:
        raise Conflict("This round is closed already.")
    session.refresh(round_)
    blind.unblind(session, round_.id)
    enqueue(session, "preferences.results", key=f"round-results:{round_.id}", round_id=round_.id)
    record(session, "close", "round", round_.id, actor_id=access.user.id, project_id=access.project.id)


def _reviewers(session: Session, access: Access, new: NewRound, run_ids: Sequence[str]) -> list[User]:
    """Which members can be blind: not who opens the round, not who has looked at the runs' outputs."""
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
    can_vote = len(chosen) + len(new.guests)
    if can_vote < new.votes_per_pair:
        raise Invalid.field(
            "votes_per_pair",
            f"Each pair needs {new.votes_per_pair} reviewers, but {can_vote} can vote: members who made the round "
            "or opened the runs' outputs cannot. Add people to the project, seat guests, or ask for fewer votes per "
            "pair.",
        )
    return chosen


def _make_pairs(session: Session, round_: PreferenceRound, drawn: Sequence[Drawn]) -> list[tuple[str, dict[str, Any]]]:
    """Store the pairs; answer (pair id, texts) of those to be shown."""
    rows, shown = [], []
    for one in drawn:
        pair_id, apart = new_id(), bool(one.named) and round_.self_naming == "apart"
        pair = {"id": pair_id, "round_id": round_.id, "case_id": one.case_id, "identical": one.identical}
        pair |= {"output_a_id": one.output_a, "output_b_id": one.output_b, "named": one.named, "apart": apart}
        rows.append(pair)
        if not one.identical and not apart:
            shown.append((pair_id, {"prompt": one.prompt, "text_a": one.text_a, "text_b": one.text_b}))
    if not shown and any(row["apart"] for row in rows):
        raise Invalid.field("self_naming", "In every pair that differs an output names its model: mask or keep them.")
    session.execute(insert(Pair), rows)
    return shown


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
