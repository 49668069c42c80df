"""A voter of an open round walks the whole program: of the round's runs and outputs nothing is to be found."""

import re
from collections.abc import Iterator

import pytest
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.routing import Route

from app.accounts.access import COOKIE
from app.accounts.models import User
from app.accounts.service import make_token
from app.core.db import transaction
from app.decisions.models import GateSet, SignedVerdict
from app.evals.models import EvalRun, Output, RunBlind
from tests.browser.filled import fill
from tests.conftest import the_app

VOTING = re.compile(r"/rounds/\{round_id\}/(vote|pairs|ahead|undo)")


def reads() -> Iterator[str]:
    for context in iter_route_contexts(the_app().routes):
        if isinstance(context.original_route, Route) and "GET" in (context.methods or ()):
            yield context.path or ""


def signed(session: Session, run_ids: list[str]) -> str:
    """A verdict that somebody signed on these runs, before they were in a round."""
    runs = session.scalars(select(EvalRun).where(EvalRun.id.in_(run_ids))).all()
    gates = GateSet(project_id=runs[0].project_id, number=1, gates=[], volume=1)
    session.add(gates)
    session.flush()
    row = SignedVerdict(
        project_id=gates.project_id, baseline_id=runs[0].candidate_id, candidate_id=runs[1].candidate_id,
        run_ids=run_ids, gate_set_id=gates.id, verdict="ship", decision="ship", evidence={}, evidence_hash="",
        numbers=[], signed_by=session.scalars(select(User.id)).first(),
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row.id


def test_a_voter_finds_nothing_of_the_runs(client: TestClient) -> None:
    filled = fill()
    with transaction() as session:
        voter = session.scalars(select(User).where(User.email.like("%@larkstead.example"))).first()
        assert voter is not None
        hidden = list(session.scalars(select(RunBlind.run_id).where(RunBlind.user_id == voter.id)))
        outputs = {row.id: row.text for row in session.scalars(select(Output).where(Output.run_id.in_(hidden)))}
        tried = session.scalars(select(EvalRun.id)).all()
        filled.ids["verdict_id"] = signed(session, hidden)
        bearer = {"Authorization": f"Bearer {make_token(session, voter, 'walk')[1]}"}
    assert len(hidden) == 2
    assert filled.ids["run_id"] in hidden
    client.cookies.set(COOKIE, filled.cookies["annotator"])
    secrets = [*hidden, *outputs, *(text for text in outputs.values() if text)]
    told, opened, walked = {}, [], 0
    for path in reads():
        if VOTING.search(path) or path.endswith(("/events", "/healthz")):
            continue
        at = re.sub(r"\{(\w+)\}", lambda match: filled.ids.get(match.group(1), filled.ids["round_id"]), path)
        answer = client.get(at, headers=bearer if path.startswith("/api/") else {})
        walked += 1
        found = [one for one in secrets if one in answer.text and one not in at]
        if found:
            told[path] = found[:3]
        if "{run_id}" in path and answer.status_code == 200:
            opened.append(path)
    assert told == {}
    assert opened == []
    assert walked > 150
    assert tried


@pytest.mark.parametrize("verb", ["GET", "POST", "DELETE"])
def test_every_route_of_a_run_is_404(client: TestClient, verb: str) -> None:
    filled = fill()
    client.cookies.set(COOKIE, filled.cookies["annotator"])
    for context in iter_route_contexts(the_app().routes):
        path = context.path or ""
        if "{run_id}" in path and verb in (context.methods or ()) and path.startswith("/p/"):
            at = re.sub(r"\{(\w+)\}", lambda match: filled.ids.get(match.group(1), "x"), path)
            assert client.request(verb, at).status_code in (403, 404), path
