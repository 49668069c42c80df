"""The demo project: a support desk for B2B SaaS billing, as a new instance shows it.

Nothing here pretends: no run, fine-tune or vote is made up. Data, draft test sets, two annotators and (where the
local engine is installed) candidates are there; measuring them is the visitor's first step.
"""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.accounts import queries as accounts
from app.accounts import service as people
from app.accounts.audit import record
from app.accounts.models import User
from app.candidates import service as candidates
from app.candidates.forms import NewCandidate
from app.core.db import transaction
from app.datasets import service as datasets
from app.datasets import upload
from app.datasets.forms import NewTestSet
from app.examples import import_service
from app.examples.importing import run_import
from app.gateway.models import Provider
from app.projects import queries as projects
from app.projects import service as project_service
from app.projects.access import Access
from app.projects.forms import NewProject
from app.projects.models import Member, Project

DATA = Path(__file__).parent / "data"
ANNOTATORS = (("ana@larkstead.example", "Ana"), ("ben@larkstead.example", "Ben"))
TEST_SETS = (("Billing held-out", "task", "test_cases.jsonl"), ("Red team", "red_team", "red_team.jsonl"))
BASE_MODEL = "smollm2-135m-instruct"
NEWEST_TO_REVIEW = 12


def load_demo(owner_id: str) -> str:
    """Make the project, import its examples, approve what is clean. Answers its slug."""
    with transaction() as session:
        owner = session.get_one(User, owner_id)
        project, import_id = make(session, owner)
        slug = project.slug
    run_import(import_id)
    with transaction() as session:
        approve_clean(session, session.get_one(Project, project.id), session.get_one(User, owner_id))
    return slug


def make(session: Session, owner: User) -> tuple[Project, str]:
    """The project under a free slug, and the id of its import, to be run after the commit."""
    content = json.loads((DATA / "project.json").read_text())
    wanted = ("name", "slug", "goal", "brief", "guideline", "labels", "output_schema")
    fields = {name: content[name] for name in wanted}
    fields["slug"] = free_slug(session, fields["slug"])
    project = project_service.create(session, owner, NewProject.model_validate(fields))
    for email, name in ANNOTATORS:
        user = accounts.user_by_email(session, email) or people.add_user(session, email, name)
        session.merge(Member(project_id=project.id, user_id=user.id, role="annotator"))
    for name, kind, file in TEST_SETS:
        draft = datasets.draft(session, owner, project, NewTestSet.model_validate({"name": name, "kind": kind}))
        with (DATA / file).open("rb") as lines:
            upload.add_file(session, owner, draft.test_set, lines, file, (DATA / file).stat().st_size)
    _add_candidates(session, Access(owner, project, "admin"), content["candidate_prompts"])
    source = import_service.import_file(session, owner, project, DATA / "training.jsonl", "training.jsonl")
    return project, source.id


def free_slug(session: Session, slug: str) -> str:
    found, number = slug, 2
    while projects.by_slug(session, found):
        found, number = f"{slug}-{number}", number + 1
    return found


def approve_clean(session: Session, project: Project, owner: User) -> None:
    """After the import: what the desk had checked before stands approved; planted defects and the newest wait."""
    lines = (DATA / "training.jsonl").read_text().splitlines()
    planted = json.loads((DATA / "planted.json").read_text())["items"]
    requests = [request_of(json.loads(lines[int(item["line"]) - 1])) for item in planted]
    session.execute(
        text("""
        with newest as (
          select id from examples where project_id = :project order by number desc limit :waiting)
        update examples set status = 'approved', updated_at = now()
        where project_id = :project and not request = any(:planted) and id not in (select id from newest)
        """),
        {"project": project.id, "planted": requests, "waiting": NEWEST_TO_REVIEW},
    )
    record(session, "load", "demo", project.id, actor_id=owner.id, project_id=project.id)


def request_of(line: dict[str, Any]) -> str:
    return next(str(m["content"]) for m in line["messages"] if m["role"] == "user")


def _add_candidates(session: Session, access: Access, prompts: list[dict[str, Any]]) -> None:
    """The base model with each prompt worth trying first; only where there is an engine to ask."""
    engine = session.scalar(select(Provider).where(Provider.kind == "local_engine", Provider.disabled_at.is_(None)))
    if engine is None or find_spec("torch") is None:
        return
    for number, prompt in enumerate(prompts):
        candidate = candidates.create(
            session,
            access,
            NewCandidate(
                name=f"Base: {prompt['name'][0].lower()}{prompt['name'][1:]}",
                provider_id=engine.id,
                model=BASE_MODEL,
                system_prompt=None if number == 0 else prompt["system_prompt"],
                parameters={"temperature": 0, "max_tokens": 160},
            ),
        )
        if number == 0:
            candidates.set_baseline(session, access, candidate.id)
