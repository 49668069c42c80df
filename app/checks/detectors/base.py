"""What a detector is given and what it answers. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Subject:
    """One revision of an example, as a detector sees it. ``target`` is the index of the target answer, if any.

    ``non_preferred`` are the messages of the answer that was not preferred; ``metadata`` is what came with the line.
    """

    messages: Sequence[Mapping[str, Any]]
    tools: Sequence[Any] | None
    expected: Mapping[str, Any] | None
    behavior: str | None
    tags: Sequence[str]
    target: int | None
    non_preferred: Sequence[Mapping[str, Any]] | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Setting:
    """What the project says of itself. ``typical`` are figures over the project's examples (see each detector)."""

    goal: str
    labels: Sequence[str] = ()
    output_schema: Mapping[str, Any] | None = None
    typical: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that was seen. The span counts characters of ``examples.rules.text_of(message["content"])``.

    ``key`` tells things of one kind in one example apart, the same in every scan. ``replacement`` is what masking
    puts in place of the span, None where masking makes no sense. ``words`` is one sentence for people.
    """

    kind: str
    code: str
    words: str
    key: str
    message_index: int | None = None
    start: int | None = None
    stop: int | None = None
    replacement: str | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)


Look = Callable[[Subject, Setting], Iterable[Found]]


@dataclass(frozen=True, slots=True)
class Detector:
    """``version`` goes up whenever the same example could be answered otherwise: then everything is looked at again."""

    name: str
    version: int
    kinds: tuple[str, ...]
    look: Look
