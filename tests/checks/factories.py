"""Examples with something wrong in them, and what the checks say of them."""

from io import BytesIO

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.checks import queries
from app.checks.forms import FindingFilter
from app.checks.models import Finding, Scan
from app.checks.scan import run_scan
from app.datasets import service as datasets
from app.datasets import upload
from app.datasets.forms import NewTestSet
from app.examples.models import Example
from app.projects.models import Project
from tests.examples.factories import add, chat, jsonl

ADDRESS = "ana.lopes@harborline.example"
MAIL = f"Please write to {ADDRESS} about it"


def mail(number: int, address: str = ADDRESS) -> str:
    """A request with an address; no two are nearly alike."""
    words = " ".join(
        f"{'abcdefghij'[number]}{word}" for word in ("rmer", "lask", "onth", "uvel", "irta", "ebbe", "ocke")
    )
    return f"{MAIL} {words}".replace(ADDRESS, address)


def scanned(session: Session, project: Project) -> None:
    session.commit()
    run_scan(project.id)
    session.expire_all()


def settled(session: Session) -> None:
    """As if the moment had passed after which the changes so far are looked at anyway."""
    session.execute(text("delete from procrastinate_jobs"))
    session.commit()


def findings(session: Session, project: Project, state: str | None = "open", **wanted: str) -> list[Finding]:
    session.expire_all()
    chosen = FindingFilter.model_validate({"state": state, **wanted})
    return [row[0] for row in queries.page(session, project.id, chosen, cursor=None, limit=200).items]


def kinds(session: Session, example: Example) -> list[str]:
    session.expire_all()
    return list(session.get_one(Example, example.id).findings)


def latest(session: Session, project: Project) -> Scan:
    session.expire_all()
    return session.scalars(select(Scan).where(Scan.project_id == project.id).order_by(Scan.id.desc())).first()  # type: ignore[return-value]


def with_mail(session: Session, project: Project, number: int = 1, **fields: str) -> Example:
    return add(session, project, request=mail(number), **fields)


def upload_cases(session: Session, user: User, project: Project, *requests: str) -> None:
    """A draft set of cases that were uploaded: copies of no example."""
    made = datasets.draft(session, user, project, NewTestSet(name="Uploaded"))
    lines = jsonl(*(chat(request, "The expected answer") for request in requests))
    upload.add_file(session, user, made.test_set, BytesIO(lines), "cases.jsonl", len(lines))
    session.commit()
