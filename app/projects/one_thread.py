"""Routes whose work is all done in one thread: who may, what is read and written, the commit, the page.

For the few that are called after every decision. FastAPI's own way (a search among hundreds of routes, dependencies of
dependencies, a session opened and closed around the route, threads for each) takes as long as all their statements.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.accounts.access import decides
from app.core.db import session_factory
from app.projects.access import Access, project_access
from app.web.admission import AT_ONCE
from app.web.forms import form_of

Work = Callable[[Request, Session, Access, FormData], Response]
_threads = ThreadPoolExecutor(AT_ONCE, "one-thread")  # more requests than that are not let in


def at_once(path: str, needed: str, work: Work) -> Route:
    """A route for POST under ``/p/{slug}``. ``work`` is called for who has the role; what it wrote is committed before
    the answer leaves, and what it raises leaves nothing behind."""
    access = project_access(needed)

    @decides(f"project {needed}")
    async def endpoint(request: Request) -> Response:
        form = await form_of(request)
        try:
            return await asyncio.get_running_loop().run_in_executor(_threads, do, request, form)
        finally:
            await form.close()

    def do(request: Request, form: FormData) -> Response:
        with session_factory()() as session:
            request.state.session = session
            try:
                answer = work(request, session, access(request.path_params["slug"], request, session), form)
                session.commit()
            finally:
                request.state.session = None
        return answer

    return Route(path, endpoint, methods=["POST"], include_in_schema=False)
