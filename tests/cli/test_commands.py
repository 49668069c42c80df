"""The command line: one clear line and a non-zero exit where something is wrong; secrets alone on stdout."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from app.checks.readiness import rules
from app.cli import check
from app.cli.run import settings_for
from app.core.postgres import EmbeddedPostgres
from app.core.settings import get_settings
from app.examples import service as examples
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


def test_check_succeeds_when_nothing_blocks(factory: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    project = factory.project(factory.user())
    assert check.check(project.slug, as_json=False, scan=True) is False
    monkeypatch.setattr(rules, "POINTS", ())
    assert check.check(project.slug, as_json=False, scan=False) is True


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
