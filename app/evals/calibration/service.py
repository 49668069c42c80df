"""May a grader hold a gate? Rules may; a judge may once its agreement with people is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy.orm import Session

from app.core.errors import Invalid
from app.core.stats.results import Estimate
from app.evals import graded, retrieved
from app.evals.calibration import queries
from app.evals.calibration.rules import PASS_FAIL, Agreement, agreement, enough, majority
from app.evals.graded import item_of
from app.evals.graders import Definition, Grade, GraderSpec, grade, parse_spec
from app.evals.judges import providers
from app.evals.judges import queries as judgements
from app.evals.models import EvalRun
from app.projects.models import Project

Status = Literal["calibrated", "uncalibrated", "not_a_judge"]
LABELLED = ("label_model", "behavior")


@dataclass(frozen=True)
class State:
    """``why`` is for people, without a full stop. ``kappa`` is None for what is no judge, or has no marks."""

    grader: str
    status: Status
    why: str
    kappa: Estimate | None = None

    @property
    def can_gate(self) -> bool:
        return self.status != "uncalibrated"

    @property
    def sentence(self) -> str:
        return f"{self.why[:1].upper()}{self.why[1:]}."


def state(
    session: Session, project_id: str, grader: GraderSpec | Mapping[str, Any], run_id: str | None = None
) -> State:
    """What a grader (as it stands in a run, or saved) is worth in a gate. ``run_id``: also look whether the judge's
    model answered there under the name that it had when it was calibrated."""
    spec = grader if isinstance(grader, GraderSpec) else parse_spec(grader)
    if not spec.definition.asks:
        return State(spec.name, "not_a_judge", "a rule, not a model")
    if any(ask.against for ask in spec.definition.asks):
        return State(spec.name, "uncalibrated", "a judge of pairs is looked at beside a blind round, and holds no gate")
    try:
        spec = providers.settled(session, project_id, spec)
    except Invalid as error:
        return State(spec.name, "uncalibrated", str(error).rstrip("."))
    found, unjudged = measured(session, project_id, spec)
    if found.n == 0:
        return State(spec.name, "uncalibrated", _nothing(unjudged))
    ok, why = enough(found, session.get_one(Project, project_id).judge_bound)
    drifted = _drift(session, spec, run_id) if ok and run_id else None
    if drifted:
        return State(spec.name, "uncalibrated", drifted, found.kappa)
    return State(spec.name, "calibrated" if ok else "uncalibrated", why, found.kappa)


def states(session: Session, run: EvalRun) -> dict[str, State]:
    """The state of each judge among a run's graders, by name; graders that are rules are left out."""
    found = {raw["name"]: state(session, run.project_id, raw, run.id) for raw in run.graders}
    return {name: one for name, one in found.items() if one.status != "not_a_judge"}


def measured(session: Session, project_id: str, spec: GraderSpec) -> tuple[Agreement, int]:
    """Agreement over the outputs whose marks are only counted, and how many of them this very judge has not judged."""
    choices = choices_of(spec.definition)
    ids = [s.id for s in queries.samples(session, project_id, spec.name) if tuple(s.choices) == choices]
    rows, unjudged = compared(session, spec, queries.marked(session, ids, "measure"))
    said = [(row.people, row.judge) for row in rows if row.people is not None and row.judge is not None]
    return agreement(said, choices), unjudged


def settled(session: Session, project_id: str, spec: GraderSpec) -> GraderSpec:
    """The grader with its providers; as it stands where they cannot be found."""
    try:
        return providers.settled(session, project_id, spec)
    except Invalid:
        return spec


@dataclass(frozen=True)
class Compared:
    """A marked output: what most people say of it, and what the judge says and why; None where nothing counts."""

    marked: queries.Marked
    people: str | None
    judge: str | None
    reason: str


def compared(session: Session, spec: GraderSpec, marked: Sequence[queries.Marked]) -> tuple[list[Compared], int]:
    """Each marked output as people and judge see it; and how many of them have no verdict of this very judge."""
    said = judgements.of_outputs(session, [one.output.id for one in marked])
    sources = retrieved.of_outputs(session, [one.output for one in marked])
    found = []
    for one in marked:
        item = item_of(one.case, sources.get(one.output.id))
        given = grade(spec, item, graded.sample_of(one.output), said.get(one.output.id))
        found.append(Compared(one, majority(one.choices), choice_of(spec.definition, given), given.reason))
    return found, sum(row.judge is None for row in found)


def choices_of(definition: Definition) -> tuple[str, ...]:
    """What a person may say of an output in this judge's place."""
    shape = definition.asks[0].shape
    return getattr(shape, "labels", PASS_FAIL) if definition.type in LABELLED else PASS_FAIL


def choice_of(definition: Definition, given: Grade) -> str | None:
    """The same from the judge's grade; None where it has no verdict."""
    if given.passed is None:
        return None
    if definition.type in LABELLED:
        return given.detail.get("label")
    return "pass" if given.passed else "fail"


def _nothing(unjudged: int) -> str:
    if unjudged:
        marked = f"{unjudged} outputs" if unjudged > 1 else "1 output"
        return (
            f"people marked {marked}, but not one was judged by this version: judge, prompt or rubric changed. "
            "Grade the marked run again with it"
        )
    return "nobody has marked outputs for it yet"


def _drift(session: Session, spec: GraderSpec, run_id: str | None) -> str | None:
    keys = [ask.key for ask in spec.definition.asks]
    then, now = queries.models_of(session, keys), queries.models_of(session, keys, run_id=run_id)
    if now - then:
        other, known = ", ".join(sorted(now - then)), ", ".join(sorted(then))
        return f"the provider answered as {other}; people were compared with {known}"
    return None
