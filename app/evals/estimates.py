"""What a run will cost at most, before it is paid for: the candidate's calls and those of the judges."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.candidates.models import Candidate
from app.datasets.models import TestCase, TestSet
from app.evals import calls, graded, service
from app.evals.forms import NewRun
from app.evals.graders import GraderSpec, NotGradable, Sample
from app.evals.graders.base import OutputError
from app.evals.graders.judging import Ask, request_body
from app.evals.graders.templates import Scope
from app.gateway.models import Provider
from app.projects.access import Access

LOOKED_AT = 200  # cases whose prompts are made to see how long they are; of larger sets the rest is like them
CHARACTERS = 3  # of a token
MARK = "0" * 8


@dataclass(frozen=True)
class JudgeCost:
    """``cost``: dollars at most, None without a price."""

    grader: str
    model: str
    calls: int
    cost: float | None


@dataclass(frozen=True)
class Estimate:
    calls: int
    candidate_cost: float | None
    judges: Sequence[JudgeCost]

    @property
    def cost(self) -> float | None:
        """Of all; None where a part of it is not known."""
        parts = [self.candidate_cost, *(judge.cost for judge in self.judges)]
        return None if None in parts else sum(part or 0.0 for part in parts)


def estimate(session: Session, access: Access, new: NewRun) -> Estimate:
    """Every call as long as it may be: the bill is below it. Raises what starting the run would."""
    candidate, test_set, graders = service.checked(session, access, new)
    once = _candidate_cost(session, candidate, test_set)
    judged = [spec for spec in graders if spec.definition.asks]
    return Estimate(
        test_set.size * new.repeats,
        None if once is None else once * new.repeats,
        _judges(session, candidate, test_set, judged, new.repeats) if judged else (),
    )


def _candidate_cost(session: Session, candidate: Candidate, test_set: TestSet) -> float | None:
    provider = session.get(Provider, candidate.provider_id)
    if candidate.price is None and provider is not None and provider.kind == "local_engine":
        return 0.0 if provider.hourly_rate is None else None  # how long its answers take is not known before
    return calls.most_it_can_cost(session, candidate.id, test_set.id)


def _judges(
    session: Session, candidate: Candidate, test_set: TestSet, graders: Sequence[GraderSpec], repeats: int
) -> list[JudgeCost]:
    step = max(1, test_set.size // LOOKED_AT)
    query = select(TestCase).where(TestCase.test_set_id == test_set.id, TestCase.position % step == 0)
    items = [graded.item_of(case) for case in session.scalars(query)]
    tokens = candidate.parameters.get("max_tokens") or candidate.parameters.get("max_completion_tokens")
    answer = Sample("x" * CHARACTERS * int(tokens or calls.ASSUMED_OUTPUT_TOKENS))
    found = []
    for spec in graders:
        scopes = [scope for item in items if _gradable(spec, scope := Scope(item, answer))]
        scale = repeats * test_set.size / len(items) if items else 0.0
        found += [_cost(spec, ask, scopes, scale) for ask in spec.definition.asks]
    return found


def _cost(spec: GraderSpec, ask: Ask, scopes: Sequence[Scope], scale: float) -> JudgeCost:
    costs = [ask.most_it_can_cost(_characters(ask, scope)) for scope in scopes]
    turns = len(ask.turns) * scale
    total = None if ask.price is None else sum(cost or 0.0 for cost in costs) * turns
    return JudgeCost(spec.name, ask.model, round(len(scopes) * turns), total)


def _gradable(spec: GraderSpec, scope: Scope) -> bool:
    try:
        scope.check_item(spec.definition.templates)
        spec.definition.check_case(scope.item)
    except NotGradable:
        return False
    return True


def _characters(ask: Ask, scope: Scope) -> int:
    text = scope.sample.output_text or ""
    try:
        body = request_body(ask, scope, MARK, (text, text) if ask.against else None)
    except (NotGradable, OutputError):  # it looks into an answer of a shape that this one does not have
        return sum(map(len, ask.templates)) + len(str(scope.item)) + len(text)
    return sum(len(message["content"]) for message in body["messages"])
