"""Whom a run asks: read once when a stage begins. Keys are decrypted here, in the worker."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.candidates.few_shot import queries as few_shot
from app.candidates.few_shot import rules as few_shot_rules
from app.candidates.knowledge.pinning import pinned
from app.candidates.models import Candidate
from app.core.db import transaction
from app.evals.models import EvalRun
from app.evals.runner.asking import Asked
from app.evals.runner.errors import CannotStart
from app.gateway.client import Connection, connection_to
from app.gateway.keys import UnreadableKey
from app.gateway.models import Provider
from app.gateway.pacing import Pace, pace_of

DISABLED = "The candidate's provider was disabled: clone the candidate for another one."
ERASED = "A worked example in the candidate's prompt was erased: clone the candidate with other ones."
JUDGE_DISABLED = "The judge's provider was disabled: grade again with a judge of another one."


@dataclass(frozen=True)
class Setup:
    """``pace`` keeps the provider's limits per minute; None where it has none."""

    connection: Connection
    slots: int
    pace: Pace | None


@dataclass(frozen=True)
class CandidateSetup(Setup):
    """``reuses``: answers of other runs to the same requests are taken over."""

    asked: Asked
    reuses: bool


def of_candidate(run_id: str) -> CandidateSetup:
    """Raises CannotStart, whose message says what to do."""
    with transaction() as session:
        run = session.get_one(EvalRun, run_id)
        candidate = session.get_one(Candidate, run.candidate_id)
        provider, connection = connection_of(session, candidate.provider_id, DISABLED)
        shots = [shot.messages for shot in few_shot.of_candidate(session, candidate.id)]
        searches, stream, reuses = pinned(session, candidate.retrieval), run.stream, run.reuse_identical != "no"
    if few_shot_rules.ERASED in shots:
        raise CannotStart(ERASED)
    price = candidate.price
    if price is None and provider.kind == "local_engine":
        price = _by_the_hour(provider.hourly_rate, _slots(run, provider))
    asked = Asked(
        candidate.model,
        candidate.system_prompt,
        candidate.prompt_template,
        dict(candidate.parameters),
        price,
        shots,
        searches,
        stream,
        f"{provider.id} {connection.base_url}",
    )
    return CandidateSetup(connection, _slots(run, provider), _pace(provider), asked, reuses)


def _by_the_hour(rate: float | None, at_a_time: int) -> dict[str, float]:
    """A machine of one's own costs nothing until it has a rate. Calls that are under way together share its time."""
    return {"input": 0.0, "output": 0.0} | ({} if rate is None else {"second": rate / 3600 / at_a_time})


def of_judge(run_id: str, provider_id: str) -> Setup:
    """Raises CannotStart, whose message says what to do."""
    with transaction() as session:
        run = session.get_one(EvalRun, run_id)
        provider, connection = connection_of(session, provider_id, JUDGE_DISABLED)
    return Setup(connection, _slots(run, provider), _pace(provider))


def connection_of(session: Session, provider_id: str | None, when_disabled: str) -> tuple[Provider, Connection]:
    """Raises CannotStart, whose message says what to do."""
    provider = session.get(Provider, provider_id) if provider_id else None
    if provider is None or provider.disabled_at:
        raise CannotStart(when_disabled)
    try:
        return provider, connection_to(provider)
    except UnreadableKey as error:
        raise CannotStart(f"{provider.name}: {error}") from error


def _slots(run: EvalRun, provider: Provider) -> int:
    return max(1, min(run.concurrency, provider.max_concurrency))


def _pace(provider: Provider) -> Pace | None:
    return pace_of(provider.id, provider.requests_per_minute, provider.tokens_per_minute)
