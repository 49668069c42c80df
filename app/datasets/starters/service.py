"""Taking starter cases over into a draft set."""

from collections.abc import Sequence

from pydantic import Field
from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.accounts.models import User
from app.core.errors import FieldError, Invalid
from app.datasets import service
from app.datasets.models import TestSet
from app.datasets.starters import catalogue
from app.examples.chat import Refused
from app.examples.forms import Behavior
from app.examples.rules import parse_example
from app.projects.models import Project
from app.web.forms import StrictModel

MAX_TEXT = 20_000


class Starter(StrictModel):
    """A template as somebody has adapted it; ``text`` is the expected answer word for word, where that matters."""

    template: str
    request: str = Field(min_length=1, max_length=MAX_TEXT)
    behavior: Behavior
    text: str | None = Field(None, max_length=MAX_TEXT)


class Starters(StrictModel):
    cases: list[Starter] = Field(min_length=1, max_length=200)


def add(session: Session, user: User, project: Project, test_set: TestSet, chosen: Sequence[Starter]) -> int:
    """Add each as a case; answers how many the set did not have yet. ``test_set`` comes from ``load_draft``.

    Raises Invalid naming every request with a bracket that is still open.
    """
    offered = {template.key: template for template in catalogue.filled(project.name, project.labels)}
    errors = [error for starter in chosen if (error := _wrong(offered, starter))]
    if errors:
        raise Invalid("Some cases are not ready yet: see beside them.", errors)
    rows = [row for starter in chosen if (row := _row(starter, offered[starter.template].kind))]
    added = service.add_rows(session, test_set, rows)
    facts = {"name": test_set.name, "added": added, "templates": [starter.template for starter in chosen]}
    record(session, "add-cases", "test_set", test_set.id, actor_id=user.id, project_id=project.id, **facts)
    return added


def _wrong(offered: dict[str, catalogue.Template], starter: Starter) -> FieldError | None:
    at = f"request.{starter.template}"
    if starter.template not in offered:
        return FieldError(at, f"There is no template “{starter.template[:60]}”.")
    still = catalogue.left_open(offered[starter.template].request, starter.request)
    if still:
        return FieldError(at, f"Fill in what only you know: {', '.join(still)}.")
    try:
        parse_example(_fields(starter))
    except Refused as error:
        return FieldError(at, str(error))
    return None


def _fields(starter: Starter) -> dict[str, object]:
    expected = {"behavior": starter.behavior} | ({"text": starter.text} if starter.text else {})
    return {"messages": [{"role": "user", "content": starter.request}], "expected": expected}


def _row(starter: Starter, kind: str) -> dict[str, object] | None:
    parsed = parse_example(_fields(starter))
    return service.case_row(
        parsed.messages,
        None,
        parsed.expected,
        parsed.behavior,
        example_id=None,
        tags=[kind.replace("_", "-")],
        extra={"template": starter.template},
        fingerprint_unit=parsed.fingerprint_unit,
        group_unit=parsed.group_unit,
    )
