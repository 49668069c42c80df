"""Examples that wait for review, and people who review them."""

from app.core.ids import new_id
from app.examples.models import Example, Revision, SplitAssignment
from app.examples.rules import ParsedExample, parse_example
from app.projects.access import Access
from app.projects.models import Project
from tests.factories import Factory


def access_of(factory: Factory, project: Project, role: str = "annotator") -> Access:
    """A new member of the project, as a request brings them."""
    return Access(factory.member(project, role), project, role)


def parsed(number: int) -> ParsedExample:
    return parse_example(
        {
            "messages": [
                {"role": "user", "content": f"Question {number}?"},
                {"role": "assistant", "content": f"Answer {number}."},
            ]
        }
    )


def add_examples(factory: Factory, project: Project, count: int, first: int = 0) -> list[str]:
    """``count`` different examples in status to_review; answers their ids in queue order."""
    ids = []
    for number in range(first, first + count):
        one = parsed(number)
        common = {"project_id": project.id, "fingerprint_unit": one.fingerprint_unit, "group_unit": one.group_unit}
        example = Example(id=new_id(), request=one.request, answer=one.answer, tags=one.tags, **common)
        factory.session.merge(SplitAssignment(project_id=project.id, unit=one.fingerprint_unit))
        factory.session.add(example)
        factory.session.flush()
        factory.session.add(
            Revision(
                example_id=example.id,
                number=1,
                messages=one.messages,
                tools=one.tools,
                expected=one.expected,
                tags=one.tags,
                content_hash=one.content_hash,
                **common,
            )
        )
        ids.append(example.id)
    factory.session.commit()
    return ids
