"""What people do around a review: a second guideline, comments, an edit, a saved filter, examples given to somebody."""

from sqlalchemy.orm import Session

from app.annotation.assignments import service as assignments
from app.annotation.assignments.forms import NewAssignment
from app.annotation.comments import service as comments
from app.examples import queries as examples
from app.examples import saved_filters
from app.examples import service as example_service
from app.examples.forms import ExampleFilter
from app.examples.saved_filters import NewSavedFilter
from app.projects import guidelines
from app.projects.access import Access


def reviewed(session: Session, access: Access, example_id: str) -> dict[str, str]:
    """Real ids for the pages about it."""
    project, user = access.project, access.user
    guidelines.write(session, user, project, f"{project.guideline}\n\nName the terms.", "two complaints")
    example = examples.get(session, project.id, example_id)
    example_service.revise(session, user, example, example.revision, tags=["price"], reason="a tag was missing")
    comments.say(session, access, example, "האם זה עדיין נכון?")
    saved_filters.save(session, access, NewSavedFilter(name="Refunds", filter=ExampleFilter(q="refund")))
    given = NewAssignment(name="First pass", count=2, people=[user.email])
    return {"assignment_id": assignments.assign(session, access, given).id}
