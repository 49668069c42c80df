"""A project with a collection, and documents read into it as the worker does."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import pytest
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.candidates.knowledge import service
from app.candidates.knowledge.forms import NewCollection, Search
from app.candidates.knowledge.models import Collection, KnowledgeUpload
from app.candidates.knowledge.rules import Found
from app.examples.import_service import new_upload
from app.projects.access import Access
from app.projects.models import Project
from tests.factories import Factory

OLD = b"# Refunds\n\nWe refund every plan within 14 days.\n\n# Accounts\n\nDeleted accounts are kept for 30 days.\n"
NEW = b"# Refunds\n\nWe refund every plan within 45 days.\n\n# Accounts\n\nDeleted accounts are kept for 30 days.\n"


@dataclass
class Shelf:
    session: Session
    owner: User
    project: Project
    collection: Collection
    work: Callable[[], None]

    @property
    def access(self) -> Access:
        return Access(self.owner, self.project, "engineer")

    def send(self, files: dict[str, bytes], dated: str = "2024-01-01") -> KnowledgeUpload:
        kept = []
        for name, content in files.items():
            path = new_upload()
            path.write_bytes(content)
            kept.append(service.File(path, name))
        upload = service.take_files(self.session, self.access, self.collection, kept, date.fromisoformat(dated))
        self.session.commit()
        return upload

    def add(self, name: str, content: bytes, dated: str = "2024-01-01") -> KnowledgeUpload:
        upload = self.send({name: content}, dated)
        self.work()
        self.session.expire_all()
        return upload

    def find(self, q: str, as_of: str | None = None, top_k: int = 5) -> list[Found]:
        on = date.fromisoformat(as_of) if as_of else None
        return service.look(self.session, self.collection, Search(q=q, as_of=on, top_k=top_k)).found


@pytest.fixture
def shelf(session: Session, factory: Factory, run_jobs: Callable[[], None]) -> Shelf:
    owner = factory.user()
    project = factory.project(owner)
    collection = service.create(session, Access(owner, project, "engineer"), NewCollection(name="Policies"))
    session.commit()
    return Shelf(session, owner, project, collection, run_jobs)
