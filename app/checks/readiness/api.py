"""The checklist under ``/api/v1``."""

from datetime import datetime

from pydantic import BaseModel

from app.checks.readiness import service
from app.checks.readiness.forms import NewSignOff
from app.checks.readiness.links import url_of
from app.checks.readiness.rules import sentence
from app.checks.readiness.service import Checklist
from app.checks.readiness.signing import changed, holds
from app.projects.access import Signer, Viewer
from app.projects.models import Project
from app.web.idempotency import api_router
from app.web.session import SessionDep

router = api_router("checks")
BASE = "/projects/{slug}/checklist"


class SignOffOut(BaseModel):
    """``rests_on`` approved examples, named by ``content_hash``; ``holds`` turns false when too many have changed."""

    action: str
    who: str
    at: datetime
    note: str
    rests_on: int
    sample: int
    content_hash: str
    changed: int
    holds: bool


class ItemOut(BaseModel):
    """``blocks``: fails, or is *attention* because evidence is missing (not scanned, not signed)."""

    key: str
    state: str
    measured: str
    required: str
    examples_url: str
    blocks: bool
    label: str
    sign_off: SignOffOut | None


class LabelOut(BaseModel):
    label: str
    examples: int
    enough: bool


class SizeOut(BaseModel):
    """Approved training examples against the band that suits the goal; ``high`` null: no upper end."""

    state: str
    approved: int
    low: int
    high: int | None
    reviewed: int | None
    labels: list[LabelOut]


class CoveredOut(BaseModel):
    name: str
    train: int
    test: int


class ChecklistOut(BaseModel):
    """``ready``: no point fails, and no evidence is missing."""

    ready: bool
    answer: str
    items: list[ItemOut]
    size: SizeOut
    behaviors: list[CoveredOut]
    tags: list[CoveredOut]

    @classmethod
    def of(cls, project: Project, found: Checklist) -> "ChecklistOut":
        return cls(
            ready=found.ready,
            answer=". ".join(sentence(found.items)),
            items=[item_out(project.slug, found, number) for number in range(len(found.items))],
            size=SizeOut.model_validate(found.size, from_attributes=True),
            behaviors=[CoveredOut.model_validate(one, from_attributes=True) for one in found.behaviors],
            tags=[CoveredOut.model_validate(one, from_attributes=True) for one in found.tags],
        )


def item_out(slug: str, found: Checklist, number: int) -> ItemOut:
    item = found.items[number]
    return ItemOut(
        key=item.key,
        state=item.state,
        measured=item.measured,
        required=item.required,
        examples_url=url_of(slug, item),
        blocks=item.blocks,
        label=item.label,
        sign_off=_sign_off(found, item.key),
    )


def _sign_off(found: Checklist, key: str) -> SignOffOut | None:
    signed = found.facts.signed.get(key)
    if signed is None or signed.action == "withdraw":
        return None
    return SignOffOut(
        action=signed.action,
        who=signed.who,
        at=signed.at,
        note=signed.note,
        rests_on=signed.rested_on,
        sample=signed.sample,
        content_hash=signed.content_hash,
        changed=changed(signed, found.facts.approved),
        holds=signed.action == "not_needed" or holds(signed, found.facts.approved),
    )


@router.get(BASE)
def get_checklist(session: SessionDep, access: Viewer) -> ChecklistOut:
    return ChecklistOut.of(access.project, service.checklist(session, access.project))


@router.post(BASE + "/sign-offs", status_code=201)
def sign_off(session: SessionDep, access: Signer, new: NewSignOff) -> ItemOut:
    """Put your name to a point; answers how it stands now."""
    service.sign_off(session, access, new)
    found = service.checklist(session, access.project)
    return next(
        item_out(access.project.slug, found, number) for number, item in enumerate(found.items) if item.key == new.item
    )
