"""Two revisions compared, by page and API."""

from fastapi.testclient import TestClient

from app.examples import service
from tests.examples.factories import add, chat
from tests.factories import Factory


def test_two_revisions_word_by_word(client: TestClient, factory: Factory) -> None:
    project = factory.project()
    example = add(factory.session, project, request="Can I cancel?", answer="Within 5 days.", tags=["old"])
    messages = chat("Can I cancel?", "Within 14 days.")["messages"]
    service.revise(factory.session, None, example, 1, messages=messages, tags=["new"], behavior="answer")
    factory.session.commit()
    headers = factory.bearer(factory.member(project, "viewer"))
    url = f"/api/v1/projects/{project.slug}/examples/{example.id}/diff"
    found = client.get(f"{url}?before=1&after=2", headers=headers).json()
    assert found["same"] is False
    assert [one["role"] for one in found["messages"]] == ["system", "user", "assistant"]
    changed = [one for one in found["messages"][2]["segments"] if one["mark"]]
    assert changed == [{"text": "5", "mark": "removed"}, {"text": "14", "mark": "added"}]
    assert [one["label"] for one in found["parts"]] == ["Tags", "Expected behaviour"]
    assert client.get(f"{url}?before=2&after=2", headers=headers).json()["same"] is True
    assert client.get(f"{url}?before=1&after=9", headers=headers).status_code == 404
    assert client.get(f"{url}?before=0&after=1", headers=headers).status_code == 422
    factory.sign_in(client, factory.member(project, "viewer"))
    page = client.get(f"/p/{project.slug}/examples/{example.id}/compare").text
    assert "<del>5</del><ins>14</ins>" in page
    assert "Restore" not in page
