"""Pages of test sets; those of dataset versions stand in ``version_routes``."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData, UploadFile
from starlette.responses import RedirectResponse, Response

from app.core import instructions
from app.core.errors import FieldError, Invalid, NotFound, TooLarge
from app.datasets import editions, pages, queries, seal_routes, service, upload, version_routes
from app.datasets.forms import MAX_CASES, NewTestSet
from app.datasets.models import TestSet
from app.datasets.rules import parse_numbers
from app.datasets.starters import routes as starters_routes
from app.datasets.suite import routes as suite_routes
from app.examples.strict_json import parse_json
from app.projects.access import Access, Engineer, Viewer
from app.web.forms import FormDep, form_values, parse, refused
from app.web.render import render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
router.include_router(version_routes.router)
router.include_router(starters_routes.router)
router.include_router(suite_routes.router)
router.include_router(seal_routes.router)
BASE = "/p/{slug}/test-sets"
SOURCES = ("fraction", "examples", "upload", "starters")
PICKED = {"general": "suite"}  # where the cases of a kind are picked from; elsewhere the starter cases


def _to(access: Access, set_id: str = "") -> RedirectResponse:
    return RedirectResponse(f"/p/{access.project.slug}/test-sets{'/' if set_id else ''}{set_id}", 303)


@router.get(BASE)
def list_page(request: Request, session: SessionDep, access: Viewer, cursor: str | None = None) -> Response:
    return render(request, "datasets/sets.html", pages.set_list(session, access, cursor))


@router.get(BASE + "/new")
def new_page(request: Request, session: SessionDep, access: Engineer) -> Response:
    source = request.query_params.get("from", "fraction")
    ids = request.query_params.getlist("ids")
    page = pages.new(session, access, source if source in SOURCES else "fraction", ids=ids[:MAX_CASES])
    return render(request, "datasets/new_set.html", page)


@router.post(BASE)
def draft(request: Request, session: SessionDep, access: Engineer, form: FormDep) -> Response:
    source = str(form.get("source", "fraction"))
    try:
        with session.begin_nested():  # a refused file leaves no empty set behind
            made = service.draft(
                session, access.user, access.project, parse(NewTestSet, _values(session, access, form))
            )
            if source == "upload":
                _add_file(session, access, made.test_set, form)
    except (Invalid, TooLarge) as error:
        state = refused(form, error if isinstance(error, Invalid) else Invalid.field("file", str(error)))
        page = pages.new(session, access, source if source in SOURCES else "fraction", form=state)
        return render(request, "datasets/new_set.html", page, status=422)
    if source == "starters":
        return _to(access, f"{made.test_set.id}/{PICKED.get(made.test_set.kind, 'starters')}")
    return _to(access, made.test_set.id)


@router.get(BASE + "/{set_id}")
def set_page(request: Request, session: SessionDep, access: Viewer, set_id: str) -> Response:
    test_set = service.load(session, access.project.id, set_id)
    filters = {name: request.query_params.get(name, "") for name in ("q", "behavior", "tag")}
    page = pages.one(session, access, test_set, filters=filters, cursor=request.query_params.get("cursor"))
    return render(request, "datasets/set.html", page)


@router.post(BASE + "/{set_id}/cases")
def add_cases(request: Request, session: SessionDep, access: Engineer, set_id: str, form: FormDep) -> Response:
    test_set = service.load_draft(session, access.project.id, set_id)
    try:
        with session.begin_nested():
            _add_file(session, access, test_set, form)
    except (Invalid, TooLarge) as error:
        state = refused(form, error if isinstance(error, Invalid) else Invalid.field("file", str(error)))
        return render(request, "datasets/set.html", pages.one(session, access, test_set, form=state), status=422)
    return _to(access, set_id)


@router.get(BASE + "/{set_id}/cases/{case_id}")
def case_page(request: Request, session: SessionDep, access: Viewer, set_id: str, case_id: str) -> Response:
    test_set = service.load(session, access.project.id, set_id)
    found = queries.cases_by_id(session, test_set.id, [case_id])
    if not found:
        raise NotFound("This case")
    return render(request, "datasets/case.html", pages.one_case(access, test_set, *found[0]))


@router.post(BASE + "/{set_id}/cases/{case_id}")
def correct_case(
    request: Request, session: SessionDep, access: Engineer, set_id: str, case_id: str, form: FormDep
) -> Response:
    test_set = service.load_draft(session, access.project.id, set_id)
    try:
        editions.correct(session, access.user, test_set, case_id, _correction(form_values(form)))
    except Invalid as error:
        found = queries.cases_by_id(session, test_set.id, [case_id])
        errors = [_beside(one) for one in error.errors]
        page = pages.one_case(access, test_set, *found[0], refused(form, Invalid(str(error), errors)))
        return render(request, "datasets/case.html", page, status=422)
    return RedirectResponse(f"/p/{access.project.slug}/test-sets/{set_id}/cases/{case_id}", 303)


@router.post(BASE + "/{set_id}/versions")
def new_version(session: SessionDep, access: Engineer, set_id: str) -> Response:
    return _to(access, editions.succeed(session, access.user, access.project.id, set_id).id)


@router.post(BASE + "/{set_id}/cases/{case_id}/removal")
def remove_case(session: SessionDep, access: Engineer, set_id: str, case_id: str) -> Response:
    test_set = service.load_draft(session, access.project.id, set_id)
    service.remove_cases(session, access.user, test_set, [case_id])
    return _to(access, set_id)


@router.post(BASE + "/{set_id}/removal")
def discard(session: SessionDep, access: Engineer, set_id: str) -> Response:
    service.discard(session, access.user, access.project.id, set_id)
    return _to(access)


def _beside(error: FieldError) -> FieldError:
    """``expected.kwargs.0.num_words`` stands beside the form's field ``kwargs``."""
    name, _, within = error.loc.removeprefix("expected.").partition(".")
    return FieldError(name, f"{within}: {error.msg}" if within else error.msg)


def _correction(values: dict[str, Any]) -> editions.Correction:
    expected: dict[str, Any] = {name: values[name] for name in ("text", "label", "behavior") if name in values}
    for name in ("json", "tool_calls", *instructions.FIELDS):
        if name in values:
            try:
                expected[name] = parse_json(values[name])
            except ValueError as error:
                raise Invalid.field(f"expected.{name}", str(error).partition(": ")[2]) from error
    tags = [tag for tag in str(values.get("tags", "")).split(",") if tag.strip()]
    return editions.Correction(expected=expected, tags=tags)


def _values(session: SessionDep, access: Access, form: FormData) -> dict[str, Any]:
    """The form as a NewTestSet: the share comes in percent, the chosen examples by their numbers."""
    values = form_values(form)
    source = values.pop("source", "fraction")
    fields = {"name", "kind"} | ({"seed", "pool", "tag", "fraction", "stratify"} if source == "fraction" else set())
    kept = {name: value for name, value in values.items() if name in fields}
    if source == "fraction":
        kept["fraction"] = _share(kept.get("fraction"))
    if source == "examples":
        kept["example_ids"] = _chosen(session, access, str(values.get("numbers", "")))
    return kept


def _chosen(session: SessionDep, access: Access, text: str) -> list[str]:
    try:
        numbers = parse_numbers(text, MAX_CASES)
    except ValueError as error:
        raise Invalid.field("numbers", str(error)) from error
    if not numbers:
        raise Invalid.field("numbers", "Name at least one example.")
    found = queries.ids_by_number(session, access.project.id, numbers)
    missing = [f"#{number}" for number in numbers if number not in found]
    if missing:
        raise Invalid.field("numbers", f"Not an example of this project: {', '.join(missing[:10])}.")
    return [found[number] for number in numbers]


def _share(percent: Any) -> float:
    try:
        return float(str(percent).replace(",", ".").rstrip(" %")) / 100
    except ValueError:
        raise Invalid.field("fraction", "A number of percent, such as 20.") from None


def _add_file(session: SessionDep, access: Access, test_set: TestSet, form: FormData) -> None:
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise Invalid.field("file", "Choose a file.")
    report = upload.add_file(session, access.user, test_set, file.file, file.filename, file.size or 0)
    if not report.rejected and not report.added and not report.duplicates:
        raise Invalid.field("file", "The file defines evals and runs, and holds no item that could be a case.")
    if not report.added and not report.duplicates:
        line, reason = report.rejected[0]
        raise Invalid.field("file", f"No line could be read as a case. Line {line}: {reason}.")
