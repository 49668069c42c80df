"""The instruction suite under ``/api/v1``."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from app.datasets import service as sets
from app.datasets.suite import catalogue, service
from app.projects.access import Engineer, Viewer
from app.web.idempotency import api_router
from app.web.paging import ListAnswer
from app.web.session import SessionDep

router = api_router("datasets")


class PromptOut(BaseModel):
    """A row as in IFEval's files; ``asks``: the instructions in words."""

    model_config = ConfigDict(extra="forbid")
    key: str
    prompt: str
    instruction_id_list: list[str]
    kwargs: list[dict[str, Any]]
    asks: str


class AddedOut(BaseModel):
    added: int
    size: int


@router.get("/projects/{slug}/instruction-suite")
def list_prompts(access: Viewer) -> ListAnswer[PromptOut]:
    items = [
        PromptOut(key=one.key, prompt=one.text, asks=one.asks, **(one.example.expected or {}))
        for one in catalogue.prompts().values()
    ]
    return ListAnswer(items=items, next_cursor=None)


@router.post("/projects/{slug}/test-sets/{set_id}/instruction-suite", status_code=201)
def add_prompts(session: SessionDep, access: Engineer, set_id: str, chosen: service.Chosen) -> AddedOut:
    """Prompts of the suite as cases of a draft set: those of ``keys``, or all."""
    test_set = sets.load_draft(session, access.project.id, set_id)
    added = service.add(session, access.user, test_set, chosen)
    return AddedOut(added=added, size=test_set.size)
