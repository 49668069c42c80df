"""Examples as rows, with units chosen by the test."""

from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.examples.models import Example, Revision, SplitAssignment
from app.projects.models import Project


def add_example(
    session: Session,
    project: Project,
    prompt: str,
    answer: str | None = "Fine.",
    *,
    status: str = "approved",
    group: str | None = None,
    **fields: Any,
) -> Example:
    """An example of one revision whose fingerprint unit is ``fp:<prompt in small letters>``."""
    fingerprint = f"fp:{prompt.lower()}"
    group_unit = f"group:{group}" if group else fingerprint
    sides = [{"project_id": project.id, "unit": unit} for unit in sorted({fingerprint, group_unit})]
    session.execute(insert(SplitAssignment).on_conflict_do_nothing(), sides)
    units = {"fingerprint_unit": fingerprint, "group_unit": group_unit}
    messages = [{"role": "user", "content": prompt}]
    if answer is not None:
        messages.append({"role": "assistant", "content": answer})
    behavior, tags = fields.pop("behavior", None), fields.pop("tags", [])
    split = fields.pop("split", "train")
    example = Example(
        project_id=project.id,
        status=status,
        behavior=behavior,
        tags=tags,
        request=prompt,
        answer=answer or "",
        split=split,
        **units,
    )
    session.add(example)
    session.flush()
    revision = Revision(
        project_id=project.id,
        example_id=example.id,
        number=1,
        messages=fields.pop("messages", messages),
        behavior=behavior,
        tags=tags,
        content_hash=fields.pop("content_hash", f"{prompt}/{answer}"),
        **units,
        **fields,
    )
    session.add(revision)
    session.commit()
    return example
