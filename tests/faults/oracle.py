"""What must hold after any number of kills: judged from the provider's journal, the database, and what was seen."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

CALLS = text("""
select id::text, item, attempt, state, error ->> 'kind', decided_by is not null from paid_calls
where subject_id = :run order by item, attempt
""")
RESULTS = text("""
select id::text, case_id::text || ':' || repeat, call_id::text, md5(text) from outputs where run_id = :run union all
select id::text, output_id || ':' || judge || ':' || turn, call_id::text, md5(status || reason) from judgements
where run_id = :run
""")
RETRIED_BY_POLICY = {"rate_limited", "overloaded", "unreachable", "not_allowed"}


@dataclass
class Acknowledged:
    """Outputs and judgements that somebody has seen committed: (id, hash of the text)."""

    seen: set[tuple[str, str | None]] = field(default_factory=set)

    def look(self, session: Session, run_id: str) -> int:
        session.rollback()
        rows = {(row[0], row[3]) for row in session.execute(RESULTS, {"run": run_id})}
        self.seen |= rows
        session.rollback()
        return len(rows)


@dataclass
class Found:
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def requests_by_call(journal: Path) -> Counter[str]:
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    return Counter(line["call"] for line in lines if line["path"].endswith("/chat/completions"))


def check(session: Session, run_id: str, journal: Path, acknowledged: Acknowledged) -> Found:
    """Lost: what came back and was seen is gone or another. Doubled: a call sent twice, or sent again unasked."""
    found = Found()
    session.rollback()
    calls = session.execute(CALLS, {"run": run_id}).all()
    outputs = session.execute(RESULTS, {"run": run_id}).all()
    stored = {(row[0], row[3]) for row in outputs}
    found.lost = [f"result {output_id}" for output_id, digest in acknowledged.seen if (output_id, digest) not in stored]
    sent = requests_by_call(journal)
    known = {call[0]: call for call in calls}
    for call_id, times in sent.items():
        if times > 1:
            found.doubled.append(f"call {call_id} reached the provider {times} times")
        if call_id in known and known[call_id][3] == "planned":
            found.wrong.append(f"call {call_id} reached the provider and stands as planned")
    _attempts(calls, found)
    for _, item, call_id, _ in outputs:
        if call_id is not None and known[call_id][3] not in ("done", "failed", "accepted"):
            found.wrong.append(f"{item} has a result and its call is {known[call_id][3]}")
    if len({row[1] for row in outputs}) != len(outputs):
        found.doubled.append("two results for one item")
    return found


def _attempts(calls: object, found: Found) -> None:
    """A second attempt needs a reason: the policy for what was certainly not billed, or a person's decision."""
    by_item: dict[str, list[tuple[str, str | None, bool]]] = {}
    for _, item, _, state, kind, decided in calls:  # type: ignore[attr-defined]
        by_item.setdefault(item, []).append((state, kind, decided))
    for item, attempts in by_item.items():
        for state, kind, decided in attempts[:-1]:
            if not decided and not (state == "failed" and kind in RETRIED_BY_POLICY):
                found.doubled.append(f"{item} was tried again after {state} {kind}")
