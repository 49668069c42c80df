"""The demo project with one of everything in it, for pages that need something to show."""

from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.accounts.models import User
from app.candidates.models import Baseline, Candidate
from app.checks.scan import run_scan
from app.core.clock import utcnow
from app.core.db import transaction
from app.datasets import versions
from app.datasets.models import TestCase
from app.decisions.links import service as links
from app.decisions.links.forms import NewLink
from app.demo.load import load_demo
from app.evals import grading
from app.evals import service as evals
from app.evals.forms import NewGrader
from app.evals.graders import parse_spec
from app.evals.models import Output
from app.evals.tries import service as tries
from app.evals.tries.forms import NewTry
from app.examples.forms import ExampleFilter
from app.examples.models import Example, Import
from app.finetunes.models import FineTune, FineTuneEvent
from app.finetunes.preview.models import LaunchPreview
from app.finetunes.samples.models import FineTuneSample
from app.finetunes.series.models import FineTuneSeries, FineTuneSeriesMember
from app.gateway import service as gateway
from app.gateway.models import Provider
from app.preferences import service as preferences
from app.preferences.forms import NewRound
from app.projects.access import Access
from app.projects.models import Project
from tests.browser.assisted import assisted
from tests.browser.calibrated import calibrated
from tests.browser.costed import costed
from tests.browser.doctored import doctored
from tests.browser.judged import judged
from tests.browser.reviewed import reviewed
from tests.browser.searched import searched
from tests.browser.tried import tried
from tests.browser.voted import closed_round, imported_round
from tests.preferences.factories import measured

BEHAVIOR = {"type": "behavior", "name": "behavior"}
INSTRUCTIONS = {"type": "instructions", "name": "no comma", "instruction_id_list": ["punctuation:no_comma"]}
LABEL = {"type": "string_check", "name": "label", "operation": "eq", "input": "{{sample.output_text}}"}


@dataclass
class Filled:
    """``ids``: a real id for each path parameter; ``cookies``: a session by role."""

    ids: dict[str, str]
    cookies: dict[str, str] = field(default_factory=dict)
    url: str = ""


def fill() -> Filled:
    with transaction() as session:
        gateway.seed(session)
        owner = accounts.add_user(session, "admin@localhost", "Admin", is_instance_admin=True)
    slug = load_demo(owner.id)
    with transaction() as session:
        project = session.scalars(select(Project).where(Project.slug == slug)).one()
        version = versions.freeze(session, owner, project, "First", ExampleFilter())
        version_id = version.id
    run_scan(version.project_id)
    with transaction() as session:
        return _measure(session, owner, slug, version_id)


def _measure(session: Session, owner: User, slug: str, version_id: str) -> Filled:
    project = session.scalars(select(Project).where(Project.slug == slug)).one()
    provider = session.scalars(select(Provider)).first()
    assert provider is not None
    made = measured(session, project, cases=12, commit=False)
    specs = [LABEL | {"reference": "{{item.expected.text}}"}, BEHAVIOR, INSTRUCTIONS]
    for run in made.runs:
        run.graders = [parse_spec(spec).snapshot() for spec in specs]
        grading.score(session, run)
    access = Access(owner, project, "admin")
    annotators = session.scalars(select(User).where(User.email.like("%@larkstead.example"))).all()
    wanted = NewRound(run_ids=[run.id for run in made.runs], reviewers=[person.email for person in annotators])
    round_ = preferences.open_round(session, access, wanted)
    session.add(Baseline(project_id=project.id, candidate_id=made.runs[0].candidate_id, set_by=owner.id))
    label = {key: value for key, value in specs[0].items() if key != "name"}
    grader = evals.save_grader(session, access, NewGrader(name="right answer", definition=label))
    first_try = tries.begin(session, access, NewTry(run_id=made.runs[0].id, definition=label), agreed=False)
    tune = _fine_tune(session, project, provider, version_id, made.runs[1].candidate_id)
    ids = {
        "slug": slug,
        "example_id": session.scalars(select(Example.id).where(Example.split == "train").limit(1)).one(),
        "import_id": session.scalars(select(Import.id)).first() or "",
        "set_id": made.test_set.id,
        "case_id": session.scalars(select(TestCase.id).where(TestCase.test_set_id == made.test_set.id)).first() or "",
        "version_id": version_id,
        "candidate_id": session.scalars(select(Candidate.id)).first() or "",
        "run_id": made.runs[0].id,
        "output_id": session.scalars(select(Output.id).where(Output.run_id == made.runs[0].id)).first() or "",
        "grader_id": grader.id,
        "try_id": first_try.id,
        "round_id": round_.id,
        "imported_round_id": imported_round(session, access).id,
        "closed_round_id": closed_round(session, access).id,
        "fine_tune_id": tune.id,
        "other_tune_id": _fine_tune(session, project, provider, version_id, token="t2").id,
        "preview_id": _preview(session, tune).id,
        "series_id": _series(session, project, tune).id,
        "provider_id": provider.id,
        "token": "link_unknown",
        "kind": "sensitive",  # of findings
        "item": "exact_behavior",  # of the checklist
    }
    doctored(session, tune, ids["case_id"], _output_of(session, made.runs[1].id), ids["example_id"])
    ids |= searched(session, access)
    ids |= reviewed(session, access, ids["example_id"])
    ids |= judged(session, access, annotators[:2])
    ids |= assisted(session, access, provider.id)
    ids |= tried(session, access, provider.id)
    ids["against"] = versions.freeze(session, owner, project, "Second", ExampleFilter(behavior="answer")).id
    # after the version: a job that waits already leaves a savepoint open, and versions are not frozen within one
    ids |= calibrated(session, access, made.runs[0], list(annotators[:2]), provider.id)
    ids["link"] = verdict_link(session, access, made.runs[0].candidate_id, made.runs[1].candidate_id)
    costed(session, access, made.runs, provider.id)
    people = {"admin": owner, "annotator": annotators[0]}
    return Filled(ids, {role: accounts.start_session(session, person) for role, person in people.items()})


def _output_of(session: Session, run_id: str) -> str:
    return session.scalars(select(Output.id).where(Output.run_id == run_id)).first() or ""


def verdict_link(session: Session, access: Access, baseline_id: str, candidate_id: str) -> str:
    """The token of a link to the verdict on two candidates."""
    _row, url = links.create(session, access, NewLink(baseline=baseline_id, candidate=candidate_id))
    return url.rpartition("/")[2]


def _preview(session: Session, tune: FineTune) -> LaunchPreview:
    """What the engine would answer of a first row."""
    tokens = [
        {"text": "<|im_start|>user Hi <|im_end|>", "trained": False},
        {"text": "Hello<|im_end|>", "trained": True},
    ]
    row = LaunchPreview(
        project_id=tune.project_id,
        provider_id=tune.provider_id,
        base_model=tune.base_model,
        dataset_version_id=tune.dataset_version_id,
        objective="supervised",
        status="succeeded",
        result={"rows": [{"row": 1, "side": "answer", "total_tokens": 9, "trained_tokens": 2, "tokens": tokens}]},
    )
    session.add(row)
    session.flush()
    return row


def _series(session: Session, project: Project, tune: FineTune) -> FineTuneSeries:
    """A sweep of one fine-tune, with two sample outputs on its page."""
    texts = {"question": "Where is my parcel?", "prompt": "<|im_start|>user", "expected": "It is under way."}
    for step, said in ((0, "my my my"), (3, "It is under way.")):
        sample = {"step": step, "number": 0, "source": "validation_file", "output": said, "finished": step > 0}
        session.add(FineTuneSample(fine_tune_id=tune.id, **texts, **sample))
    version = tune.dataset_version_id
    made = FineTuneSeries(
        project_id=project.id,
        purpose="sweep",
        dataset_version_id=version,
        development_version_id=version,
        graders=[],
    )
    session.add(made)
    session.flush()
    session.add(
        FineTuneSeriesMember(
            fine_tune_id=tune.id, series_id=made.id, position=0, differs={"n_epochs": 2}, started_at=utcnow()
        )
    )
    session.flush()
    return made


def _fine_tune(
    session: Session,
    project: Project,
    provider: Provider,
    version_id: str,
    candidate_id: str | None = None,
    token: str = "t",
) -> FineTune:
    tune = FineTune(
        project_id=project.id,
        provider_id=provider.id,
        base_model="tiny-random-llama",
        dataset_version_id=version_id,
        method="lora",
        launch_token=token,
        export_sha256="0" * 64,
        status="succeeded",
        fine_tuned_model="ft:tiny:x",
        candidate_id=candidate_id,
        step=3,
        total_steps=3,
        started_at=utcnow(),
        finished_at=utcnow(),
    )
    session.add(tune)
    session.flush()
    for step in range(3):
        data = {"step": step + 1, "train_loss": 2.0 - step * 0.5}
        event = FineTuneEvent(
            fine_tune_id=tune.id,
            provider_event_id=str(step),
            at=utcnow(),
            kind="metrics",
            level="info",
            message=f"Step {step + 1}",
            data=data,
        )
        session.add(event)
    session.flush()
    return tune
