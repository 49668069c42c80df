"""Taking prompts of the suite over into a draft set."""

from typing import Annotated

from pydantic import Field
from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.accounts.models import User
from app.core.errors import Invalid
from app.datasets import service
from app.datasets.models import TestSet
from app.datasets.suite import catalogue
from app.web.forms import StrictModel


class Chosen(StrictModel):
    """``keys`` of prompts; all of them where it is left out."""

    keys: list[Annotated[str, Field(max_length=100)]] | None = Field(None, min_length=1, max_length=1_000)


def add(session: Session, user: User, test_set: TestSet, chosen: Chosen) -> int:
    """Add each as a case; answers how many the set did not have yet. ``test_set`` comes from ``load_draft``."""
    offered = catalogue.prompts()
    keys = list(offered) if chosen.keys is None else list(dict.fromkeys(chosen.keys))
    unknown = [key for key in keys if key not in offered]
    if unknown:
        raise Invalid.field("keys", f"The suite has no prompt “{unknown[0][:60]}”.")
    rows = [row for key in keys if (row := _row(offered[key]))]
    added = service.add_rows(session, test_set, rows)
    facts = {"name": test_set.name, "added": added, "suite": "instructions"}
    record(session, "add-cases", "test_set", test_set.id, actor_id=user.id, project_id=test_set.project_id, **facts)
    return added


def _row(prompt: catalogue.Prompt) -> dict[str, object] | None:
    parsed = prompt.example
    return service.case_row(
        parsed.messages,
        None,
        parsed.expected,
        parsed.behavior,
        example_id=None,
        tags=parsed.tags,
        extra=parsed.extra,
        fingerprint_unit=parsed.fingerprint_unit,
        group_unit=parsed.group_unit,
    )
