"""A checkpoint becomes a candidate like the final model: same prompt, its own weights, the same lineage."""

from fastapi.testclient import TestClient

from app.candidates.models import Candidate
from app.finetunes import queries
from tests.factories import Factory
from tests.finetunes.conftest import Begin
from tests.finetunes.test_launching import work


def test_promoted_once_with_the_baselines_prompt(client: TestClient, factory: Factory, begin: Begin) -> None:
    at, _tuning = begin()
    row = at.launch()
    work(row.id)
    (checkpoint,) = queries.checkpoints(at.session, row.id)
    factory.sign_in(client, at.user)
    page = f"/p/{at.project.slug}/fine-tunes/{row.id}"
    assert "Promote" in client.get(page).text
    first, second = (client.post(f"{page}/checkpoints/{checkpoint.id}/candidate") for _ in range(2))
    assert first.status_code == 303
    assert first.headers["location"] == second.headers["location"]
    made = at.session.get_one(Candidate, first.headers["location"].rpartition("/")[2])
    assert made.model == checkpoint.model
    assert (made.system_prompt, made.parameters) == ("Be brief.", {"temperature": 0})
    assert made.name == "Tuned v1 · api · step 1"
    lineage = client.get(f"/p/{at.project.slug}/candidates/{made.id}/lineage")
    assert lineage.headers["location"].endswith(f"/versions/{at.version.id}/lineage")
    assert made.name in client.get(page).text
    bearer = factory.bearer(at.user)
    url = f"/api/v1/projects/{at.project.slug}/fine-tunes/{row.id}/checkpoints"
    assert client.post(f"{url}/{checkpoint.id}/promote", headers=bearer).json()["id"] == made.id
    assert client.post(f"{url}/{row.id}/promote", headers=bearer).status_code == 404


def test_a_viewer_promotes_nothing(client: TestClient, factory: Factory, begin: Begin) -> None:
    at, _tuning = begin()
    row = at.launch()
    work(row.id)
    (checkpoint,) = queries.checkpoints(at.session, row.id)
    factory.sign_in(client, factory.member(at.project, "viewer"))
    page = f"/p/{at.project.slug}/fine-tunes/{row.id}"
    assert client.post(f"{page}/checkpoints/{checkpoint.id}/candidate").status_code == 403
    assert "Promote" not in client.get(page).text
