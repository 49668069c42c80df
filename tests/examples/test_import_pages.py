"""Pages of imports: upload, first look, start, watch, report, take back."""

import html
import json
import re
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.core.settings import get_settings
from app.examples import import_service, importing, reading
from app.projects.models import Project
from tests.examples.factories import Jobs, chat, jsonl
from tests.examples.format_samples import EVAL, GRADER
from tests.factories import Factory

TABLE = b'text,team,kind\n"Refund, please",billing,answer\nHi,general,\n,empty,\n'


class Pages:
    """The import pages as a signed-in member sees them."""

    def __init__(self, client: TestClient, factory: Factory, project: Project, role: str = "engineer") -> None:
        self.client = factory.sign_in(client, factory.member(project, role))
        self.base = f"/p/{project.slug}/imports"

    def upload(self, content: bytes, name: str = "file.jsonl", expect: int = 303, **fields: str) -> str:
        answer = self.client.post(self.base, files={"file": (name, content)}, data=fields)
        assert answer.status_code == expect, answer.text
        return str(answer.headers["location"]) if expect == 303 else html.unescape(answer.text)

    def get(self, url: str, expect: int = 200, **headers: str) -> str:
        answer = self.client.get(url, headers=headers)
        assert answer.status_code == expect, answer.text
        return html.unescape(answer.text)

    def post(self, url: str, expect: int = 303, **fields: Any) -> str:
        answer = self.client.post(url, data=fields)
        assert answer.status_code == expect, answer.text
        return str(answer.headers["location"]) if expect == 303 else html.unescape(answer.text)


@pytest.fixture
def project(factory: Factory) -> Project:
    return factory.project()


@pytest.fixture
def pages(client: TestClient, factory: Factory, project: Project) -> Pages:
    return Pages(client, factory, project)


def test_a_file_is_looked_at_before_anything_is_stored(pages: Pages, run_jobs: Jobs) -> None:
    url = pages.upload(jsonl(chat(), b"{broken", chat("Second")), "tickets.jsonl", tags="batch 1")
    page = pages.get(url)
    for words in ("2 of the 3 rows can come in", "not JSON", "Can you refund my plan?", "tickets.jsonl"):
        assert words in page
    assert "tickets.jsonl was uploaded and waits" in pages.get(pages.base)
    assert pages.post(url + "/start") == url
    assert 'hx-trigger="every 1s"' in pages.get(url)
    run_jobs()
    page = pages.get(url)
    for words in ("2 examples came in", "1 refused", "{broken", "/rejections?format=csv"):
        assert words in page
    assert 'hx-trigger="every 1s"' not in page
    assert "tickets.jsonl" in pages.get(pages.base)
    pages.post(url + "/start", 409)


def test_a_table_is_mapped_by_hand(pages: Pages, run_jobs: Jobs) -> None:
    url = pages.upload(TABLE, "t.csv")
    assert "2 of the 3 rows can come in" in pages.get(url)
    page = pages.get(url + "?user=text&label=team&behavior=kind&system=Route+it.")
    assert "Route it." in page
    assert "column “text”: is empty" in page
    assert "no column “nope”" in pages.get(url + "?user=nope&label=team")
    page = pages.post(url + "/start", 422, user="text", label="", behavior="", assistant="")
    assert "Say which column holds the answer" in page
    pages.post(url + "/start", user="text", label="team", behavior="kind", tags="team")
    run_jobs()
    assert "2 examples came in" in pages.get(url)


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [(b"", "a.jsonl", "The file is empty"), (b"PK\x03\x04x", "a.xlsx", "spreadsheet"), (b"x", "", "Choose a file")],
)
def test_a_file_that_cannot_be_read_is_refused_at_once(pages: Pages, content: bytes, name: str, words: str) -> None:
    assert words in pages.upload(content, name, expect=422)
    assert list(get_settings().uploads.iterdir()) == []


def test_a_file_beyond_the_limit(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "max_upload_mb", 1)
    assert "larger than 1 MB" in pages.upload(b"x" * 1_200_000, expect=422)


def test_discarding_removes_the_file(pages: Pages) -> None:
    url = pages.upload(jsonl(chat()))
    pages.post(url + "/discarding")
    pages.get(url, 404)
    assert list(get_settings().uploads.iterdir()) == []


def test_watch_cancel_and_take_back(
    pages: Pages, project: Project, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "BATCH_ROWS", 2)
    url = pages.upload(jsonl(*[chat(f"Request {n}") for n in range(8)]))
    pages.post(url + "/start")
    import_id = url.rsplit("/", 1)[1]
    next(steps := importing.steps(import_id))
    part = pages.get(url + "/standing", **{"hx-request": "true"})
    assert "2 rows read" in part
    assert "<html" not in part
    pages.post(url + "/cancelling")
    assert list(steps) == []
    importing.run_import(import_id)
    assert "was cancelled" in pages.get(url)
    pages.post(url + "/undo")
    page = pages.get(url)
    assert "then were taken back" in page
    assert "Take the import back" not in page


def test_hostile_text_in_a_file_is_only_text(pages: Pages, run_jobs: Jobs) -> None:
    hostile = '"><script>alert(1)</script>{{ 7 * 7 }}'
    url = pages.upload(jsonl(chat(hostile), {"messages": hostile}, hostile.encode()), f"{hostile}.jsonl")
    for _ in range(2):
        answer = pages.client.get(url)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text
        pages.client.post(url + "/start")
        run_jobs()
    table = f'"{hostile.replace(chr(34), chr(34) * 2)}",b\nx,y\n'.encode()
    answer = pages.client.get(pages.upload(table, "t.csv"))
    assert "<script>alert" not in answer.text


def test_only_engineers_import(client: TestClient, factory: Factory, project: Project, session: Session) -> None:
    path = import_service.new_upload()
    path.write_bytes(jsonl(chat()))
    source = import_service.keep_upload(session, None, project, path, "a.jsonl")
    session.commit()
    annotator = Pages(client, factory, project, "annotator")
    annotator.get(annotator.base)
    annotator.get(annotator.base + "/new", 403)
    annotator.upload(jsonl(chat()), expect=403)
    for action in ("start", "discarding", "cancelling", "undo"):
        annotator.post(f"{annotator.base}/{source.id}/{action}", 403)
    stranger = Pages(client, factory, factory.project())
    stranger.get(f"{stranger.base}/{source.id}", 404)
    stranger.post(f"{stranger.base}/{source.id}/start", 404)


def test_evals_show_what_is_mapped_and_their_graders_become_graders(pages: Pages, run_jobs: Jobs) -> None:
    strange = {"type": "python", "name": "own code", "source": "def grade(): ..."}
    definition = EVAL | {"testing_criteria": [GRADER, strange]}
    url = pages.upload(jsonl(definition, {"item": {"question": "Which plan?", "reference": "Team"}}), "evals.jsonl")
    page = pages.get(url)
    for words in ("Recognised: OpenAI evals", "1 of the 2 rows can come in", "1 row about evals and runs", "Team"):
        assert words in page
    pages.post(url + "/start", user="question", assistant="reference")
    run_jobs()
    done = pages.get(url)
    assert "1 example came in" in done
    assert "right topic" in done
    first, second = re.findall(r'href="([^"]*graders/new[^"]*)"', done)
    form = pages.get(first)
    assert 'value="right topic"' in form
    assert "{{item.ground_truth}}" in form
    assert "cannot be used here as it stands" in pages.get(second)
    pages.get(first.replace("index=0", "index=7"), expect=404)
    graders = url.split("/imports/")[0] + "/graders"
    body = json.dumps({key: value for key, value in GRADER.items() if key != "name"})
    saved = pages.post(graders, name="right topic", definition=body, metric="task_accuracy", pass_threshold="")
    assert "right topic" in pages.get(saved)


def test_fields_of_somebodys_own_are_mapped_by_hand(pages: Pages, run_jobs: Jobs) -> None:
    rows = [{"full_text": "Where is my invoice?", "verdict": "billing"}, {"full_text": "", "verdict": "x"}]
    url = pages.upload(json.dumps(rows, indent=1).encode(), "own.json")
    assert "Say which column is what." in pages.get(url)
    assert "1 of the 2 rows can come in" in pages.get(url + "?user=full_text&label=verdict")
    pages.post(url + "/start", expect=422, user="full_text")
    pages.post(url + "/start", user="full_text", label="verdict")
    run_jobs()
    assert "1 example came in" in pages.get(url)
