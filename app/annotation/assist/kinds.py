"""What a kind of batch must bring: the request for one example, and what becomes of the answer."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from app.annotation.assist.forms import NewBatch
from app.annotation.assist.models import ModelBatch, ModelBatchItem
from app.examples.models import Example, Revision
from app.projects.models import Project


@dataclass(frozen=True)
class Taken:
    """What came of one answer: how many things were made, and how many were dropped for which reason."""

    made: int = 0
    dropped: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Kind:
    """``form`` is what a person says of it, and ``settings`` what the batch keeps of that and of the project.

    ``request`` makes messages, temperature and max_tokens of a call (the runner adds the model); raises NotSent.
    ``take`` stores what the answer holds, in the caller's transaction; raises Refused. ``prepare`` (of a batch, in the
    worker, outside of any transaction) is done before anything is sent; raises ``errors.CannotStart``.
    """

    name: str
    prompt_version: int
    form: type[NewBatch]
    settings: Callable[[Any, Project], dict[str, Any]]
    request: Callable[[Session, Mapping[str, Any], Example, Revision], dict[str, Any]]
    take: Callable[[Session, ModelBatch, ModelBatchItem], Taken]
    prepare: Callable[[str], None] | None = None


_of_later_stages: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """A kind of a later stage, which this one cannot import: its ``jobs.py`` says so to the worker."""
    _of_later_stages[kind.name] = kind


def kind_of(name: str) -> Kind:
    from app.annotation.suggestions.kind import SUGGESTIONS
    from app.annotation.variations.kind import VARIATIONS

    return ({"variations": VARIATIONS, "suggestions": SUGGESTIONS} | _of_later_stages)[name]
