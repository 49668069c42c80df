"""What a person may see of others' opinions on an example: what else those people say of it is hidden with them."""

from collections.abc import Sequence

from sqlalchemy import Row
from sqlalchemy.orm import Session

from app.annotation import queries
from app.annotation.models import Annotation


def said_to(session: Session, project_id: str, example_id: str, user_id: str) -> Sequence[Row[Annotation, str]]:
    """(annotation, who), newest first."""
    return queries.of_example(session, project_id, example_id, user_id)


def hidden_people(session: Session, project_id: str, example_id: str, user_id: str) -> set[str]:
    """Ids of those whose annotation waits for others and is not this person's to see."""
    return queries.hidden_people(session, project_id, example_id, user_id)
