"""OpenAI's cursor lists: ``limit`` items after the one whose id is ``after``."""

from collections.abc import Sequence
from typing import Any


def page(items: Sequence[dict[str, Any]], *, limit: int, after: str | None) -> dict[str, Any]:
    """One page of ``items``, in their order; an unknown ``after`` starts at the beginning."""
    start = next((index + 1 for index, item in enumerate(items) if item["id"] == after), 0)
    data = list(items[start : start + limit])
    return {
        "object": "list",
        "data": data,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
        "has_more": start + limit < len(items),
    }
