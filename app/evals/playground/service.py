"""Verbs of the playground: plan and start a trial, stop it and go on, keep a variant as a candidate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.annotation.assist import queries as assist
from app.annotation.assist import service as model_batches
from app.annotation.assist.estimate import of_call
from app.annotation.assist.forms import Price as BatchPrice
from app.candidates import queries as candidates
from app.candidates import service as candidate_service
from app.candidates.few_shot import queries as few_shot_queries
from app.candidates.few_shot import service as few_shot
from app.candidates.few_shot.forms import FewShot
from app.candidates.forms import NewCandidate, Price
from app.candidates.knowledge.forms import NewRetrieval
from app.candidates.models import Candidate
from app.core.errors import Conflict, FieldError, Invalid
from app.core.ids import is_id
from app.evals import service as evals
from app.evals.graders import GraderSpec, parse_spec
from app.evals.playground import judging, queries
from app.evals.playground.forms import NewTrial, NewVersion, Variant, VariantBatch
from app.evals.playground.grading import item_of
from app.evals.playground.kind import PLAYGROUND
from app.evals.playground.models import PlaygroundTrial, PlaygroundVariant
from app.examples.forms import SelectionFilter
from app.gateway import queries as providers
from app.gateway.models import Provider
from app.projects.access import Access

RESUMABLE = ("paused", "failed", "cancelled")


@dataclass(frozen=True)
class PlannedTrial:
    """What would be sent, at most; ``dollars`` None where no price is known. ``examples``: ids, ``left_out``: why
    others are not asked. ``shares``: dollars by variant. ``judging``: calls to judges afterwards, and dollars
    at most."""

    candidate: Candidate
    batches: Sequence[VariantBatch]
    graders: Sequence[GraderSpec]
    examples: Sequence[str]
    left_out: dict[str, int]
    calls: int
    input_tokens: int
    output_tokens: int
    shares: Sequence[float | None]
    judging: tuple[int, float | None] = (0, 0.0)

    @property
    def dollars(self) -> float | None:
        return None if None in self.shares else sum(share or 0.0 for share in self.shares)


def plan(session: Session, access: Access, new: NewTrial) -> PlannedTrial:
    """Nothing is sent. Invalid names what cannot be tried."""
    source = candidates.get(session, access.project.id, new.candidate_id)
    provider = _provider(session, source)
    graders = _graders(session, access, new)
    ids = new.example_ids or _drawn(session, access, new, provider)
    batches = [_batch(session, access, source, provider, one, ids, place) for place, one in enumerate(new.variants)]
    planned = [model_batches.plan(session, access, PLAYGROUND, one) for one in batches]
    asked = [example.id for example, _content, _body in planned[0].examples]
    if not asked:
        raise Invalid.field(
            "example_ids", "None of these examples may be asked: choose plain ones of the training side."
        )
    found = PlannedTrial(
        candidate=source,
        batches=batches,
        graders=graders,
        examples=asked,
        left_out=planned[0].left_out,
        calls=sum(one.estimate.calls for one in planned),
        input_tokens=sum(one.estimate.input_tokens for one in planned),
        output_tokens=sum(one.estimate.output_tokens for one in planned),
        shares=[one.estimate.dollars for one in planned],
        judging=_judging(graders, planned),
    )
    _within(new.budget, found)
    return found


def start(session: Session, access: Access, new: NewTrial) -> PlaygroundTrial:
    """One model batch for each variant, each with its part of the budget."""
    planned = plan(session, access, new)
    trial = PlaygroundTrial(
        project_id=access.project.id,
        candidate_id=planned.candidate.id,
        graders=[spec.snapshot() for spec in planned.graders],
        budget=new.budget,
        created_by=access.user.id,
    )
    session.add(trial)
    session.flush()
    whole = planned.dollars
    for place, (one, share) in enumerate(zip(planned.batches, planned.shares, strict=True)):
        part = new.budget * (share or 0.0) / whole if new.budget and whole else None
        asked = one.model_copy(update={"budget": part or None, "trial_id": trial.id})
        batch = model_batches.start(session, access, PLAYGROUND, asked)
        session.add(PlaygroundVariant(trial_id=trial.id, position=place, batch_id=batch.id))
    session.flush()
    return trial


def cancel(session: Session, access: Access, trial: PlaygroundTrial) -> None:
    for batch in queries.batches(session, trial.id):
        model_batches.cancel(session, access, batch)


def resume(session: Session, access: Access, trial: PlaygroundTrial) -> None:
    """Go on with what was not sent yet. Conflict where nothing has stopped."""
    stopped = [one for one in queries.batches(session, trial.id) if one.status in RESUMABLE and one.done < one.total]
    if not stopped:
        raise Conflict("Nothing of this trial has stopped before its end.")
    for batch in stopped:
        model_batches.resume(session, access, batch)


def decide_unknown(session: Session, access: Access, trial: PlaygroundTrial, action: str) -> None:
    """Of calls that may have been billed without an answer: send again, or take the loss."""
    waiting = [one for one in queries.batches(session, trial.id) if assist.unknown(session, one.id)[0]]
    if not waiting:
        raise Conflict("No call waits for a decision.")
    for batch in waiting:
        model_batches.decide_unknown(session, access, batch, action)


def save(session: Session, access: Access, trial: PlaygroundTrial, new: NewVersion) -> Candidate:
    """A variant as a candidate: the next version of the one that it was tried with.

    Conflict where a worked example was edited since: what would be kept was not tried."""
    batches = queries.batches(session, trial.id)
    if new.variant >= len(batches):
        raise Invalid.field("variant", "The trial has no such variant.")
    said = batches[new.variant].settings
    source = candidates.get(session, access.project.id, trial.candidate_id)
    fields = {name: getattr(source, name) for name in ("provider_id", "model", "parameters")}
    wanted = NewCandidate(
        name=new.name,
        system_prompt=said["system_prompt"],
        prompt_template=said["prompt_template"],
        price=Price(**source.price) if source.price else None,
        few_shot=FewShot(example_ids=[one[0] for one in said["few_shot"]]) if said["few_shot"] else None,
        retrieval=_as_said(source.retrieval),
        **fields,
    )
    made = candidate_service.create(session, access, wanted, cloned_from=source.id, keep_retrieval=True)
    kept = [[shot.example_id, shot.revision] for shot in few_shot_queries.of_candidate(session, made.id)]
    if kept != [list(one) for one in said["few_shot"]]:
        raise Conflict("A worked example was edited since this was tried: try it again, then keep it.")
    return made


def _graders(session: Session, access: Access, new: NewTrial) -> list[GraderSpec]:
    """Those that are named, and those of the newest run on a test set; of two of one name the first. Invalid for a
    judge of pairs: it compares with a run."""
    named = evals.specs(session, access.project.id, new.graders)
    if new.graders_of:
        used = queries.graders_of(session, access.project.id, new.graders_of) if is_id(new.graders_of) else []
        if not used:
            raise Invalid.field("graders_of", "No run on this test set is finished: choose graders by their names.")
        names = {spec.name for spec in named}
        of_set = [parse_spec(raw) for raw in used]
        named += [spec for spec in of_set if spec.name not in names and not _compares(spec)]
    if any(_compares(spec) for spec in named):
        raise Invalid.field("graders", "A judge of pairs compares with a run, and is for runs: choose others here.")
    return named


def _compares(spec: GraderSpec) -> bool:
    return any(ask.against for ask in spec.definition.asks)


def _judging(graders: Sequence[GraderSpec], planned: Sequence[model_batches.Planned]) -> tuple[int, float | None]:
    """(calls to judges once all outputs are in, dollars at most)."""
    judged = [spec for spec in graders if spec.definition.asks]
    found: list[tuple[int, float | None]] = []
    for one in planned if judged else ():
        for _example, content, body in one.examples:
            item = item_of(content, ())
            found += [judging.most_for(spec, item, of_call(body)[1]) for spec in judged if item is not None]
    costs = [cost for _calls, cost in found]
    return sum(calls for calls, _cost in found), None if None in costs else sum(cost or 0.0 for cost in costs)


def _as_said(retrieval: Mapping[str, Any] | None) -> NewRetrieval | None:
    names = ("collection_id", "top_k", "as_of", "ranking")
    return NewRetrieval.model_validate({name: retrieval.get(name) for name in names}) if retrieval else None


def _provider(session: Session, source: Candidate) -> Provider:
    found = candidates.provider(session, source.provider_id or "")
    if found is None:
        raise Invalid.field("candidate_id", "There is no model to ask: choose a candidate with a connected provider.")
    return providers.usable(session, found.id)


def _drawn(session: Session, access: Access, new: NewTrial, provider: Provider) -> list[str]:
    wanted = FewShot(k=new.count, tag=new.tag, behavior=new.behavior, seed=new.seed)
    try:
        return [shot.example_id for shot in few_shot.choose(session, access.project.id, wanted, provider)]
    except Invalid as error:
        raise Invalid.field("count", str(error)) from error


def _batch(
    session: Session,
    access: Access,
    source: Candidate,
    provider: Provider,
    one: Variant,
    ids: Sequence[str],
    place: int,
) -> VariantBatch:
    shots = _shots(session, access, source, provider, one, ids, place)
    if {shown for shown, _revision in shots} & set(ids):
        words = "An example would be asked and shown with its answer: take it out of one of the two."
        raise Invalid.field(f"variants.{place}.few_shot", words)
    return VariantBatch(
        filter=SelectionFilter(ids=list(ids)),
        provider_id=provider.id,
        model=source.model,
        price=BatchPrice(**source.price) if source.price else None,
        system_prompt=one.system_prompt,
        prompt_template=one.prompt_template,
        parameters=dict(source.parameters),
        few_shot=shots,
        candidate_id=source.id if source.retrieval else None,
    )


def _shots(
    session: Session,
    access: Access,
    source: Candidate,
    provider: Provider,
    one: Variant,
    ids: Sequence[str],
    place: int,
) -> list[tuple[str, int]]:
    if one.keep_few_shot:
        return [(shot.example_id, shot.revision) for shot in few_shot.to_take_over(session, source.id)]
    if one.few_shot is None:
        return []
    try:
        found = few_shot.choose(session, access.project.id, one.few_shot, provider, without=ids)
    except Invalid as error:
        raise Invalid(str(error), [FieldError(f"variants.{place}.{e.loc}", e.msg) for e in error.errors]) from error
    return [(shot.example_id, shot.revision) for shot in found]


def _within(budget: float | None, found: PlannedTrial) -> None:
    if budget is None:
        return
    if found.dollars is None:
        raise Invalid.field("budget", "A budget needs the candidate's prices: without them nothing can be counted.")
    if found.dollars > budget:
        raise Invalid.field("budget", f"This may cost ${found.dollars:.6f}: raise the budget, or ask for less.")
