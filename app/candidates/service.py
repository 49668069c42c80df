"""Verbs of candidates: create, archive, designate the baseline. A candidate never changes: to edit is to clone."""

from collections.abc import Sequence

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.candidates import queries
from app.candidates.few_shot import service as few_shot
from app.candidates.few_shot.models import CandidateShot
from app.candidates.forms import NewCandidate
from app.candidates.knowledge import pinning
from app.candidates.models import Baseline, Candidate, MakingCost
from app.core.clock import utcnow
from app.core.errors import Conflict, Invalid
from app.projects.access import Access


def create(
    session: Session,
    access: Access,
    new: NewCandidate,
    *,
    cloned_from: str | None = None,
    keep_few_shot: bool = False,
    keep_retrieval: bool = False,
) -> Candidate:
    """Make a candidate; Invalid for an unknown provider or unusable worked examples, Conflict for a name in use.

    ``keep_few_shot``: a clone without ``few_shot`` of its own takes over those of its source, word for word.
    ``keep_retrieval``: a clone searches the very state that its source does.
    """
    provider = queries.provider(session, new.provider_id)
    if provider is None:
        raise Invalid.field("provider_id", "This provider does not exist, or was switched off.")
    if queries.name_taken(session, access.project.id, new.name):
        raise Conflict(f"There is already a candidate “{new.name}”: choose another name.")
    source = queries.get(session, access.project.id, cloned_from) if cloned_from is not None else None
    if keep_retrieval:
        retrieval = source.retrieval if source else None
    else:
        retrieval = pinning.pin(session, access.project.id, new.retrieval) if new.retrieval else None
    shots: Sequence[few_shot.Shot | CandidateShot] = ()
    if new.few_shot:
        shots = few_shot.choose(session, access.project.id, new.few_shot, provider)
    elif cloned_from and keep_few_shot:
        shots = few_shot.to_take_over(session, cloned_from)
    candidate = Candidate(
        project_id=access.project.id,
        cloned_from=cloned_from,
        created_by=access.user.id,
        retrieval=retrieval,
        **new.model_dump(exclude={"retrieval", "few_shot"}),
    )
    _add(session, access.project.id, access.user.id, candidate)
    few_shot.put(session, candidate.id, shots)
    return candidate


def create_tuned(
    session: Session,
    project_id: str,
    actor_id: str | None,
    *,
    name: str,
    provider_id: str,
    model: str,
    fine_tune_id: str,
    like: Candidate | None,
) -> Candidate:
    """The candidate of a finished fine-tune: it inherits the baseline's prompt with its worked
    examples, its retrieval, its parameters and its price.

    A name in use gets a number behind it.
    """
    unique, number = name, 2
    while queries.name_taken(session, project_id, unique):
        unique, number = f"{name} ({number})", number + 1
    candidate = Candidate(
        project_id=project_id,
        name=unique,
        provider_id=provider_id,
        model=model,
        system_prompt=like.system_prompt if like else None,
        prompt_template=like.prompt_template if like else None,
        retrieval=like.retrieval if like else None,
        parameters=dict(like.parameters) if like else {},
        price=like.price if like else None,
        origin="fine_tune",
        fine_tune_id=fine_tune_id,
        created_by=actor_id,
    )
    _add(session, project_id, actor_id, candidate)
    few_shot.put(session, candidate.id, few_shot.to_take_over(session, like.id) if like else ())
    return candidate


def create_uploaded(session: Session, project_id: str, actor_id: str, name: str) -> Candidate:
    """A candidate whose outputs were made elsewhere: only its name is known. An uploaded one of that name is reused."""
    for candidate, _provider in queries.listed(session, project_id):
        if candidate.name == name:
            if candidate.origin != "upload":
                raise Conflict(f"“{name}” is a candidate of this project: choose another name for the upload.")
            return candidate
    candidate = Candidate(project_id=project_id, name=name, model="uploaded", origin="upload", created_by=actor_id)
    return _add(session, project_id, actor_id, candidate)


def archive(session: Session, access: Access, candidate: Candidate) -> None:
    current = queries.baseline(session, access.project.id)
    if current is not None and current.id == candidate.id:
        raise Conflict("This is the baseline: designate another one first.")
    candidate.archived_at = utcnow()
    record(session, "archive", "candidate", candidate.id, actor_id=access.user.id, project_id=access.project.id)


def set_baseline(session: Session, access: Access, candidate_id: str) -> Candidate:
    """From now on everything is compared with this candidate."""
    candidate = queries.get(session, access.project.id, candidate_id)
    session.add(Baseline(project_id=access.project.id, candidate_id=candidate.id, set_by=access.user.id))
    record(
        session,
        "designate",
        "baseline",
        candidate.id,
        actor_id=access.user.id,
        project_id=access.project.id,
        name=candidate.name,
    )
    return candidate


def _add(session: Session, project_id: str, actor_id: str | None, candidate: Candidate) -> Candidate:
    session.add(candidate)
    session.flush()
    record(
        session,
        "create",
        "candidate",
        candidate.id,
        actor_id=actor_id,
        project_id=project_id,
        name=candidate.name,
    )
    return candidate


def note_making(session: Session, candidate_id: str, training: float) -> None:
    """What the training cost, in US dollars; said again, the newest figure counts."""
    row = {"candidate_id": candidate_id, "training": training}
    query = insert(MakingCost).values(row)
    session.execute(query.on_conflict_do_update(index_elements=["candidate_id"], set_={"training": training}))
