"""A project in which a fine-tune can be launched: frozen examples, a sealed set, a measured baseline."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.accounts.models import User
from app.candidates.models import Baseline, Candidate
from app.datasets import service as datasets
from app.datasets import versions
from app.datasets.forms import NewTestSet
from app.datasets.models import DatasetVersion, TestSet
from app.evals.models import EvalRun
from app.examples.forms import ExampleFilter
from app.finetunes import service
from app.finetunes.forms import NewFineTune
from app.finetunes.models import FineTune
from app.gateway.models import Provider
from app.projects.access import Access
from app.projects.models import Project
from tests.examples.factories import add
from tests.factories import Factory

BASE = "tiny-random-llama"


@dataclass
class Ready:
    session: Session
    user: User
    project: Project
    provider: Provider
    version: DatasetVersion
    test_set: TestSet
    baseline: Candidate
    run: EvalRun

    @property
    def access(self) -> Access:
        return Access(self.user, self.project, "admin")

    @property
    def method(self) -> str:
        return "lora" if self.provider.kind == "local_engine" else "api"

    def body(self, **changes: Any) -> dict[str, Any]:
        wanted = {"provider_id": self.provider.id, "base_model": BASE, "method": self.method}
        return wanted | {"dataset_version_id": self.version.id} | changes

    def launch(self, **changes: Any) -> FineTune:
        row = service.launch(self.session, self.access, NewFineTune(**self.body(**changes)))
        self.session.commit()
        return row

    def seen(self, fine_tune: FineTune) -> FineTune:
        """The row as others have left it."""
        self.session.rollback()
        self.session.refresh(fine_tune)
        return fine_tune


def provider(session: Session, base_url: str, kind: str = "openai") -> Provider:
    models = [{"id": BASE, "kind": "base"}, {"id": "ft:old", "kind": "adapter"}]
    row = Provider(name=f"Provider at {base_url}", base_url=base_url, kind=kind, models=models)
    session.add(row)
    session.commit()
    return row


def ready(factory: Factory, base_url: str, kind: str = "openai", examples: int = 12) -> Ready:
    session, owner = factory.session, factory.user()
    project = factory.project(owner)
    for number in range(examples + 2):
        add(session, project, owner, "approved", request=f"question {number}", answer="yes")
    held_out = [add(session, project, owner, "approved", request=f"held out {n}", answer="no").id for n in range(2)]
    drawn = datasets.draft(session, owner, project, NewTestSet(name="Held out", example_ids=held_out)).test_set
    test_set = datasets.seal(session, owner, project.id, drawn.id)
    session.commit()
    version = versions.freeze(session, owner, project, "First", ExampleFilter())
    session.commit()
    chosen = provider(session, base_url, kind)
    baseline = Candidate(
        project_id=project.id, name="Base", provider_id=chosen.id, model=BASE, system_prompt="Be brief.",
        parameters={"temperature": 0}, price={"input": 1.0, "output": 2.0},
    )  # fmt: skip
    session.add(baseline)
    session.flush()
    session.add(Baseline(project_id=project.id, candidate_id=baseline.id, set_by=owner.id))
    run = EvalRun(
        project_id=project.id, candidate_id=baseline.id, test_set_id=test_set.id, graders=[], status="succeeded"
    )
    session.add(run)
    session.commit()
    return Ready(session, owner, project, chosen, version, test_set, baseline, run)
