"""Judges of a trial: what they would be asked, at what price; asking them; and what they said, for grades."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.core.errors import Conflict, NotFound
from app.evals.graders import GraderSpec, NotGradable, parse_spec
from app.evals.graders.base import OutputError, Sample
from app.evals.graders.judging import Ask, Judgement, request_body
from app.evals.graders.templates import Scope
from app.evals.judges import planning
from app.evals.playground import queries, retrieving
from app.evals.playground.grading import item_of, sample_of
from app.evals.playground.models import PlaygroundJudging, PlaygroundTrial
from app.evals.tries import queries as calls
from app.evals.tries.store import Place
from app.gateway.models import PaidCall
from app.jobs.queue import enqueue
from app.projects.access import Access

PLACE = Place("playground_judgings", "playground_judge")
OPEN = ("queued", "running")
Wanted = dict[str, tuple[Ask, int]]  # by the call's item: what is asked, characters of the prompt
Said = Mapping[str, Sequence[Judgement]]  # by the key of the ask


@dataclass(frozen=True)
class Standing:
    """``calls`` that judges were not asked yet, ``dollars`` at most what they cost (None where a price is missing);
    ``unknown`` ones wait for a decision."""

    status: str
    calls: int
    dollars: float | None
    cost: float | None
    error: str | None
    unknown: int
    unknown_cost: float

    @property
    def live(self) -> bool:
        return self.status in OPEN


def of_trial(session: Session, trial_id: str) -> PlaygroundJudging | None:
    return session.scalar(select(PlaygroundJudging).where(PlaygroundJudging.trial_id == trial_id))


def get(session: Session, trial_id: str) -> PlaygroundJudging:
    """Raises NotFound for a trial that was not judged."""
    found = of_trial(session, trial_id)
    if found is None:
        raise NotFound("The judging of this trial")
    return found


def standing(session: Session, trial: PlaygroundTrial) -> Standing | None:
    """None for a trial whose graders ask no judge."""
    if not any(parse_spec(raw).definition.asks for raw in trial.graders):
        return None
    row = of_trial(session, trial.id)
    left = missing(session, trial, row)
    costs = [ask.most_it_can_cost(characters) for ask, characters in left.values()]
    dollars = None if None in costs else sum(cost or 0.0 for cost in costs)
    if row is None:
        return Standing("", len(left), dollars, None, None, 0, 0.0)
    return Standing(row.status, len(left), dollars, row.cost, row.error, *calls.unknown(session, row.id))


def ask(session: Session, access: Access, trial: PlaygroundTrial) -> PlaygroundJudging:
    """Have the judges asked about outputs that they have not judged. Conflict where there is nothing to ask."""
    if queries.open_batches(queries.batches(session, trial.id)):
        raise Conflict("Outputs are still coming in: have them judged once all are there.")
    row = of_trial(session, trial.id)
    if row is not None:
        session.refresh(row, with_for_update=True)
    left = missing(session, trial, row)
    if not left or (row is not None and row.status in OPEN):
        raise Conflict("The judges have nothing left to be asked here.")
    if row is None:
        row = PlaygroundJudging(
            project_id=access.project.id, trial_id=trial.id, status="queued", created_by=access.user.id
        )
        session.add(row)
        session.flush()
    rows = [planning.call_of(row.project_id, row.id, PLACE.purpose, item, *wants) for item, wants in left.items()]
    session.execute(insert(PaidCall), rows)
    _queue(session, access, row, "judge")
    return row


def decide_unknown(session: Session, access: Access, row: PlaygroundJudging, action: str) -> None:
    """Of calls that may have been billed without a verdict: send them again, or take the loss."""
    session.refresh(row, with_for_update=True)
    if row.status in OPEN or not calls.unknown(session, row.id)[0]:
        raise Conflict("No call waits for a decision.")
    if action == "accept":
        calls.accept_unknown(session, row.id, access.user.id)
        return
    again = calls.resend_unknown(session, row.id, access.user.id)
    row.answers = {item: said for item, said in row.answers.items() if item not in again}
    _queue(session, access, row, "judge again")


def said_of(row: PlaygroundJudging | None, specs: Sequence[GraderSpec]) -> dict[str, Said]:
    """By output (``{batch}/{example}``) what judges said of it, by the key of the ask, one judgement for each turn."""
    found: dict[str, dict[str, Sequence[Judgement]]] = {}
    answers = row.answers if row else {}
    for item in answers:
        output = item.partition(":")[0]
        for one in (ask for spec in specs for ask in spec.definition.asks):
            kept = [answers.get(f"{output}:{one.key}:{turn}") for turn in one.turns]
            if all(kept):
                found.setdefault(output, {})[one.key] = [
                    Judgement(**{name: value for name, value in said.items() if value is not None})
                    for said in kept
                    if said
                ]
    return dict(found)


def missing(session: Session, trial: PlaygroundTrial, row: PlaygroundJudging | None) -> Wanted:
    """What judges would be asked of the outputs that are there and that they have not judged, nor were asked about."""
    asked = queries.items_asked(session, row.id) if row else set()
    specs = [spec for spec in map(parse_spec, trial.graders) if spec.definition.asks]
    wanted: Wanted = {}
    for output, scope in scopes(session, trial):
        for spec in specs:
            for one, characters in _askable(spec, scope):
                wanted |= {f"{output}:{one.key}:{turn}": (one, characters) for turn in one.turns}
    return {item: wants for item, wants in wanted.items() if item not in asked}


def scopes(session: Session, trial: PlaygroundTrial) -> Iterator[tuple[str, Scope]]:
    """(``{batch}/{example}``, what graders see) of the complete outputs."""
    found = retrieving.of_trial(session, trial.id)
    batches = [one.id for one in queries.batches(session, trial.id)]
    for item, _example, content in queries.items(session, batches):
        graded = item_of(content, found.get(item.example_id))
        if graded is not None and item.state in ("answered", "done"):
            yield f"{item.batch_id}/{item.example_id}", Scope(graded, sample_of(item))


def most_for(spec: GraderSpec, item: Mapping[str, object], tokens: int) -> tuple[int, float | None]:
    """(calls, dollars at most) of judging an answer to one example that has as many tokens as may come back."""
    scope = Scope(item, Sample("x" * 3 * tokens))
    costs = [one.most_it_can_cost(characters) for one, characters in _askable(spec, scope) for _turn in one.turns]
    return len(costs), None if None in costs else sum(cost or 0.0 for cost in costs)


def _askable(spec: GraderSpec, scope: Scope) -> Iterator[tuple[Ask, int]]:
    try:
        scope.check_item(spec.definition.templates)
        spec.definition.check_case(scope.item)
        for one in spec.definition.asks:
            body = request_body(one, scope, planning.MARK, None)
            yield one, sum(len(message["content"]) for message in body["messages"])
    except (NotGradable, OutputError):
        return


def _queue(session: Session, access: Access, row: PlaygroundJudging, action: str) -> None:
    row.status, row.error, row.finished_at = "queued", None, None
    session.flush()
    keys = {"actor_id": access.user.id, "project_id": access.project.id}
    record(session, action, "trial of prompts", row.trial_id, **keys)
    enqueue(session, "evals.judge_playground", key=f"playground-judging:{row.id}", judging_id=row.id)
