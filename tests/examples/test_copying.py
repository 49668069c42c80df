"""What is written out for COPY comes back from the database as it was."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.examples.batches import store
from app.examples.models import Example, Import, Revision
from app.examples.rules import parse_example
from tests.factories import Factory


@pytest.mark.parametrize("words", ["a\\b\\n", "a\tb\r\nc", "\\N", "\\.", 'say "a", {b}', "é\u2028😀"])
def test_any_text_comes_back(session: Session, factory: Factory, words: str) -> None:
    project = factory.project()
    source = Import(project_id=project.id, file_name="f", stored_name="s", format="openai_chat", tags=[f"own {words}"])
    session.add(source)
    session.flush()
    messages = [{"role": "user", "content": f"ask {words}"}, {"role": "assistant", "content": f"say {words}"}]
    fields = {"messages": messages, "tags": [f"tag {words}"], "metadata": {"note": words}, "group": f"g {words}"}
    parsed = parse_example(fields)
    assert store(session, source, [parsed]).imported == 1
    example = session.scalars(select(Example)).one()
    revision = session.scalars(select(Revision)).one()
    assert (example.request, example.answer, example.group_unit) == (parsed.request, parsed.answer, parsed.group_unit)
    assert example.tags == revision.tags == [*parsed.tags, f"own {words}"]
    assert (revision.messages, revision.extra) == (messages, {"note": words})
