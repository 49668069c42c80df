"""SQL of what fine-tunes are validated with."""

from sqlalchemy.orm import Session

from app.finetunes.material.models import Validation


def validation(session: Session, fine_tune_id: str) -> Validation | None:
    return session.get(Validation, fine_tune_id)
