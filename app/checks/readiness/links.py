"""Where the rows of a point are looked at. Pure."""

from urllib.parse import urlencode

from app.checks.readiness.items import Item

POOL = {"status": "approved", "split": "train"}


def url_of(slug: str, item: Item) -> str:
    """The list of examples, filtered to the rows that are meant; the whole pool where no row is wrong."""
    if item.page:
        return f"/p/{slug}/{item.page}"
    return f"/p/{slug}/examples?{urlencode(POOL | dict(item.where))}"
