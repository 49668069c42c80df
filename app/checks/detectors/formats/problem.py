"""One thing that is wrong with the form of an example, before it is a finding. Pure."""

from dataclasses import dataclass, field
from typing import Any

from app.checks.detectors.base import Found


@dataclass(frozen=True, slots=True)
class Problem:
    """``key`` tells problems of one code in one message apart; the span counts characters of the message's text."""

    code: str
    words: str
    index: int | None = None
    span: tuple[int, int] | None = None
    key: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)

    def found(self, kind: str) -> Found:
        start, stop = self.span or (None, None)
        key = ":".join(str(part) for part in (self.code, self.index, self.key) if part not in (None, ""))
        return Found(kind, self.code, self.words, key, self.index, start, stop, None, self.evidence)
