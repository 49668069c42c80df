"""The command line: one clear line and a non-zero exit where something is wrong; secrets alone on stdout."""

import hashlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.cli.run import settings_for
from app.core.postgres import EmbeddedPostgres
from app.core.settings import get_settings
from app.examples import service as examples
from tests.examples.factories import Api, add
from tests.factories import Factory


def holdout(home: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HOLDOUT_", "OPENAI_"))}
    environment = clean | {"HOLDOUT_HOME": str(home)} | settings
    command = [sys.executable, "-m", "app.cli", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = holdout(tmp_path, "up", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "HOLDOUT_PORT" in done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [("HOLDOUT_PORT", "many"), ("HOLDOUT_SECRET_KEY", "changeme"), ("HOLDOUT_MAX_UPLOAD_MB", "0")],
)
def test_a_wrong_setting_is_named(tmp_path: Path, name: str, value: str) -> None:
    done = holdout(tmp_path, "migrate", **{name: value})
    assert done.returncode == 1
    assert done.stderr.startswith(f"holdout: {name}: ")
    assert done.stderr.count("\n") == 1


def test_a_database_without_tables_is_one_line(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    url = postgres.create_test_database("template1")
    done = holdout(tmp_path, "user", "add", "boss@example.com", "--role", "admin", HOLDOUT_DATABASE_URL=url)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "holdout migrate" in done.stderr
    postgres.drop_test_database(url)


def test_people_tokens_and_data(factory: Factory, database_url: str, tmp_path: Path) -> None:
    owner = factory.user("eva@example.com")
    project = factory.project(owner)
    url = {"HOLDOUT_DATABASE_URL": database_url}
    secret = holdout(tmp_path, "token", "create", "--email", "eva@example.com", "--name", "ci", **url)
    assert secret.stdout.startswith("hld_")
    assert len(secret.stdout.split()) == 1
    link = holdout(tmp_path, "user", "add", "new@example.com", "--role", "annotator", "--project", project.slug, **url)
    assert "/sign-in/link_" in link.stdout
    wrong = holdout(tmp_path, "user", "add", "new@example.com", "--role", "boss", **url)
    assert (wrong.returncode, wrong.stderr.count("\n")) == (1, 1)
    lost = holdout(tmp_path, "user", "add", "new@example.com", "--role", "viewer", "--project", "nowhere", **url)
    assert lost.stderr == f"holdout: There is no project “nowhere”. There are: {project.slug}.\n"
    file = tmp_path / "rows.jsonl"
    file.write_text('{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]}\nbad\n')
    report = holdout(tmp_path, "import", project.slug, str(file), "--json", **url)
    assert report.returncode == 1  # a line was refused
    assert '"imported": 1' in report.stdout
    table = tmp_path / "rows.csv"
    table.write_text("question,reply\nWhy?,So.\n")
    columns = '{"user": "question", "assistant": "reply"}'
    report = holdout(tmp_path, "import", project.slug, str(table), "--format", "csv", "--mapping", columns, **url)
    assert (report.returncode, "1 in" in report.stdout) == (0, True)
    missing = holdout(tmp_path, "export", project.slug, "v1", **url)
    assert missing.returncode == 1
    assert "Version v1" in missing.stderr


def test_check_fails_until_the_project_is_ready(factory: Factory, database_url: str, tmp_path: Path) -> None:
    """In CI there is a database and nothing else: what was not looked at is scanned by the command itself."""
    project = factory.project(factory.user())
    row = {"messages": [{"role": "user", "content": "Hi?"}, {"role": "assistant", "content": "Mail a.b@example.com."}]}
    examples.add(factory.session, None, project.id, row, status="approved")
    factory.session.commit()
    url = {"HOLDOUT_DATABASE_URL": database_url}
    unscanned = holdout(tmp_path, "check", project.slug, "--json", "--no-scan", **url)
    assert unscanned.returncode == 1, unscanned.stderr
    states = {item["key"]: item["state"] for item in json.loads(unscanned.stdout)["items"]}
    assert (len(states), states["sensitive_data"]) == (8, "attention")
    scanned = holdout(tmp_path, "check", project.slug, **url)
    assert scanned.returncode == 1
    assert "not ready to train on" in scanned.stdout
    assert "1 e-mail address" in scanned.stdout
    unknown = holdout(tmp_path, "check", "nowhere", **url)
    assert (unknown.returncode, unknown.stderr.count("\n")) == (1, 1)


QUESTIONS = (
    ("Where do I find last month's invoice?", "Under Billing, in the list of documents."),
    ("My parcel arrived with a broken lid.", "I am sorry. We send you a new one today."),
    ("Can two people share one licence?", "No, each person needs a seat of their own."),
    ("How do I switch the display to French?", "Open Settings, then choose a language."),
    ("Does the printer work without wires?", "Yes, hold the blue button until it blinks."),
    ("I forgot which address I signed up with.", "Our team looks it up for you by telephone."),
)


def test_check_succeeds_for_a_project_that_is_ready(
    client: TestClient, factory: Factory, database_url: str, tmp_path: Path
) -> None:
    """All that the checklist asks for is done as people do it, but for the reviews; the scans are the command's own."""
    api = Api(client, factory, "admin")
    for asked, said in QUESTIONS:
        add(factory.session, api.project, status="approved", request=asked, answer=said)
    case = add(factory.session, api.project, request="When does the museum close on Sundays?", answer="At six.")
    made = api.post("/test-sets", {"name": "Held out", "kind": "task", "example_ids": [case.id]}).json()
    assert api.post(f"/test-sets/{made['id']}/seal").status_code == 200
    url = {"HOLDOUT_DATABASE_URL": database_url}
    unsigned = holdout(tmp_path, "check", api.project.slug, **url)
    assert (unsigned.returncode, "not ready to train on" in unsigned.stdout) == (1, True), unsigned.stderr
    for item in ("realistic_requests", "exact_behavior"):
        assert api.post("/checklist/sign-offs", {"item": item}).status_code == 201
    for item in ("edge_cases", "refusals_escalations"):
        body = {"item": item, "action": "not_needed", "note": "Plain questions only."}
        assert api.post("/checklist/sign-offs", body).status_code == 201
    ready = holdout(tmp_path, "check", api.project.slug, "--no-scan", **url)
    assert (ready.returncode, ": ready to train on" in ready.stdout) == (0, True), ready.stdout + ready.stderr
    answer = json.loads(holdout(tmp_path, "check", api.project.slug, "--json", "--no-scan", **url).stdout)
    assert (answer["ready"], answer) == (True, api.get("/checklist").json())


def test_an_exported_version_is_the_bytes_that_its_hash_promises(
    client: TestClient, factory: Factory, database_url: str, tmp_path: Path
) -> None:
    api = Api(client, factory)
    for asked, said in QUESTIONS:
        add(factory.session, api.project, status="approved", request=asked, answer=f"{said} Ünï ﬁ 👩‍👩‍👧")
    frozen = api.post("/dataset-versions", {"name": "First"}).json()
    file = tmp_path / "train.jsonl"
    url = {"HOLDOUT_DATABASE_URL": database_url}
    done = holdout(tmp_path, "export", api.project.slug, "v1", "-o", str(file), **url)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert file.read_bytes() == api.get(f"/dataset-versions/{frozen['id']}/export").content
    assert hashlib.sha256(file.read_bytes()).hexdigest() == frozen["content_hash"]
    piped = holdout(tmp_path, "export", api.project.slug, frozen["id"], **url)
    assert (piped.returncode, piped.stdout.encode()) == (0, file.read_bytes())
    assert sorted(path.name for path in tmp_path.glob("train*")) == ["train.jsonl"]


def test_links_name_the_port_of_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOLDOUT_HOST", "HOLDOUT_PORT", "HOLDOUT_BASE_URL"):
        monkeypatch.setenv(name, "")
    get_settings.cache_clear()
    assert settings_for("0.0.0.0", 9123).address == "http://127.0.0.1:9123"
    assert get_settings().address == "http://127.0.0.1:9123"  # as in a child, and where links are made
    monkeypatch.setenv("HOLDOUT_BASE_URL", "https://holdout.example.com/")
    get_settings.cache_clear()
    assert settings_for(None, 9123).address == "https://holdout.example.com"
    get_settings.cache_clear()
