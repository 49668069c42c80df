"""A little server that shows the components, under the real CSP and layouts, without database or sign-in."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI, Request
from jinja2 import ChoiceLoader, FileSystemLoader
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse

from app.main import LongLivedStatic
from app.web import render, static
from app.web.patterns import sample_page
from app.web.security import SecurityHeaders

REFUSED = """<!doctype html><form><div class="error-summary" tabindex="-1"><h2>Line 3 is not JSON</h2></div>
<div class="field"><p class="field-error" id="f-file-error">Mend line 3.</p></div></form>"""


@dataclass(frozen=True)
class Page:
    title: str = "Bench"


def _events() -> Iterator[str]:
    for step in (1, 2, 3):
        point = {"step": step, "train_loss": 2 / step, "valid_loss": 1.5 if step == 3 else None}
        yield f"id: {step}\nevent: point\ndata: {json.dumps(point)}\n\n"
    yield "id: end\nevent: end\ndata: {}\n\n"


def bench() -> FastAPI:
    app = FastAPI()
    app.mount("/static", LongLivedStatic(directory=static.STATIC))
    app.add_middleware(SecurityHeaders)
    here = FileSystemLoader(Path(__file__).parent)
    environment = render.environment().overlay(loader=ChoiceLoader([FileSystemLoader(static.ROOT / "templates"), here]))

    def page(request: Request, template: str, context: object) -> Response:
        nav = render.Nav(person=render.NavPerson("Ana", "ana@example.org"), theme=request.cookies.get("theme", "auto"))
        return HTMLResponse(environment.get_template(template).render(page=context, nav=nav, now=None))

    @app.get("/bench")
    def show(request: Request) -> Response:
        return page(request, "bench.html", Page())

    @app.get("/patterns")
    def patterns(request: Request) -> Response:
        return page(request, "patterns/index.html", sample_page())

    @app.post("/answer/{status}")
    def answer(status: int) -> Response:
        if status == 500:
            whole = '<!doctype html><div data-error-page="500"><p>The disk is full.</p></div>'
            return HTMLResponse(whole, 500)
        error = ' class="error-summary" tabindex="-1"' if status == 422 else ""
        toast = {"HX-Trigger": '{"toast": {"text": "Approved", "tone": "good"}}'} if status == 200 else {}
        return HTMLResponse(f'<div id="result"{error}>answered {status}</div>', status, headers=toast)

    @app.get("/done")
    def done(request: Request) -> Response:
        return page(request, "layout/plain.html", Page("Done"))

    @app.post("/saved")
    def saved() -> Response:
        return RedirectResponse("/done", 303)

    @app.post("/upload")
    async def upload(request: Request) -> Response:
        form = await request.form()
        content = await form["file"].read()  # type: ignore[union-attr]
        return HTMLResponse(REFUSED, 422) if b"broken" in content else RedirectResponse("/done", 303)

    @app.get("/events")
    def events() -> Response:
        return StreamingResponse(_events(), media_type="text/event-stream")

    @app.get("/poll")
    def poll(after: int) -> Response:
        return JSONResponse({"points": [{"step": after + 5, "train_loss": 0.5, "valid_loss": None}], "done": True})

    @app.get("/fragment")
    def fragment() -> Response:
        return HTMLResponse('<p>fetched <time data-relative datetime="2020-01-01T00:00:00Z">2020</time></p>')

    return app
