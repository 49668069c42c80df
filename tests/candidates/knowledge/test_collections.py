"""Documents come in as dated versions, are searched as of a day, and stay where a candidate needs them."""

import pytest
import sqlalchemy.exc
from sqlalchemy import text

from app.candidates.knowledge import queries, service, work
from app.candidates.knowledge.models import Passage
from app.core.errors import Conflict
from app.core.settings import get_settings
from app.erasure import service as erasures
from app.erasure.forms import NewErasure, Person
from tests.candidates.knowledge.conftest import NEW, OLD, Shelf


def test_a_new_upload_of_the_same_name_is_a_new_version_and_the_old_one_stays(shelf: Shelf) -> None:
    shelf.add("policy.md", OLD, "2020-01-01")
    upload = shelf.add("policy.md", NEW, "2023-06-01")
    assert (upload.status, upload.files[0]["state"], upload.files[0]["versions"]) == ("succeeded", "read", 1)
    (row,) = queries.documents(shelf.session, shelf.collection.id)
    assert (row.versions, str(row.oldest), str(row.newest)) == (2, "2020-01-01", "2023-06-01")
    question = "How long do I have to get a refund?"
    assert "45 days" in shelf.find(question)[0].text
    assert "14 days" in shelf.find(question, as_of="2022-12-31")[0].text
    assert shelf.find(question, as_of="2019-01-01") == []
    assert all(one.dated == "2023-06-01" for one in shelf.find("days"))  # one version of a document at a time


def test_what_is_unchanged_makes_no_version(shelf: Shelf) -> None:
    shelf.add("policy.md", OLD, "2020-01-01")
    upload = shelf.add("policy.md", OLD, "2023-06-01")
    assert (upload.files[0]["versions"], upload.files[0]["unchanged"]) == (0, 1)
    earlier = shelf.add("policy.md", NEW, "2019-06-01")  # what held before: a version of its own
    assert earlier.files[0]["versions"] == 1
    assert "45 days" in shelf.find("refund", as_of="2019-07-01")[0].text


def test_a_file_of_versions_says_its_dates_itself(shelf: Shelf) -> None:
    lines = (
        b'{"path": "refund/index.md", "commit": "a", "date": "2019-02-03", "text": "# Refund\\n\\nFourteen days."}\n'
        b'{"path": "refund/index.md", "commit": "b", "date": "2021-02-03T10:00:00Z", "text": "# Refund\\n\\nThirty."}\n'
    )
    upload = shelf.add("history.jsonl", lines)
    assert upload.files[0]["versions"] == 2
    assert shelf.find("refund")[0].document == "refund/index.md"
    assert shelf.find("refund", as_of="2020-01-01")[0].text.endswith("Fourteen days.")


def test_versions_of_one_day_come_in_the_order_that_the_file_tells(shelf: Shelf) -> None:
    told = [("2021-03-01", "Three days."), ("2021-02-01", "Two days."), ("2021-02-01", "One day.")]
    for name, lines in (("newest first", told), ("oldest first", told[::-1])):
        history = "".join(f'{{"path": "{name}.md", "date": "{day}", "text": "{said}"}}\n' for day, said in lines)
        assert shelf.add("history.jsonl", history.encode()).files[0]["versions"] == 3
    found = {one.document: one.text for one in shelf.find("days", as_of="2021-02-15")}
    assert found == {"newest first.md": "Two days.", "oldest first.md": "Two days."}


def test_several_files_at_once_each_with_its_own_report(shelf: Shelf) -> None:
    upload = shelf.send({"a.md": OLD, "broken.pdf": b"%PDF-1.4 no", "b.txt": b"Invoices are sent monthly."})
    shelf.work()
    shelf.session.refresh(upload)
    assert [file["state"] for file in upload.files] == ["read", "refused", "read"]
    assert "PDF is broken" in upload.files[1]["message"]
    assert upload.status == "succeeded"
    assert shelf.find("monthly invoice")[0].document == "b.txt"
    assert list(get_settings().uploads.iterdir()) == []


def test_a_worker_that_dies_goes_on_with_the_next_file_and_takes_none_twice(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = shelf.send({"a.md": OLD, "b.md": NEW})
    store = work.store

    def dying(session: object, upload_id: str, place: int, found: object) -> None:
        store(session, upload_id, place, found)  # type: ignore[arg-type]
        if place == 1:
            raise RuntimeError("killed before the commit")

    monkeypatch.setattr(work, "store", dying)
    with pytest.raises(RuntimeError):
        work.run(upload.id, lambda: False)
    monkeypatch.undo()
    shelf.session.refresh(upload)
    assert [file["state"] for file in upload.files] == ["read", "waiting"]
    work.run(upload.id, lambda: False)
    shelf.session.refresh(upload)
    assert (upload.status, [file["state"] for file in upload.files]) == ("succeeded", ["read", "read"])
    assert sum(row.versions for row in queries.documents(shelf.session, shelf.collection.id)) == 2


def test_cancelled_before_it_began_nothing_is_read(shelf: Shelf) -> None:
    upload = shelf.send({"a.md": OLD})
    service.cancel(shelf.session, shelf.access, shelf.collection, upload)
    shelf.session.commit()
    shelf.work()
    shelf.session.refresh(upload)
    assert (upload.status, upload.files[0]["state"]) == ("cancelled", "waiting")
    assert queries.documents(shelf.session, shelf.collection.id) == []
    assert list(get_settings().uploads.iterdir()) == []


def test_an_upload_is_taken_back_and_put_back(shelf: Shelf) -> None:
    shelf.add("policy.md", OLD, "2020-01-01")
    upload = shelf.add("policy.md", NEW, "2023-06-01")
    service.take_back(shelf.session, shelf.access, shelf.collection, upload, undo=True)
    assert "14 days" in shelf.find("refund")[0].text
    service.take_back(shelf.session, shelf.access, shelf.collection, upload, undo=False)
    assert "45 days" in shelf.find("refund")[0].text


def test_a_document_taken_out_is_not_found_until_it_is_put_back(shelf: Shelf) -> None:
    shelf.add("policy.md", OLD)
    (row,) = queries.documents(shelf.session, shelf.collection.id)
    document = queries.document(shelf.session, shelf.collection.id, row.id)
    service.offer(shelf.session, shelf.access, shelf.collection, document, offered=False)
    assert shelf.find("refund") == []
    service.offer(shelf.session, shelf.access, shelf.collection, document, offered=True)
    assert shelf.find("refund") != []


def test_passages_and_versions_are_immutable(shelf: Shelf) -> None:
    shelf.add("policy.md", OLD)
    passage = shelf.session.query(Passage).first()
    assert passage is not None
    for statement in ("update knowledge_passages set text = 'x'", "update knowledge_versions set dated = '2030-01-01'"):
        with pytest.raises(sqlalchemy.exc.DBAPIError, match="immutable"), shelf.session.begin_nested():
            shelf.session.execute(text(statement))


def test_a_collection_of_another_language_is_stemmed_in_it(shelf: Shelf) -> None:
    from app.candidates.knowledge.forms import NewCollection

    shelf.collection = service.create(shelf.session, shelf.access, NewCollection(name="Regeln", language="german"))
    shelf.add("regeln.txt", b"Die Rechnungen werden monatlich verschickt.")
    assert shelf.find("Wann kommt meine Rechnung?")[0].document == "regeln.txt"


def test_two_collections_of_one_name_are_refused(shelf: Shelf) -> None:
    from app.candidates.knowledge.forms import NewCollection

    with pytest.raises(Conflict, match="already"):
        service.create(shelf.session, shelf.access, NewCollection(name="Policies"))


def test_a_person_is_erased_from_passages_names_and_reports(shelf: Shelf) -> None:
    shelf.send({"Ana Novak.txt": b"Call Ana Novak about invoices.", "other.txt": b"Invoices are sent monthly."})
    shelf.work()
    person = {"identifiers": ["Ana Novak"]}
    seen = erasures.look(shelf.session, shelf.project, Person.model_validate(person))
    new = NewErasure.model_validate(person | {"reason": "asked for", "expected_count": seen.total})
    erasures.erase(shelf.session, shelf.owner, shelf.project, new)
    found = shelf.find("invoices Ana Novak")
    assert [one.document for one in found] == ["other.txt"]
    rows = [row[0] for row in shelf.session.execute(text("select text from knowledge_passages"))]
    assert sorted(rows) == ["Invoices are sent monthly.", "[erased]"]
    left = shelf.session.execute(text("select string_agg(name, ' ') from knowledge_documents")).scalar_one()
    assert "Novak" not in left
    assert "Novak" not in str(shelf.session.execute(text("select files from knowledge_uploads")).scalar_one())
