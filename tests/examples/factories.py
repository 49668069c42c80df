"""Examples for tests, made as an import makes them."""

from typing import Any

from sqlalchemy.orm import Session

from app.accounts.models import User
from app.examples import service
from app.examples.models import Example
from app.projects.models import Project


def chat(
    request: str = "Can you refund my plan?", answer: str = "I can help with that.", **fields: Any
) -> dict[str, Any]:
    """One line of interfaces.md §4."""
    messages = [
        {"role": "system", "content": "You are a concise support assistant."},
        {"role": "user", "content": request},
        {"role": "assistant", "content": answer},
    ]
    return {"messages": messages, **fields}


def add(
    session: Session, project: Project, user: User | None = None, status: str = "to_review", **fields: Any
) -> Example:
    """One stored example, committed."""
    example = service.add(session, user, project.id, fields if "messages" in fields else chat(**fields), status=status)
    session.commit()
    return example
