"""Examples for tests, made as an import makes them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.examples import service
from app.examples.models import Example
from app.projects.models import Project
from tests.factories import Factory

Jobs = Callable[[], None]
# A handful of our own; the longer public list is read where it is there
HOSTILE = [
    "'; drop table examples; --",
    '"><script>alert(1)</script>',
    "{{ 7 * 7 }}{% raw %}",
    "%s %n %x _ % \\",
    "' & | ! ( ) <-> :* *",
    "\u202ertl\u202c \u200bzero\u200d width \ufeff",
    "Ẑ̴͎a̸l̷g̶o̵ 👩‍👩‍👧‍👦 𝒳 ﷽",
    "=cmd|' /C calc'!A0",
    "\t\x0b\x1b[31m red",
    "undefined null NaN true 1e1000 0x1F",
    "../../../etc/passwd\x7f",
    "ＦＵＬＬ ｗｉｄｔｈ ß ﬁ ſ İ",
]
BLNS = Path(__file__).parents[3] / "shared" / "data" / "blns" / "blns.json"


def chat(
    request: str = "Can you refund my plan?", answer: str = "I can help with that.", **fields: Any
) -> dict[str, Any]:
    """One line of interfaces.md §4."""
    messages = [
        {"role": "system", "content": "You are a concise support assistant."},
        {"role": "user", "content": request},
        {"role": "assistant", "content": answer},
    ]
    return {"messages": messages, **fields}


def add(
    session: Session, project: Project, user: User | None = None, status: str = "to_review", **fields: Any
) -> Example:
    """One stored example, committed."""
    example = service.add(session, user, project.id, fields if "messages" in fields else chat(**fields), status=status)
    session.commit()
    return example


TEST_SET = """
insert into test_sets (id, project_id, name, kind, origin, size)
values (gen_random_uuid(), :project, 'Held out', 'task', '{}', 0)
"""
TEST_CASE = """
insert into test_cases (id, project_id, test_set_id, position, example_id, messages, expected, tags, extra,
                        fingerprint_unit, group_unit, content_hash)
select gen_random_uuid(), project_id, id, 1, :example, '[]', '{}', '{}', '{}', 'fp:1', 'fp:1', 'h' from test_sets
"""


def use_in_a_test_set(session: Session, project: Project, example_id: str) -> None:
    """A draft set with a case that was made of the example."""
    session.execute(text(TEST_SET), {"project": project.id})
    session.execute(text(TEST_CASE), {"example": example_id})


def jsonl(*rows: Any) -> bytes:
    return b"".join((row if isinstance(row, bytes) else json.dumps(row).encode()) + b"\n" for row in rows)


class Api:
    """The API as an engineer of one project sees it."""

    def __init__(self, client: TestClient, factory: Factory, role: str = "engineer") -> None:
        self.client = client
        self.project = factory.project()
        self.headers = factory.bearer(factory.member(self.project, role))
        self.base = f"/api/v1/projects/{self.project.slug}"

    def upload(self, path: str, content: bytes, name: str = "file.jsonl", **form: str) -> Any:
        files = {"file": (name, content)}
        return self.client.post(self.base + path, files=files, data=form, headers=self.headers)

    def get(self, path: str) -> Any:
        return self.client.get(self.base + path, headers=self.headers)

    def post(self, path: str, body: Any = None) -> Any:
        return self.client.post(self.base + path, json=body, headers=self.headers)

    def imported(self, run_jobs: Jobs, content: bytes, name: str = "file.jsonl", **form: str) -> dict[str, Any]:
        """Upload, let the worker run, and answer the report."""
        answer = self.upload("/imports", content, name, **form)
        assert answer.status_code == 202, answer.text
        assert answer.json()["status"] == "queued"
        run_jobs()
        report: dict[str, Any] = self.get(f"/imports/{answer.json()['id']}").json()
        return report


def hostile_strings() -> list[str]:
    public = json.loads(BLNS.read_text()) if BLNS.exists() else []
    return [*HOSTILE, *(one for one in public if one.strip())]
