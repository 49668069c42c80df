"""Imports by the API: preview, start, report, cancel, undo."""

import csv
import io
import json

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.core.settings import get_settings
from app.examples import queries
from tests.examples.factories import Api, Jobs, add, chat, jsonl, use_in_a_test_set
from tests.factories import Factory


def test_a_jsonl_file_comes_in_and_is_reported(api: Api, run_jobs: Jobs) -> None:
    content = jsonl(chat(tags=["a"], behavior="answer", group="g", metadata={"k": 1}), b"{broken", chat("Second"))
    report = api.imported(run_jobs, content, tags="batch 1, edge")
    assert (report["status"], report["rows_read"], report["imported"], report["rejected_count"]) == (
        "succeeded",
        3,
        2,
        1,
    )
    assert report["progress"] == {"done": len(content), "total": len(content)}
    assert report["rejected"][0]["line"] == 2
    assert "not JSON" in report["rejected"][0]["reason"]
    second, first = api.get("/examples").json()["items"]
    assert (first["messages"], first["status"], first["behavior"]) == (chat()["messages"], "to_review", "answer")
    assert (first["tags"], first["group"], first["metadata"]) == (["a", "batch 1", "edge"], "g", {"k": 1})
    assert (second["tags"], second["split"], second["revision"]) == (["batch 1", "edge"], "train", 1)


def test_exact_duplicates_are_counted_and_other_answers_are_not_duplicates(api: Api, run_jobs: Jobs) -> None:
    rows = [chat(), chat(), chat(answer="Something else"), chat(tags=["other tags"])]
    first = api.imported(run_jobs, jsonl(*rows))
    assert (first["imported"], first["duplicates"]) == (2, 2)
    again = api.imported(run_jobs, jsonl(*rows))
    assert (again["imported"], again["duplicates"]) == (0, 4)


def test_what_was_edited_since_is_still_known(api: Api, run_jobs: Jobs) -> None:
    api.imported(run_jobs, jsonl(chat()))
    one = api.get("/examples").json()["items"][0]
    change = {"revision": 1, "messages": chat(answer="Better")["messages"]}
    api.client.patch(f"{api.base}/examples/{one['id']}", json=change, headers=api.headers)
    assert api.imported(run_jobs, jsonl(chat()))["duplicates"] == 1


def test_a_row_like_a_test_case_is_held_out(api: Api, run_jobs: Jobs, session: Session) -> None:
    sealed = add(session, api.project, request="How do I cancel?", group="customer-1")
    queries.move_to_test(session, api.project.id, [sealed.fingerprint_unit, sealed.group_unit])
    session.commit()
    rows = [chat("how do I CANCEL?", "New answer"), chat("Unrelated", group="customer-1"), chat("Free")]
    report = api.imported(run_jobs, jsonl(*rows))
    assert (report["imported"], report["held_out"]) == (3, 2)
    splits = {item["messages"][1]["content"]: item["split"] for item in api.get("/examples").json()["items"]}
    assert splits == {"how do I CANCEL?": "test", "Unrelated": "test", "Free": "train", "How do I cancel?": "test"}


def test_a_table_comes_in_by_its_columns(api: Api, run_jobs: Jobs) -> None:
    content = b'text,intent,kind,notes\r\n"Refund, please",refund,answer,"a\nb"\r\nHi,greet,,\r\n'
    seen = api.upload("/imports/preview", content, "t.csv").json()
    assert (seen["format"], seen["columns"]) == ("csv", ["text", "intent", "kind", "notes"])
    assert seen["suggested_mapping"] == {"user": "text", "label": "intent", "tags": []}
    assert seen["sample"][0] == {"text": "Refund, please", "intent": "refund", "kind": "answer", "notes": "a\nb"}
    assert (seen["checked"], seen["accepted"], seen["rejected"]) == (2, 2, [])
    mapping = seen["suggested_mapping"] | {"behavior": "kind", "system": "Route it."}
    report = api.imported(run_jobs, content, "t.csv", mapping=json.dumps(mapping))
    assert (report["imported"], report["rejected_count"]) == (2, 0)
    example = api.get("/examples").json()["items"][1]
    assert [m["content"] for m in example["messages"]] == ["Route it.", "Refund, please", "refund"]
    assert (example["expected"], example["metadata"]) == ({"label": "refund", "behavior": "answer"}, {"notes": "a\nb"})


@pytest.mark.parametrize(
    ("mapping", "loc"),
    [
        ("", "mapping"),
        ("[1]", "mapping"),
        ("{", "mapping"),
        ('{"user": "text"}', "mapping.assistant"),
        ('{"user": "nope", "label": "intent"}', "mapping.user"),
        ('{"user": "text", "label": "intent", "tags": ["nope"]}', "mapping.tags.0"),
        ('{"user": "text", "label": "intent", "color": "x"}', "mapping.color"),
    ],
)
def test_a_wrong_mapping_is_named_and_nothing_is_kept(api: Api, mapping: str, loc: str) -> None:
    answer = api.upload("/imports", b"text,intent\na,b\n", "t.csv", mapping=mapping)
    assert answer.status_code == 422
    assert [error["loc"] for error in answer.json()["errors"]] == [loc]
    assert list(get_settings().uploads.iterdir()) == []
    assert api.get("/imports").json()["items"] == []


@pytest.mark.parametrize(("format", "loc"), [("vibes", "format"), ("parquet", "file")])
def test_a_format_that_is_none_or_not_this_file_is_refused(api: Api, format: str, loc: str) -> None:
    answer = api.upload("/imports", jsonl(chat()), format=format)
    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, loc)


def test_a_preview_keeps_nothing(api: Api) -> None:
    seen = api.upload("/imports/preview", jsonl(chat(), b"{", {"messages": []})).json()
    assert (seen["checked"], seen["accepted"], seen["rejected_count"]) == (3, 1, 2)
    assert seen["sample"][0]["messages"][1]["content"] == "Can you refund my plan?"
    assert list(get_settings().uploads.iterdir()) == []


def test_the_refused_lines_can_be_taken_along(api: Api, run_jobs: Jobs) -> None:
    report = api.imported(run_jobs, jsonl(b'{"a": "=1+1"}', b"=cmd()", *[b"x"] * 150), format="openai_chat")
    assert (report["rejected_count"], len(report["rejected"])) == (152, 100)
    lines = api.get(f"/imports/{report['id']}/rejections").text.splitlines()
    assert (len(lines), json.loads(lines[1])["excerpt"]) == (152, "=cmd()")
    answer = api.get(f"/imports/{report['id']}/rejections?format=csv")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert (rows[0], rows[2][2], len(rows)) == (["line", "reason", "excerpt"], "'=cmd()", 153)


def test_undo_takes_back_what_is_not_in_use(api: Api, run_jobs: Jobs, session: Session) -> None:
    report = api.imported(run_jobs, jsonl(chat("One"), chat("Two"), chat("Three")))
    used = api.get("/examples").json()["items"][0]
    use_in_a_test_set(session, api.project, used["id"])
    session.commit()
    undone = api.post(f"/imports/{report['id']}/undo").json()
    assert (undone["removed"], undone["kept"]) == (2, 1)
    assert undone["undone_at"] is not None
    assert [item["id"] for item in api.get("/examples").json()["items"]] == [used["id"]]
    assert api.imported(run_jobs, jsonl(chat("One"), chat("Two"), chat("Three")))["imported"] == 2


def test_cancelled_before_it_began(api: Api, run_jobs: Jobs) -> None:
    started = api.upload("/imports", jsonl(chat())).json()
    assert api.post(f"/imports/{started['id']}/undo").status_code == 409
    assert api.post(f"/imports/{started['id']}/cancel").json()["status"] == "cancelled"
    run_jobs()
    assert api.get("/examples").json()["items"] == []
    assert list(get_settings().uploads.iterdir()) == []


def test_events_end_with_the_import(api: Api, run_jobs: Jobs) -> None:
    report = api.imported(run_jobs, jsonl(chat()))
    frames = api.get(f"/imports/{report['id']}/events").text
    assert "event: progress" in frames
    data = json.loads(frames.split("event: end\ndata: ")[1].split("\n")[0])
    assert (data["status"], data["imported"]) == ("succeeded", 1)


def test_a_file_beyond_the_limit_is_refused(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "max_upload_mb", 1)
    answer = api.upload("/imports", b"x" * 1_100_000)
    assert (answer.status_code, "1 MB" in answer.json()["detail"]) == (413, True)
    assert list(get_settings().uploads.iterdir()) == []


def test_roles_and_projects_are_kept_apart(api: Api, run_jobs: Jobs, client: TestClient, factory: Factory) -> None:
    report = api.imported(run_jobs, jsonl(chat()))
    other = Api(client, factory)
    for path in ("", "/rejections", "/events"):
        assert other.get(f"/imports/{report['id']}{path}").status_code == 404
    assert other.post(f"/imports/{report['id']}/undo").status_code == 404
    annotator = factory.bearer(factory.member(api.project, "annotator"))
    answer = client.post(f"{api.base}/imports", files={"file": ("a", jsonl(chat()))}, headers=annotator)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "multipart/form-data; boundary=x"),
        (b"no such boundary", "multipart/form-data; boundary=x"),
        (b'--x\r\ncontent-disposition: form-data; name="file"\r\n\r\nhi\r\n--x--', "multipart/form-data; boundary=x"),
        (b"{}", "application/json"),
        (b"--\r\n", "multipart/form-data"),
        (
            b'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n' * 60 + b"--x--",
            "multipart/form-data; boundary=x",
        ),
    ],
)
def test_a_form_without_a_file_is_refused(api: Api, body: bytes, kind: str) -> None:
    answer = api.client.post(f"{api.base}/imports", content=body, headers=api.headers | {"content-type": kind})
    assert answer.status_code == 422
    assert list(get_settings().uploads.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "C:\\a\\b.jsonl", "a\u202egpj.exe", "x" * 900, "\r\nSet-Cookie: a"]
)
def test_the_file_name_is_only_shown(api: Api, name: str) -> None:
    answer = api.upload("/imports", jsonl(chat()), name)
    assert answer.status_code == 202
    shown = answer.json()["file_name"]
    assert shown.isprintable()
    assert len(shown) <= 200
    assert not {"/", "\\"} & set(shown)
    (stored,) = get_settings().uploads.iterdir()
    assert len(stored.name) == 32
