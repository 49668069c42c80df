"""The voter's side cannot name a candidate: what it imports, and which tables and columns it reads while it answers."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, event

from app.web.static import ROOT
from tests.factories import Factory
from tests.preferences.opened import Opened

PACKAGE = ROOT / "app" / "preferences" / "voting"
MODELS = {"Ballot", "PreferenceRound", "RoundReviewer", "Vote"}
# the program's floor, words and differences of texts, who is asking, and this side itself
IMPORTS = re.compile(
    r"app\.(core|web)\.\w+|app\.examples\.(differences|rules)|app\.(accounts|projects)\.access|"
    r"app\.preferences\.(forms|models|voted|guests\.entry|voting(\.\w+)?)"
)
# who is asking, and the four tables of voting
TABLES = {
    *("users", "user_sessions", "api_tokens", "projects", "members", "round_invitations", "throttles"),
    *("ballots", "votes", "preference_rounds", "round_reviewers"),
}
NEVER = re.compile(r"run_ids|test_set_id|\bseed\b|ballot_pairs|\bpairs\b")


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """(module, name) of everything of ours that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.name)
def test_imports_lead_to_no_candidate(path: Path) -> None:
    ours = [(module, name) for module, name in imports(path) if module.split(".")[0] == "app"]
    reached = {
        f"{module}.{name}" if module.endswith(("preferences", "guests", "voting")) else module for module, name in ours
    }
    assert {one for one in reached if not IMPORTS.fullmatch(one)} == set()
    assert {name for module, name in ours if module == "app.preferences.models"} <= MODELS


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Every statement that is sent while the test runs."""
    sent: list[str] = []

    def keep(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", keep)
    yield sent
    event.remove(Engine, "before_cursor_execute", keep)


def test_while_it_answers_no_other_table_is_read(client: TestClient, factory: Factory, statements: list[str]) -> None:
    opened = Opened(client, factory)
    page = factory.sign_in(client, opened.people[0])
    url, api = opened.page, f"{opened.base}/{opened.round}"
    statements.clear()
    whole = page.get(f"{url}/vote").text
    pair = whole.split('name="pair_id" value="')[1].split('"')[0]
    htmx = {"hx-request": "true"}
    answers = [
        page.post(f"{url}/ahead", data={"shown": pair}),
        page.get(f"{url}/pairs/{pair}/sides?differences=true", headers=htmx),
        page.post(f"{url}/pairs/{pair}/skip", headers=htmx),
        page.post(f"{url}/votes", data={"pair_id": pair, "choice": "left"}, headers=htmx),
        page.post(f"{url}/votes", data={"pair_id": pair, "choice": "right"}, headers=htmx),
        page.post(f"{url}/undo", headers=htmx),
        client.post(f"{api}/next", headers=opened.voters[0]),
        client.post(f"{api}/pairs/{pair}/skip", headers=opened.voters[0]),
        client.post(f"{api}/votes", json={"pair_id": pair, "choice": "tie"}, headers=opened.voters[0]),
        client.delete(f"{api}/votes/{pair}", headers=opened.voters[0]),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 409, 200, 200, 204, 201, 204]
    read = {name for sql in statements for name in re.findall(r"(?:from|join|into|update)\s+([a-z_]+)", sql.lower())}
    assert "ballots" in read
    assert read - TABLES == set()
    assert [sql for sql in statements if NEVER.search(sql)] == []
