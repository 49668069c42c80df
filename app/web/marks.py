"""The small marks that a page repeats hundreds of times: icon, key, dot, pill, tag, time.

They are functions and no macros: a macro call costs far more, and a list shows ten of them a row. Templates
take them from ``components/actions.html`` and ``components/status.html`` like every other component.
"""

from collections.abc import Callable, Hashable
from datetime import datetime, tzinfo
from functools import lru_cache

from markupsafe import Markup, escape

from app.web.static import static_url
from app.web.words import ago, words

TONES = {
    **dict.fromkeys(("pass", "better", "approved", "succeeded", "ship", "holds", "sealed"), "good"),
    **dict.fromkeys(("fail", "worse", "rejected", "failed", "don't ship", "fails", "refused", "blocked"), "bad"),
    **dict.fromkeys(("look", "attention", "needs work", "needs decision", "open", "paused"), "warn"),
    "not enough evidence": "warn",
    **dict.fromkeys(("to review", "running"), "info"),
}
STANDINGS = {"done": "done:", "part": "in progress:", "todo": "not started:"}
ICONS = {"good": "check", "bad": "cross", "warn": "alert"}


def tone_of(word: str) -> str:
    """The tone of a word that is one of ours; every other word is neutral."""
    return TONES.get(words(word), "neutral")


@lru_cache(1024)
def icon(name: str, label: str | None = None) -> Markup:
    said = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup('<svg class="icon" {}><use href="{}#{}"></use></svg>').format(said, static_url("icons.svg"), name)


@lru_cache(256)
def key_hint(key: str) -> Markup:
    return Markup('<kbd class="key-hint" aria-hidden="true">{}</kbd>').format(key)


@lru_cache
def dot(state: str) -> Markup:
    """done | part | todo, said aloud for those who do not see the shape."""
    spot = Markup('<span class="dot dot-{}" aria-hidden="true"></span>').format(state)
    return spot + Markup('<span class="visually-hidden">{}</span>').format(STANDINGS[state])


@lru_cache(1024)
def pill(word: str, tone: str | None = None, with_icon: bool = False) -> Markup:
    """The word decides the tone where it is one of ours; the word is always there, the colour never alone."""
    colour = tone or tone_of(word)
    picture = icon(ICONS[colour]) if with_icon and colour in ICONS else ""
    return Markup('<span class="pill pill-{}">{}{}</span>').format(colour, picture, words(word))


@lru_cache(64)
def fixed(macro: Callable[[], Markup]) -> Markup:
    """What a macro without arguments says, rendered once: buttons that are the same on every page."""
    return macro()


@lru_cache(512)
def _slot(macro: Callable[..., Markup], key: Hashable) -> list[Markup]:
    return []


def remembered(macro: Callable[..., Markup], key: Hashable, *args: object, **named: object) -> Markup:
    """``macro(*args, **named)``, rendered once for each key: all that it shows of its arguments is in the key."""
    slot = _slot(macro, key)
    if not slot:
        slot.append(macro(*args, **named))
    return slot[0]


def tag(label: str, href: str | None = None, plain: bool = False) -> Markup:
    kind = "tag tag-plain" if plain else "tag"
    if href:
        return Markup(f'<a class="{kind}" href="{escape(href)}">{escape(label)}</a>')  # noqa: S704 (escaped)
    return Markup(f'<span class="{kind}" dir="auto">{escape(label)}</span>')  # noqa: S704 (escaped)


def when(moment: datetime | None, relative: bool = True) -> Markup:
    """An aware datetime: "5 min ago", kept up to date by the page and exact in the title, or the date and time."""
    if moment is None:
        return Markup('<span class="muted">–</span>')
    live, shown = (" data-relative", ago(moment)) if relative else ("", f"{moment:%-d %b %Y, %H:%M}")
    # Nothing of a person's text: digits and names of months
    return Markup(f"<time {_exact(moment, moment.tzinfo)}{live}>{shown}</time>")  # noqa: S704


@lru_cache(512)
def _exact(moment: datetime, zone: tzinfo | None) -> str:
    """What is imported at once has one time; in another zone it would be the same key."""
    return f'datetime="{moment.isoformat()}" title="{moment.isoformat(" ", "seconds")}"'
