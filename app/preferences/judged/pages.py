"""Typed context of the judges of a round."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from app.gateway import queries as gateway
from app.preferences import queries as rounds
from app.preferences.judged import findings, queries
from app.preferences.judged.models import RoundJudge
from app.preferences.judged.rules import Beside
from app.preferences.judged.service import LIVE, may_be_asked
from app.preferences.models import PreferenceRound
from app.projects.access import Access
from app.web.forms import FormState
from app.web.measures import Measure, coefficient, share

STOPPED = ("paused", "failed", "cancelled")


@dataclass(frozen=True)
class JudgeRow:
    """``measures`` only after the close."""

    id: str
    model: str
    status: str
    live: bool
    resumable: bool
    done: int
    total: int
    failed: int
    unknown: int
    cost: float | None
    estimate: float | None
    error: str | None
    pairs: int
    measures: Sequence[Measure]


@dataclass(frozen=True)
class JudgesPage:
    slug: str
    round_id: str
    round_name: str
    closed: bool
    imported: bool
    judges: Sequence[JudgeRow]
    may_start: bool
    providers: Sequence[tuple[str, str]]
    form: FormState
    title: str = "Judges beside people"

    @property
    def live(self) -> bool:
        return any(judge.live for judge in self.judges)


def judges(session: Session, access: Access, round_: PreferenceRound, form: FormState | None = None) -> JudgesPage:
    found = queries.judges(session, round_.id)
    unknown = queries.unknown(session, [judge.id for judge in found])
    may = access.can("engineer") and not rounds.is_reviewer(session, round_.id, access.user.id)
    may = may and may_be_asked(round_)
    return JudgesPage(
        access.project.slug,
        round_.id,
        round_.name,
        round_.closed_at is not None,
        round_.source == "import",
        [_row(session, round_, judge, unknown.get(judge.id, 0)) for judge in found],
        may,
        [(provider.id, provider.name) for provider in gateway.active(session)] if may else [],
        form or FormState(),
    )


def _row(session: Session, round_: PreferenceRound, judge: RoundJudge, unknown: int) -> JudgeRow:
    shown = round_.closed_at is not None and judge.status not in LIVE
    beside = findings.of_closed(session, round_, judge) if shown else None
    return JudgeRow(
        judge.id,
        judge.grader["definition"]["model"],
        judge.status,
        judge.status in LIVE,
        judge.status in STOPPED,
        judge.done,
        judge.total,
        judge.failed,
        unknown,
        judge.cost,
        judge.estimate,
        judge.error,
        beside.pairs if beside else 0,
        measures(beside) if beside else (),
    )


def measures(found: Beside) -> list[Measure]:
    rows = [
        share(f"{one.candidate} preferred to {one.opponent}", one.rate, "by the judge, in both orders; the rest ties")
        for one in found.win_rates
    ]
    rows.append(share("Same answer in both orders", found.consistency, "of its pairs"))
    rows.append(share("First output preferred", found.first, "50 % where the place does not matter"))
    for one in (found.majority, *found.people):
        rows.append(share(f"Agrees: {one.who}", one.percent, "on the same pair; both bad counts as a tie"))
        rows.append(replace(coefficient("Cohen's kappa", one.kappa), mark=None))
    return rows
