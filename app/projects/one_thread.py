"""Routes whose work is all done in one thread: who may, what is read and written, the commit, the page.

For the few that are called after every decision or key press. FastAPI's own way (a search among hundreds of routes,
dependencies of dependencies, a session opened and closed around the route, threads for each) takes as long as all their
statements.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Protocol

from sqlalchemy.orm import Session, sessionmaker
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.accounts.access import decides
from app.core.db import reading_factory, session_factory
from app.projects.access import Access, project_access
from app.web.admission import AT_ONCE
from app.web.forms import form_of


class Decision(Protocol):
    def __call__(self, request: Request, session: Session, access: Access, form: FormData) -> Response: ...


Allowed = Callable[[str, Request, Session], Access]
Page = Callable[[Request, Session, Access], Response]
_threads = ThreadPoolExecutor(AT_ONCE, "one-thread")  # more requests than that are not let in


def at_once(path: str, needed: str, decide: Decision) -> Route:
    """A route for POST under ``/p/{slug}``. ``decide`` is called for who has the role; what it wrote is committed
    before the answer leaves, and what it raises leaves nothing behind."""
    access = project_access(needed)

    @decides(f"project {needed}")
    async def endpoint(request: Request) -> Response:
        form = await form_of(request)
        try:
            return await _in_one_thread(session_factory(), request, access, partial(decide, form=form))
        finally:
            await form.close()

    return Route(path, endpoint, methods=["POST"], include_in_schema=False)


def page_at_once(path: str, needed: str, page: Page) -> Route:
    """A route for GET under ``/p/{slug}``, for who has the role. ``page`` only reads."""
    access = project_access(needed)

    @decides(f"project {needed}")
    async def endpoint(request: Request) -> Response:
        return await _in_one_thread(reading_factory(), request, access, page)

    return Route(path, endpoint, methods=["GET"], include_in_schema=False)


async def _in_one_thread(sessions: sessionmaker[Session], request: Request, access: Allowed, work: Page) -> Response:
    return await asyncio.get_running_loop().run_in_executor(_threads, _do, sessions, request, access, work)


def _do(sessions: sessionmaker[Session], request: Request, access: Allowed, work: Page) -> Response:
    with sessions() as session:
        request.state.session = session
        try:
            answer = work(request, session, access(request.path_params["slug"], request, session))
            session.commit()
        finally:
            request.state.session = None
    return answer
