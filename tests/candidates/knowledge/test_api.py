"""Collections by the API and by the pages: who may, what is answered, what is refused."""

from collections.abc import Callable

from fastapi.testclient import TestClient

from app.candidates.knowledge import queries
from app.core.settings import get_settings
from tests.candidates.knowledge.conftest import NEW, OLD, Shelf
from tests.candidates.test_candidates import provider
from tests.factories import Factory

Files = list[tuple[str, tuple[str, bytes]]]


def files(*named: tuple[str, bytes]) -> Files:
    return [("file", one) for one in named]


def test_from_upload_to_search_to_a_pinned_candidate(
    client: TestClient, factory: Factory, run_jobs: Callable[[], None]
) -> None:
    owner = factory.user()
    base = f"/api/v1/projects/{factory.project(owner).slug}"
    headers = factory.bearer(owner)
    made = client.post(f"{base}/collections", json={"name": "Policies"}, headers=headers)
    assert (made.status_code, made.json()["documents"]) == (201, 0)
    one = f"{base}/collections/{made.json()['id']}"
    body = {"name": "RAG", "provider_id": provider(factory), "model": "small"}
    wanted = {"collection_id": made.json()["id"], "top_k": 3}
    empty = client.post(f"{base}/candidates", json=body | {"retrieval": wanted}, headers=headers)
    assert (empty.status_code, empty.json()["errors"][0]["loc"]) == (422, "retrieval.collection_id")

    sent = client.post(
        f"{one}/documents",
        files=files(("policy.md", OLD), ("b.md", b"More.")),
        data={"dated": "2020-01-01"},
        headers=headers,
    )
    assert (sent.status_code, sent.json()["status"], sent.json()["progress"]) == (
        202,
        "queued",
        {"done": 0, "total": 2},
    )
    run_jobs()
    upload = client.get(f"{one}/uploads/{sent.json()['id']}", headers=headers).json()
    assert (upload["status"], upload["progress"], upload["files"][0]["versions"]) == (
        "succeeded",
        {"done": 2, "total": 2},
        1,
    )
    events = client.get(f"{one}/uploads/{upload['id']}/events", headers=headers).text
    assert "event: end" in events
    client.post(f"{one}/documents", files=files(("policy.md", NEW)), data={"dated": "2023-01-01"}, headers=headers)
    run_jobs()

    document = client.get(f"{one}/documents", headers=headers).json()["items"][1]
    assert (document["name"], document["versions"], document["newest"]) == ("policy.md", 2, "2023-01-01")
    dates = [v["dated"] for v in client.get(f"{one}/documents/{document['id']}", headers=headers).json()["versions"]]
    assert dates == ["2023-01-01", "2020-01-01"]
    found = client.get(f"{one}/search?q=refund days&as_of=2021-01-01", headers=headers).json()["items"]
    assert "14 days" in found[0]["text"]

    candidate = client.post(f"{base}/candidates", json=body | {"retrieval": wanted}, headers=headers)
    assert candidate.status_code == 201, candidate.text
    kept = candidate.json()["retrieval"]
    assert (kept["top_k"], kept["as_of"], len(kept["passages_sha256"])) == (3, None, 64)
    assert client.delete(one, headers=headers).status_code == 409
    assert client.delete(f"{one}/documents/{document['id']}", headers=headers).status_code == 204
    looked = client.post(
        f"{base}/candidates/{candidate.json()['id']}/preview", json={"input": "refund"}, headers=headers
    )
    assert "45 days" in looked.json()["retrieved"][0]["text"]  # what is taken out stays where it is pinned


def test_a_collection_that_nobody_searches_goes_for_good(shelf: Shelf, client: TestClient, factory: Factory) -> None:
    shelf.add("policy.md", OLD)
    one = f"/api/v1/projects/{shelf.project.slug}/collections/{shelf.collection.id}"
    headers = factory.bearer(shelf.owner)
    assert client.delete(one, headers=headers).status_code == 204
    assert client.get(one, headers=headers).status_code == 404


def test_members_read_and_engineers_write(shelf: Shelf, client: TestClient, factory: Factory) -> None:
    shelf.add("policy.md", OLD)
    one = f"/api/v1/projects/{shelf.project.slug}/collections/{shelf.collection.id}"
    headers = factory.bearer(factory.member(shelf.project, "viewer"))
    assert client.get(f"{one}/search?q=refund", headers=headers).json()["items"] != []
    assert client.post(f"{one}/documents", files=files(("a.md", OLD)), headers=headers).status_code == 403
    assert client.get(one, headers=factory.bearer(factory.user())).status_code == 404
    assert list(get_settings().uploads.iterdir()) == []


def test_what_is_wrong_with_an_upload_is_said_and_nothing_is_kept(
    shelf: Shelf, client: TestClient, factory: Factory
) -> None:
    one = f"/api/v1/projects/{shelf.project.slug}/collections/{shelf.collection.id}/documents"
    headers = factory.bearer(shelf.owner)
    late = client.post(one, files=files(("a.md", OLD)), data={"dated": "soon"}, headers=headers)
    assert (late.status_code, late.json()["errors"][0]["loc"]) == (422, "dated")
    many = client.post(one, files=files(*[(f"{n}.md", b"x") for n in range(101)]), headers=headers)
    assert (many.status_code, many.json()["detail"]) == (422, "At most 100 files at a time.")
    none = client.post(one, files=[("other", ("a.md", OLD))], headers=headers)
    assert none.status_code == 422
    assert list(get_settings().uploads.iterdir()) == []


def test_the_pages_take_files_and_show_what_became_of_each(shelf: Shelf, client: TestClient, factory: Factory) -> None:
    factory.sign_in(client, shelf.owner)
    url = f"/p/{shelf.project.slug}/knowledge"
    assert "There is already a collection" in client.post(url, data={"name": "Policies"}).text
    one = f"{url}/{shelf.collection.id}"
    refused = client.post(f"{one}/uploads", files=files(("", b"")), data={"dated": ""})
    assert (refused.status_code, "Choose a file." in refused.text) == (422, True)
    sent = client.post(f"{one}/uploads", files=files(("<b>.md", OLD), ("scan.pdf", b"%PDF-1.4")), data={"dated": ""})
    assert sent.status_code == 303
    assert "hx-trigger" in client.get(f"{one}/uploads", headers={"HX-Request": "true"}).text
    shelf.work()
    shown = client.get(f"{one}?q=refund").text
    assert "&lt;b&gt;.md" in shown
    assert "The PDF is broken" in shown
    assert "We refund every plan within 14 days." in shown
    (row,) = queries.documents(shelf.session, shelf.collection.id)
    assert "kept for 30 days" in client.get(f"{one}/documents/{row.id}").text
    assert client.get(f"{one}?q=refund&as_of=never").status_code == 422


def test_a_candidate_is_made_by_the_form_and_its_clone_begins_with_the_same(
    shelf: Shelf, client: TestClient, factory: Factory
) -> None:
    shelf.add("policy.md", OLD, "2020-01-01")
    factory.sign_in(client, shelf.owner)
    url = f"/p/{shelf.project.slug}/candidates"
    typed = {"name": "RAG", "provider_id": provider(factory), "model": "small", "keep_system": "true"}
    typed |= {"collection_id": shelf.collection.id, "top_k": "3", "as_of": "2019-01-01"}
    refused = client.post(url, data=typed)
    assert (refused.status_code, "holds no document on 2019-01-01" in refused.text) == (422, True)
    assert 'value="2019-01-01"' in refused.text
    made = client.post(url, data=typed | {"as_of": "2021-01-01"})
    assert made.status_code == 303
    page = client.get(made.headers["location"]).text
    assert "as of 2021-01-01" in page
    clone = client.get(f"{url}/new?clone={made.headers['location'].rsplit('/', 1)[1]}").text
    assert 'value="2021-01-01"' in clone
    unsaid = typed | {"name": "No", "collection_id": "", "prompt_template": "{{sources}} {{input}}"}
    assert "searches no collection" in client.post(url, data=unsaid).text
