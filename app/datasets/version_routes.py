"""Pages of dataset versions: list, freeze, one version, its bytes."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.core.errors import Invalid
from app.datasets import diff_pages, export, export_pages, left_out, version_pages, versions
from app.datasets.diff_queries import Kind
from app.datasets.folder import build
from app.datasets.forms import NewVersion
from app.examples.forms import ExampleFilter
from app.projects.access import Engineer, Viewer
from app.web.forms import FormDep, FormState, form_values, parse, refused
from app.web.render import is_htmx, render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/versions"
FILTERS = ("status", "tag", "behavior", "q")


def _filter(values: Any) -> ExampleFilter:
    return parse(ExampleFilter, {name: values[name] for name in FILTERS if values.get(name)})


@router.get(BASE)
def list_page(request: Request, session: SessionDep, access: Viewer, cursor: str | None = None) -> Response:
    return render(request, "datasets/versions.html", version_pages.version_list(session, access, cursor))


@router.get(BASE + "/new")
def freeze_page(request: Request, session: SessionDep, access: Engineer) -> Response:
    page = version_pages.freeze(session, access, _filter(request.query_params))
    return render(request, "datasets/freeze.html", page)


@router.post(BASE)
def freeze(request: Request, session: SessionDep, access: Engineer, form: FormDep) -> Response:
    values = form_values(form)
    try:
        new = parse(NewVersion, {"name": values.get("name", ""), "filters": _filter(values)})
        version = versions.freeze(session, access.user, access.project, new.name, new.filters)
    except Invalid as error:
        page = version_pages.freeze(session, access, _filter(values), refused(form, error))
        return render(request, "datasets/freeze.html", page, status=422)
    return RedirectResponse(f"/p/{access.project.slug}/versions/{version.id}", 303)


@router.get(BASE + "/{version_id}")
def version_page(
    request: Request,
    session: SessionDep,
    access: Viewer,
    version_id: str,
    cursor: str | None = None,
    reason: str = "",
    verify: bool = False,
) -> Response:
    """``verify`` reads all bytes again and compares their hash with the frozen one."""
    version = versions.load(session, access.project.id, version_id)
    page = version_pages.one(
        session,
        access,
        version,
        cursor=cursor,
        reason=reason,
        intact=versions.verify_hash(session, version) if verify else None,
    )
    return render(request, "datasets/version.html", page)


@router.get(BASE + "/{version_id}/diff")
def diff_page(
    request: Request,
    session: SessionDep,
    access: Viewer,
    version_id: str,
    against: str,
    kind: Kind | None = None,
    cursor: str | None = None,
) -> Response:
    version, other = (versions.load(session, access.project.id, one) for one in (version_id, against))
    page = diff_pages.diff(session, access, version, other, kind, cursor)
    return render(request, "datasets/diff.html", page)


@router.get(BASE + "/{version_id}/exports")
def exports_page(request: Request, session: SessionDep, access: Viewer, version_id: str) -> Response:
    """Asked by htmx, what fits into which format: one look at every row."""
    version = versions.load(session, access.project.id, version_id)
    page = export_pages.exports(session, access, version, checked=is_htmx(request))
    return render(request, "datasets/exports.html", page, block="formats" if is_htmx(request) else None)


@router.get(BASE + "/{version_id}/folder")
def training_folder(request: Request, session: SessionDep, access: Viewer, version_id: str) -> Response:
    version = versions.load(session, access.project.id, version_id)
    asked = dict(request.query_params)
    try:
        return build.response(session, access.project, version, parse(build.Wanted, asked))
    except Invalid as error:
        state = FormState(asked, {one.loc: one.msg for one in error.errors}, str(error))
        page = export_pages.exports(session, access, version, form=state)
        return render(request, "datasets/exports.html", page, status=422)


@router.get(BASE + "/{version_id}/export")
def download(session: SessionDep, access: Viewer, version_id: str, wanted: export.WantedQuery) -> Response:
    version = versions.load(session, access.project.id, version_id)
    return export.response(session, access.project, version, wanted)


@router.get(BASE + "/{version_id}/left-out")
def left_out_file(session: SessionDep, access: Viewer, version_id: str, wanted: left_out.WantedQuery) -> Response:
    version = versions.load(session, access.project.id, version_id)
    return left_out.response(access.project, version, wanted)
