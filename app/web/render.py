"""The one template environment, and ``render``: a template sees ``page``, ``nav`` and nothing else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from starlette.responses import HTMLResponse

from app.core.clock import utcnow
from app.web import marks, words
from app.web.language import lang_of
from app.web.static import ROOT, static_url

THEMES = ("light", "dark")


class TitledPage(Protocol):
    @property
    def title(self) -> str: ...


@dataclass(frozen=True)
class NavItem:
    label: str
    url: str
    state: str  # done | part | todo
    count: int | None = None
    current: bool = False


@dataclass(frozen=True)
class NavProject:
    name: str
    slug: str
    goal: str


@dataclass(frozen=True)
class NavPerson:
    name: str
    email: str


@dataclass(frozen=True)
class Nav:
    project: NavProject | None = None
    items: Sequence[Sequence[NavItem]] = field(default_factory=tuple)
    person: NavPerson | None = None
    theme: str = "auto"
    is_instance_admin: bool = False


# main.py sets this; the web layer stands below the stages and cannot ask them itself
NavBuilder = Callable[[Request], Nav]
_nav_builder: NavBuilder = lambda _request: Nav()  # noqa: E731


def set_nav_builder(builder: NavBuilder) -> None:
    global _nav_builder
    _nav_builder = builder


@lru_cache
def environment() -> Environment:
    env = Environment(
        loader=FileSystemLoader(ROOT / "templates"),
        autoescape=True,
        auto_reload=False,  # or every render asks the disk about every template
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals["static"] = static_url
    env.globals["marks"] = marks
    env.filters.update(words.FILTERS)
    env.filters["lang"] = lang_of
    return env


class _LazyNav:
    """A fragment seldom shows anything of the rail, and counting every stage for it costs more than the fragment."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def __getattr__(self, name: str) -> Any:
        nav = _nav_builder(self._request)
        self.__dict__.update(vars(nav))
        return getattr(nav, name)


def theme_of(request: Request) -> str:
    chosen = request.cookies.get("theme", "auto")
    return chosen if chosen in THEMES else "auto"


def render(
    request: Request,
    template: str,
    page: TitledPage,
    *,
    block: str | None = None,
    status: int = 200,
    headers: dict[str, str] | None = None,
    nav: Nav | None = None,
) -> HTMLResponse:
    """The whole page, or one of its blocks as an htmx fragment. ``nav``: in place of the one with the rail."""
    around = nav or (_nav_builder(request) if block is None else _LazyNav(request))
    context: dict[str, Any] = {"page": page, "nav": around, "now": utcnow()}
    found = environment().get_template(template)
    html = found.render(context) if block is None else _render_block(found, block, context)
    return HTMLResponse(html, status_code=status, headers=headers)


def _render_block(template: Template, block: str, variables: dict[str, Any]) -> str:
    context = template.new_context(variables)
    # the first step of the root runs the imports and sets at the template's top, which its blocks use
    next(template.root_render_func(context), None)
    return "".join(template.blocks[block](context))


def is_htmx(request: Request) -> bool:
    return request.headers.get("hx-request") == "true"
