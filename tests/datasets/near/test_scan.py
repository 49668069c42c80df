"""The scan over real rows: what it finds, that it goes on where it stopped, and what it holds out."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.datasets.near import service as near
from app.datasets.near import signature_queries
from app.examples.batches import store
from app.examples.models import Import
from app.examples.rules import fingerprint_unit, parse_example
from app.projects.models import Project
from tests.factories import Factory


def said(prompt: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": prompt}, {"role": "assistant", "content": "Fine."}]


def unit(prompt: str) -> str:
    return fingerprint_unit(said(prompt))


def bring_in(session: Session, project: Project, *prompts: str, group: str | None = None) -> None:
    source = Import(project_id=project.id, file_name="f", stored_name="s", format="openai_chat", tags=[])
    session.add(source)
    session.flush()
    store(session, source, [parse_example({"messages": said(prompt), "group": group}) for prompt in prompts])
    session.commit()


def linked(session: Session, project: Project) -> set[frozenset[str]]:
    return {frozenset((pair.unit, pair.other)) for pair in near.pairs(session, project.id)}


BASE = "How do I change the address on my last invoice?"
EDITS = {
    "one word": "How do I change the address on my newest invoice?",
    "words swapped": "On my last invoice, how do I change the address?",
    "look-alikes": "Ноw do I сhаnge the аddress on my lаst invоice?",
    "html": "<p>How do I <b>change</b> the address on my last&nbsp;invoice now?</p>",
    "a prefix": "Hi team, quick one: How do I change the address on my last invoice?",
    "moved blanks": "How do I change the add ress on my last in voice?",
}
OTHERS = ["How do I cancel my plan?", "Where is the export button?", "How do I change the owner of my workspace?"]


def test_light_edits_are_found_and_nothing_else(session: Session, factory: Factory) -> None:
    project = factory.project()
    bring_in(session, project, BASE, *EDITS.values(), *OTHERS)
    assert near.unscanned(session, project.id) == 1 + len(EDITS) + len(OTHERS)
    assert near.scan(project.id) == 1 + len(EDITS) + len(OTHERS)
    assert near.unscanned(session, project.id) == 0
    found = linked(session, project)
    for kind, edited in EDITS.items():
        assert frozenset((unit(BASE), unit(edited))) in found, kind
    assert not any(unit(other) in pair for pair in found for other in OTHERS)
    clusters = session.execute(text("select cluster, count(*) from split_assignments group by 1")).all()
    assert sorted(count for _cluster, count in clusters) == [3, 1 + len(EDITS)]


def test_what_is_new_is_compared_with_what_was_scanned(session: Session, factory: Factory) -> None:
    project = factory.project()
    bring_in(session, project, BASE, *OTHERS)
    near.scan(project.id)
    bring_in(session, project, EDITS["one word"])
    assert near.scan(project.id) == 1
    assert linked(session, project) == {frozenset((unit(BASE), unit(EDITS["one word"])))}
    assert near.scan(project.id) == 0


def test_what_is_new_is_compared_with_every_block_of_what_was_scanned(
    session: Session, factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signature_queries, "BLOCK", 3)
    project, other = factory.project(), factory.project()
    bring_in(session, other, BASE)
    bring_in(session, project, BASE, *OTHERS, *(f"What does error {n} mean, and who can mend it?" for n in range(8)))
    near.scan(other.id)
    near.scan(project.id)
    assert len(list(signature_queries.stored(session, project.id))) > 3
    before = linked(session, project)
    bring_in(session, project, EDITS["one word"], f"{OTHERS[2]} Thanks.")
    assert near.scan(project.id) == 2
    new = {frozenset((unit(BASE), unit(EDITS["one word"]))), frozenset((unit(OTHERS[2]), unit(f"{OTHERS[2]} Thanks.")))}
    assert linked(session, project) - before == new
