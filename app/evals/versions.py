"""What changed from one version of a grader to the next. Pure."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """``field`` with dots between the levels; ``before`` is None where it was added, ``after`` where it was taken
    away. Text as it is, everything else as JSON."""

    field: str
    before: str | None
    after: str | None


def compared(row: Any) -> dict[str, Any]:
    """Of a saved version (``definition``, ``metric``, ``pass_threshold``) what a change of would change grades."""
    definition = {name: value for name, value in row.definition.items() if name != "name"}
    return definition | {"feeds": row.metric, "passes from": row.pass_threshold}


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Leaf by leaf, in the order of the newer version; what was taken away stands last. Lists are one leaf."""
    old, new = dict(_leaves(before)), dict(_leaves(after))
    fields = [*new, *(field for field in old if field not in new)]
    return [Change(field, old.get(field), new.get(field)) for field in fields if old.get(field) != new.get(field)]


def _leaves(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, inner in value.items():
        if isinstance(inner, Mapping) and inner:
            yield from _leaves(inner, f"{prefix}{name}.")
        elif inner is not None:
            yield f"{prefix}{name}", inner if isinstance(inner, str) else json.dumps(inner, ensure_ascii=False)
