"""Who may look at the judges of a round."""

from sqlalchemy.orm import Session

from app.core.errors import NotFound
from app.preferences import queries
from app.preferences.models import PreferenceRound
from app.projects.access import Access


def round_beside(session: Session, access: Access, round_id: str) -> PreferenceRound:
    """The round; for those who vote in it there are no judges until it is closed."""
    round_ = queries.round_of(session, access.project.id, round_id)
    if round_.closed_at is None and queries.is_reviewer(session, round_.id, access.user.id):
        raise NotFound("This page")
    return round_
