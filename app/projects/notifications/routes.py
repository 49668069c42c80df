"""Where a project's news go, and what became of them."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.core.errors import Invalid
from app.projects.access import Access, Admin
from app.projects.notifications import pages, service
from app.projects.notifications.forms import NewWebhook
from app.web.forms import FormDep, parse, refused
from app.web.render import render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/notifications"


@router.get(BASE)
def show(request: Request, session: SessionDep, access: Admin) -> Response:
    return render(request, "notifications/notifications.html", pages.notifications(session, access))


@router.post(BASE + "/webhook")
def set_webhook(request: Request, session: SessionDep, access: Admin, form: FormDep) -> Response:
    """The answer shows the signing secret, once."""
    try:
        new = parse(NewWebhook, {"url": str(form.get("url", ""))})
        secret = service.set_webhook(session, access.user, access.project, new.url)
    except Invalid as error:
        page = pages.notifications(session, access, form=refused(form, error))
        return render(request, "notifications/notifications.html", page, status=422)
    page = pages.notifications(session, access, secret=secret)
    return render(request, "notifications/notifications.html", page, headers={"Cache-Control": "no-store"})


@router.post(BASE + "/webhook/removal")
def remove_webhook(session: SessionDep, access: Admin) -> Response:
    service.remove_webhook(session, access.user, access.project)
    return _back(access)


@router.post(BASE + "/webhook/test")
def test_webhook(session: SessionDep, access: Admin) -> Response:
    service.test_webhook(session, access.project, access.user)
    return _back(access)


@router.post(BASE + "/{notification_id}/resending")
def send_again(session: SessionDep, access: Admin, notification_id: str) -> Response:
    service.send_again(session, access.project, notification_id)
    return _back(access)


def _back(access: Access) -> Response:
    return RedirectResponse(f"/p/{access.project.slug}/notifications", 303)
