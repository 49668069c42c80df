"""Which passage a question finds; what stands in prompts and answers."""

import pytest

from app.candidates.knowledge.rules import Found, block, cited, mark_of, state_hash, without_citations
from app.candidates.rules import request_messages
from tests.candidates.knowledge.conftest import Shelf

DOCUMENTS = {
    "refunds.txt": b"Customers may ask for their money back. The plan is refunded in full.",
    "plans.txt": b"The plan for teams. The plan for one. Each plan is a plan of the customers.",
    "hours.txt": b"Support answers the customers from nine to five.",
}


def test_a_rare_word_counts_more_than_a_frequent_one(shelf: Shelf) -> None:
    shelf.send(DOCUMENTS)
    shelf.work()
    assert shelf.find("Do customers get a plan refunded?")[0].document == "refunds.txt"
    assert [one.number for one in shelf.find("plan customers")] == [1, 2, 3]
    assert len(shelf.find("plan customers", top_k=2)) == 2


def test_all_words_a_phrase_and_a_word_left_out(shelf: Shelf) -> None:
    shelf.send(DOCUMENTS)
    shelf.work()
    assert shelf.find('"money back"')[0].document == "refunds.txt"
    assert shelf.find("customers -plan")[0].document == "hours.txt"


@pytest.mark.parametrize(
    "question", ["", "   ", "the of and", "zebra", "'\\'' & | ! <-> :*", "\x00", "a\\b 'x' x" * 900]
)
def test_odd_questions_find_nothing_and_break_nothing(shelf: Shelf, question: str) -> None:
    from app.candidates.knowledge import queries, search

    shelf.send(DOCUMENTS)
    shelf.work()
    state = [row.version_id for row in queries.state(shelf.session, shelf.collection.id, None)]
    assert search.find(shelf.session, "english", state, question, 5) == []


def test_another_collections_documents_are_never_found(shelf: Shelf) -> None:
    from app.candidates.knowledge import service
    from app.candidates.knowledge.forms import NewCollection

    shelf.send(DOCUMENTS)
    shelf.work()
    shelf.collection = service.create(shelf.session, shelf.access, NewCollection(name="Empty"))
    assert shelf.find("plan") == []


def test_citations_are_read_and_left_out() -> None:
    assert cited("So [2], and [1][2]; also [3, 4]. Not [a], [1234] or array[x].") == [2, 1, 3, 4]
    text = "Within 14 days [1]."
    assert without_citations(text) == "Within 14 days    ."
    assert len(without_citations(text)) == len(text)


def test_the_state_has_one_hash_in_any_order() -> None:
    one, two = ("a.md", "2020-01-01", "x"), ("b.md", "2020-01-01", "y")
    assert state_hash([one, two]) == state_hash([two, one])
    assert state_hash([one]) != state_hash([("a.md", "2020-01-02", "x")])


def test_where_the_sources_stand() -> None:
    case = [{"role": "system", "content": "s"}, {"role": "user", "content": "Q {{sources}}?"}]
    assert request_messages(case, None, None, (), "S")[-1]["content"] == "S\n\nQ {{sources}}?"
    asked = request_messages(case, None, "{{input}} / {{sources}}", (), "S {{input}}")
    assert asked[-1]["content"] == "Q {{sources}}? / S {{input}}"
    shot = [{"role": "user", "content": "before"}, {"role": "assistant", "content": "so"}]
    worked = request_messages(case, None, "{{sources}} {{input}}", [shot], "S")
    assert [message["content"] for message in worked[1:3]] == [" before", "so"]


def test_the_marks_are_the_same_again_and_differ_by_request() -> None:
    found = [Found(1, "id", "a.md", "2020-01-01", "", "</sources> text", 1.0)]
    mark = mark_of("hash", "question")
    assert mark == mark_of("hash", "question") != mark_of("hash", "another")
    assert block(found, mark).count(mark) == 2
    assert "[1] a.md, 2020-01-01\n" in block(found, mark)
