"""The one way from Markdown to HTML. The text is untrusted: a guideline, a model's output, an imported answer.

No raw HTML, no images, no attributes but a link's address; a cap on length and on time, beyond which the text is
shown as it is. The Content-Security-Policy stands behind it.
"""

import time
from functools import lru_cache
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markupsafe import Markup, escape

MAX_CHARACTERS = 50_000
MAX_SECONDS = 0.25
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
WORDS = ("a", "strong", "em", "s", "code", "br")
BLOCKS = ("p", "pre", "blockquote", "ul", "ol", "li", "hr", "table", "thead", "tbody", "tr", "th", "td")
TAGS = frozenset({*HEADINGS, *WORDS, *BLOCKS})
_DEADLINE = "deadline"


class _TooSlow(Exception):
    pass


def to_html(text: str) -> Markup:
    """Safe HTML of ``text``. Too long or too slow to read as Markdown: one paragraph with the text unchanged."""
    return _to_html(text) if len(text) <= MAX_CHARACTERS else plain(text)


def plain(text: str) -> Markup:
    """The text itself; the style sheet of ``.words`` keeps its line breaks."""
    return Markup("<pre>{}</pre>").format(escape(text))


@lru_cache(maxsize=128)
def _to_html(text: str) -> Markup:
    try:
        html = _parser().render(text, {_DEADLINE: time.monotonic() + MAX_SECONDS})
    except (_TooSlow, RecursionError):
        return plain(text)
    clean = nh3.clean(
        html,
        tags=set(TAGS),
        attributes={"a": {"href"}, "*": set()},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return Markup(clean)  # noqa: S704 (nh3 has just sanitised it)


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
    parser.disable("image")
    # The parser asks its rules in turn at every position, also deep inside a pathological line
    parser.block.ruler.before("table", _DEADLINE, _block_deadline, {"alt": ["paragraph", "blockquote", "list"]})
    parser.inline.ruler.before("text", _DEADLINE, _inline_deadline)
    return parser


def _check(env: Any) -> bool:
    if time.monotonic() > env[_DEADLINE]:
        raise _TooSlow
    return False  # never a match: the next rule is asked


def _block_deadline(state: StateBlock, _start: int, _end: int, _silent: bool) -> bool:
    return _check(state.env)


def _inline_deadline(state: StateInline, _silent: bool) -> bool:
    return _check(state.env)
