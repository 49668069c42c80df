"""One's own decision to look back at, and an example that two people judge differently, to be settled."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.annotation import service
from app.annotation.forms import NewAnnotation
from app.examples.models import Example
from app.projects.access import Access


def judged(session: Session, access: Access, people: Sequence[User]) -> dict[str, str]:
    """Real ids for the pages about it."""
    waiting = select(Example).where(Example.project_id == access.project.id, Example.status == "to_review")
    own, shared, *alike = session.scalars(waiting.where(Example.split == "train").order_by(Example.id.desc()).limit(8))
    new = NewAnnotation(revision=own.revision, verdict="approve", note="Sure?", flagged=True, seconds=12)
    annotation = service.annotate(session, access, own, new)
    access.project.overlap = len(people)
    for person, verdict, tags in zip(people, ("approve", "reject"), (["refund"], None), strict=True):
        said = Access(person, access.project, "annotator")
        edits = {"tags": tags, "behavior": "refuse" if verdict == "reject" else None}
        first = NewAnnotation.model_validate({"revision": shared.revision, "verdict": verdict, "note": "see"} | edits)
        service.annotate(session, said, shared, first)
        for one in alike:
            service.annotate(session, said, one, NewAnnotation(revision=one.revision, verdict="approve"))
    return {"annotation_id": annotation.id}
