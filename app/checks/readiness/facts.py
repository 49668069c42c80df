"""What the checklist is judged on: counts of one project's training pool and test sets. Pure.

The *pool* is every example that a freeze could take: approved, on the training side, not deleted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Signed:
    """A point's newest signature. ``kept`` of the examples it rested on still stand as they stood then."""

    action: str
    who: str
    at: datetime
    note: str
    rested_on: int
    kept: int
    content_hash: str
    sample: int = 0


@dataclass(frozen=True)
class Finding:
    """``examples`` of the pool have a finding of this kind and code in this state."""

    kind: str
    code: str
    state: str
    examples: int


@dataclass(frozen=True)
class Facts:
    """``with_findings``: examples of the pool by kind of open finding (an example with two counts once a kind)."""

    goal: str
    approved: int = 0
    to_review: int = 0
    labels: Sequence[str] = ()
    by_behavior: Mapping[str, int] = field(default_factory=dict)  # '' is not marked
    by_source: Mapping[str, int] = field(default_factory=dict)  # '' is not known
    by_tag: Mapping[str, int] = field(default_factory=dict)
    by_label: Mapping[str, int] = field(default_factory=dict)
    reviewed: int | None = None  # approved one by one by a person; counted for complex domains only
    findings: Sequence[Finding] = ()
    with_findings: Mapping[str, int] = field(default_factory=dict)
    unscanned: int = 0  # of the pool: no detector has seen the current revision
    not_compared: int = 0  # requests of the project that no near-duplicate scan has compared yet
    sealed_sets: int = 0
    sealed_cases: int = 0
    draft_cases: int = 0
    test_behaviors: Mapping[str, int] = field(default_factory=dict)
    test_tags: Mapping[str, int] = field(default_factory=dict)
    signed: Mapping[str, Signed] = field(default_factory=dict)

    def open(self, kind: str) -> int:
        """Examples of the pool with an open finding of this kind."""
        return self.with_findings.get(kind, 0)

    def accepted(self, *kinds: str) -> int:
        return sum(one.examples for one in self.findings if one.kind in kinds and one.state == "accepted")
