"""The part of a collection's page about vectors: choose a model, have them made, and what goes on."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.candidates.knowledge import pages as knowledge
from app.candidates.knowledge import queries as collections
from app.candidates.knowledge.embedding import pages, queries, service
from app.candidates.knowledge.embedding.forms import NewEmbedder, NewQuestion, UnknownDecision
from app.core.errors import Invalid
from app.projects.access import Access, Engineer, Viewer
from app.web.forms import FormDep, form_values, parse, refused
from app.web.render import is_htmx, render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
ONE = "/p/{slug}/knowledge/{collection_id}"
WORK = ONE + "/embeddings/{embedding_id}"


@router.get(ONE + "/embeddings")
def standing(request: Request, session: SessionDep, access: Viewer, collection_id: str) -> Response:
    collection = collections.get(session, access.project.id, collection_id)
    if not is_htmx(request):
        return _to(access, collection.id)
    return render(request, "knowledge/_vectors.html", pages.vectors(session, access, collection))


@router.post(ONE + "/embedder")
def choose(request: Request, session: SessionDep, access: Engineer, collection_id: str, form: FormDep) -> Response:
    collection = collections.get(session, access.project.id, collection_id)
    try:
        service.choose(session, access, collection, parse(NewEmbedder, form_values(form)))
    except Invalid as error:
        tried = knowledge.tried(session, collection, "", None)
        page = knowledge.one(session, access, collection, tried, vectors_form=refused(form, error))
        return render(request, "knowledge/one.html", page, status=422)
    return _to(access, collection.id)


@router.post(ONE + "/embeddings")
def start(session: SessionDep, access: Engineer, collection_id: str) -> Response:
    collection = collections.get(session, access.project.id, collection_id)
    service.start(session, access, collection)
    return _to(access, collection.id)


@router.post(ONE + "/questions")
def ask(session: SessionDep, access: Engineer, collection_id: str, form: FormDep) -> Response:
    """Have a question's vector made; its search is found by meaning then."""
    collection = collections.get(session, access.project.id, collection_id)
    service.ask(session, access, collection, parse(NewQuestion, form_values(form)).q)
    return _to(access, collection.id)


@router.post(WORK + "/cancelling")
def cancel(session: SessionDep, access: Engineer, collection_id: str, embedding_id: str) -> Response:
    collection = collections.get(session, access.project.id, collection_id)
    service.cancel(session, access, collection, queries.get(session, collection.id, embedding_id))
    return _to(access, collection.id)


@router.post(WORK + "/resuming")
def resume(session: SessionDep, access: Engineer, collection_id: str, embedding_id: str) -> Response:
    collection = collections.get(session, access.project.id, collection_id)
    service.resume(session, access, collection, queries.get(session, collection.id, embedding_id))
    return _to(access, collection.id)


@router.post(WORK + "/unknown-calls")
def decide_unknown(
    session: SessionDep, access: Engineer, collection_id: str, embedding_id: str, form: FormDep
) -> Response:
    collection = collections.get(session, access.project.id, collection_id)
    work = queries.get(session, collection.id, embedding_id)
    service.decide_unknown(session, access, collection, work, parse(UnknownDecision, form_values(form)).action)
    return _to(access, collection.id)


def _to(access: Access, collection_id: str) -> Response:
    return RedirectResponse(f"/p/{access.project.slug}/knowledge/{collection_id}#vectors", 303)
