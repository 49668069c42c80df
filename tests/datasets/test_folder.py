"""The ready-to-train folder: right files for each trainer, checked rows, the same bytes always."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.datasets import versions
from app.datasets.folder import chat_template
from app.datasets.folder.chat_template import ChatTemplate, WouldNotRender
from app.datasets.folder.provider_rules import problems
from app.datasets.folder.targets import TARGETS
from app.datasets.folder.zipped import zipped
from app.datasets.formats import Record
from app.datasets.models import DatasetVersion
from app.examples.forms import ExampleFilter
from app.projects.models import Project
from tests.datasets.factories import add_example
from tests.factories import Factory

ASKED, ANSWERED = {"role": "user", "content": "Q?"}, {"role": "assistant", "content": "A."}
TOOL = {"type": "function", "function": {"name": "refund", "parameters": {"type": "object"}}}
CALL = {"id": "c1", "type": "function", "function": {"name": "refund", "arguments": '{"id": 7}'}}
CALLS = {"role": "assistant", "content": None, "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "done"}


@pytest.fixture
def user(factory: Factory) -> User:
    return factory.user()


@pytest.fixture
def project(factory: Factory, client: TestClient, user: User) -> Project:
    project = factory.project(user)
    client.headers.update(factory.bearer(factory.member(project, "viewer")))
    return project


def freeze(session: Session, user: User, project: Project) -> DatasetVersion:
    version = versions.freeze(session, user, project, "First", ExampleFilter())
    session.commit()
    return version


def unpacked(data: bytes) -> dict[str, bytes]:
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.testzip() is None
    return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("paired", [False, True], ids=["supervised", "dpo"])
@pytest.mark.parametrize("target", TARGETS)
def test_each_trainer_gets_what_it_reads(
    client: TestClient, session: Session, user: User, project: Project, target: str, paired: bool
) -> None:
    other = [{"role": "assistant", "content": "No."}] if paired else None
    for n in range(12):
        add_example(session, project, f"Q{n}", non_preferred=other)
    one, two = freeze(session, user, project), freeze(session, user, project)
    base = f"/api/v1/projects/{project.slug}/dataset-versions"
    answers = [
        client.get(f"{base}/{v.id}/folder", params={"target": target, "base_model": "me/Qwen3-1B"}) for v in (one, one)
    ]
    assert answers[0].content == answers[1].content
    assert answers[0].headers["content-type"] == "application/zip"
    files = unpacked(answers[0].content)
    rows = [json.loads(line) for line in files["train.jsonl"].splitlines()]
    report = json.loads(files["check.json"])
    assert (len(rows), report["rows"], report["chat_template"]["would_not_render"]) == (12, 12, 0)
    assert one.content_hash.encode() in files["README.md"]
    assert b"$" not in files["README.md"].replace(b"$ ", b"")
    assert (
        files["train.jsonl"] == unpacked(client.get(f"{base}/{two.id}/folder?target={target}").content)["train.jsonl"]
    )
    expected: dict[str, Any] = {
        "openai": {"launch.py"}, "trl": {"train.py"}, "axolotl": {"config.yaml"},
        "llama_factory": {"train.yaml", "dataset_info.json"},
    }  # fmt: skip
    assert set(files) == {"README.md", "train.jsonl", "check.json"} | expected[target]
    text = b"".join(files.values())
    assert (b"dpo" in text.lower()) is paired or target in ("openai", "trl")
    for name in ("launch.py", "train.py"):
        if name in files:
            compile(files[name], name, "exec")
    if target == "openai":
        assert report["provider_rules"] == {"file": [], "rows_that_break_one": 0, "first": []}
    if target == "llama_factory":
        info = json.loads(files["dataset_info.json"])["holdout"]
        assert set(info["columns"].values()) >= set(rows[0])
        assert b"template: qwen3" in files["train.yaml"]
    if target == "axolotl" and not paired:
        assert [message["train"] for message in rows[0]["messages"]] == [False, True]


def test_rows_that_do_not_fit_refuse_the_folder_or_are_left_out(
    client: TestClient, session: Session, user: User, project: Project, factory: Factory
) -> None:
    for n in range(3):
        add_example(session, project, f"Q{n}")
    weighted = [ASKED, ANSWERED | {"weight": 0}, ASKED, ANSWERED]
    odd = add_example(session, project, "W", messages=weighted)
    version = freeze(session, user, project)
    url = f"/api/v1/projects/{project.slug}/dataset-versions/{version.id}/folder?target=trl"
    refused = client.get(url)
    assert (refused.status_code, f"#{odd.number} leaves an answer out" in refused.text) == (422, True)
    kept = client.get(url + "&omit=true")
    files = unpacked(kept.content)
    assert (kept.headers["x-left-out"], len(files["train.jsonl"].splitlines())) == ("1", 3)
    assert b"1 examples of the version are not in it" in files["README.md"]
    axolotl = unpacked(client.get(url.replace("trl", "axolotl")).content)
    marks = [[m["train"] for m in json.loads(line)["messages"]] for line in axolotl["train.jsonl"].splitlines()]
    assert [False, False, False, True] in marks
    short = json.loads(unpacked(client.get(url.replace("trl", "openai")).content)["check.json"])
    assert short["provider_rules"]["file"] == ["The file has 4 examples; a provider takes 10 or more."]
    assert client.get(url + "&base_model=a%0Ab").status_code == 422
    factory.sign_in(client, user)
    page = client.get(f"/p/{project.slug}/versions/{version.id}/folder?target=trl&base_model=kept/one")
    assert (page.status_code, "leaves an answer out" in page.text, "kept/one" in page.text) == (422, True, True)


RENDERS = {
    "a plain talk": [{"role": "system", "content": "S"}, ASKED, ANSWERED],
    "tools": [ASKED, CALLS, RESULT, ANSWERED],
    "parts": [{"role": "user", "content": [{"type": "text", "text": "Q?"}]}, ANSWERED],
}
DOES_NOT = {
    "two in a row": ([ASKED, ASKED, ANSWERED], "two user messages in a row"),
    "a late system message": ([ASKED, ANSWERED, {"role": "system", "content": "S"}, ASKED, ANSWERED], "further down"),
    "a result of nothing": ([ASKED, RESULT, ANSWERED], "without having been called"),
    "arguments": (
        [ASKED, CALLS | {"tool_calls": [CALL | {"function": {"name": "refund", "arguments": "{"}}]}, RESULT, ANSWERED],
        "are not JSON",
    ),
}


@pytest.mark.parametrize("messages", RENDERS.values(), ids=RENDERS.keys())
def test_what_renders(messages: list[dict[str, Any]]) -> None:
    text = ChatTemplate(chat_template.CHATML, "ChatML").render(Record(1, messages))
    assert "<|im_start|>user\nQ?<|im_end|>" in text
    assert text.count("<|im_start|>") == len(messages)


@pytest.mark.parametrize(("messages", "reason"), DOES_NOT.values(), ids=DOES_NOT.keys())
def test_what_does_not(messages: list[dict[str, Any]], reason: str) -> None:
    with pytest.raises(WouldNotRender, match=reason):
        ChatTemplate(chat_template.CHATML, "ChatML").render(Record(1, messages))


def test_a_template_cannot_leave_its_sandbox() -> None:
    for source in ("{{ messages.append(1) }}", "{{ ''.__class__.__mro__ }}x", "{{ raise_exception('no') }}"):
        with pytest.raises(WouldNotRender):
            ChatTemplate(source, "hostile").render(Record(1, [ASKED, ANSWERED]))
    with pytest.raises(WouldNotRender, match="broken"):
        ChatTemplate("{% for %}", "hostile")


def test_the_models_own_template_is_taken_where_the_engine_has_it(tmp_path: Path) -> None:
    models = tmp_path / "models"
    folder = models / "tiny"
    folder.mkdir(parents=True)
    (folder / "chat_template.jinja").write_text("{{ bos_token }}{{ messages[0].content }}")
    (folder / "tokenizer_config.json").write_text('{"bos_token": "<s>"}')
    found = chat_template.of_model(models, "someone/Tiny")
    assert (found.name, found.render(Record(1, [ASKED, ANSWERED]))) == ("tiny's own", "<s>Q?")
    assert "in place" in chat_template.of_model(models, "../tiny/..").name
    assert "in place" in chat_template.of_model(models, "unknown").name


BROKEN = {
    "nothing to learn": ([ASKED, ANSWERED | {"weight": 0}], None, "nothing|no answer to learn"),
    "unknown tool": ([ASKED, CALLS, RESULT, ANSWERED], None, "not among its tools"),
    "no result": ([ASKED, CALLS, ASKED, ANSWERED], [TOOL], "before a tool call was answered"),
    "a weight of the user": ([ASKED | {"weight": 1}, ANSWERED], None, "user message has a weight"),
    "a tool's name": ([ASKED, ANSWERED], [{"type": "function", "function": {"name": "a b"}}], "letters, digits"),
    "a picture of the assistant": (
        [ASKED, {"role": "assistant", "content": [{"type": "image_url", "image_url": {}}]}], None, "holds a picture",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("messages", "tools", "rule"), BROKEN.values(), ids=BROKEN.keys())
def test_rules_of_the_provider(messages: list[dict[str, Any]], tools: list[Any] | None, rule: str) -> None:
    import re

    assert any(re.search(rule, found) for found in problems(Record(1, messages, tools), False))
    assert not list(problems(Record(1, [ASKED, CALLS, RESULT, ANSWERED], [TOOL]), False))


def test_the_zip_comes_in_pieces() -> None:
    pieces = list(zipped([("a.txt", (b"x" * 1000 for _ in range(5))), ("b.txt", [b"end"])]))
    assert unpacked(b"".join(pieces)) == {"": b"end"} or len(pieces) > 3
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        assert archive.read("a.txt") == b"x" * 5000
        assert archive.infolist()[0].date_time == (1980, 1, 1, 0, 0, 0)
