"""A worker that is killed with ``kill -9`` in the middle of a scan: the next one goes on, to the same clusters."""

import os
import random
import subprocess
import sys

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.datasets.near import service as near
from app.projects.models import Project
from tests.datasets.near.test_scan import bring_in, linked
from tests.factories import Factory

CHUNK = 20
# stops for good after it has put what is near into clusters, before that is committed
WORKER = """
import sys
import app.models
from app.datasets.near import scanning, service
place, service.CHUNK = scanning._place, int(sys.argv[2])
left = [int(sys.argv[3])]
def placed(*given):
    place(*given)
    left[0] -= 1
    if not left[0]:
        print("placed", flush=True)
        sys.stdin.readline()
scanning._place = placed
service.scan(sys.argv[1])
"""


def prompts() -> list[str]:
    """Twenty requests of twelve made-up words, then each of them four times more with another last word."""
    rng = random.Random(5)
    words = ["".join(rng.choices("abcdefghijklmnoprstuvw", k=7)) for _ in range(400)]
    asked = [rng.sample(words, 12) for _ in range(CHUNK)]
    return [" ".join([*one[:-1], rng.choice(words)] if again else one) for again in range(5) for one in asked]


def kill_in_the_middle(project: Project, after: int) -> None:
    command = [sys.executable, "-c", WORKER, project.id, str(CHUNK), str(after)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ.copy()) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"placed\n"
        worker.kill()


def clusters(session: Session, project: Project) -> set[tuple[str, str | None]]:
    query = text("select unit, cluster from split_assignments where project_id = :project")
    return {(unit, cluster) for unit, cluster in session.execute(query, {"project": project.id})}


def test_a_killed_scan_goes_on_to_the_same_clusters(
    session: Session, factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near, "CHUNK", CHUNK)
    killed, whole = factory.project(), factory.project()
    for project in (killed, whole):
        bring_in(session, project, *prompts())
    near.scan(whole.id)
    kill_in_the_middle(killed, 1)
    assert near.unscanned(session, killed.id) == 80  # the first chunk stands; of the second nothing does
    kill_in_the_middle(killed, 2)
    assert near.unscanned(session, killed.id) == 60
    session.rollback()
    assert near.scan(killed.id) == 60
    found = clusters(session, killed)
    assert len({cluster for _unit, cluster in found}) == CHUNK
    assert found == clusters(session, whole)
    assert linked(session, killed) == linked(session, whole)
