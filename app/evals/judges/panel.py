"""What a run's page says of its judges: who judged, what it is worth, what went wrong, and who spoke to them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.stats.rates import wilson
from app.core.stats.results import Estimate
from app.datasets.models import TestCase
from app.evals.calibration import queries as calibration
from app.evals.calibration import service
from app.evals.calibration.service import State
from app.evals.graders import parse_spec
from app.evals.graders.pairwise_model import FIRST, SECOND
from app.evals.judges.models import JudgementRow
from app.evals.models import EvalRun, Grade, Output

SHOWN = 20
WORDS = {"unreadable": "no verdict in the answer", "truncated": "cut short", "failed": "call failed"}


@dataclass(frozen=True)
class PairTally:
    """Pairs that were shown in both orders. ``first``: how often the output that stood first was preferred, of all
    preferences; a judge without a bias for a place prefers it half the time."""

    wins: int
    ties: int
    losses: int
    turned: int  # ties because the preference changed with the order
    first: Estimate


@dataclass(frozen=True)
class JudgeRow:
    name: str
    model: str
    state: State
    judged: int
    problems: Sequence[tuple[str, int]]
    sample_id: str | None  # what people mark for it in this run
    pairs: PairTally | None


@dataclass(frozen=True)
class Speaker:
    """An output that speaks to its judge."""

    output_id: str
    position: int
    signs: Sequence[str]


@dataclass(frozen=True)
class JudgePanel:
    rows: Sequence[JudgeRow]
    speakers: Sequence[Speaker]
    speaking: int
    cost: float | None
    hidden: int  # outputs whose verdicts are kept from whoever looks, until they have marked them


def panel(session: Session, run: EvalRun, user_id: str) -> JudgePanel | None:
    """None for a run without judges."""
    states = service.states(session, run)
    if not states:
        return None
    counts: dict[str, Counter[str]] = {}
    query = select(JudgementRow.judge, JudgementRow.status, func.count()).where(JudgementRow.run_id == run.id)
    for judge, status, count in session.execute(query.group_by(JudgementRow.judge, JudgementRow.status)):
        counts.setdefault(judge, Counter())[status] = count
    rows = [_row(session, run, name, state, counts) for name, state in states.items()]
    found = speakers(session, run.id)
    hidden = len(calibration.unmarked(session, run.id, user_id))
    return JudgePanel(rows, found[:SHOWN], len(found), run.judge_cost, hidden)


def _row(session: Session, run: EvalRun, name: str, state: State, counts: dict[str, Counter[str]]) -> JudgeRow:
    definition = parse_spec(next(raw for raw in run.graders if raw["name"] == name)).definition
    tally: Counter[str] = sum((counts.get(ask.key, Counter()) for ask in definition.asks), Counter())
    drawn = [s.id for s in calibration.samples(session, run.project_id, name) if s.run_id == run.id]
    models = ", ".join(dict.fromkeys(ask.model for ask in definition.asks))
    problems = [(words, tally[status]) for status, words in WORDS.items() if tally[status]]
    pairs = _pairs(session, run.id, name) if any(ask.against for ask in definition.asks) else None
    return JudgeRow(name, models, state, tally["given"], problems, drawn[0] if drawn else None, pairs)


def _pairs(session: Session, run_id: str, name: str) -> PairTally:
    query = (
        select(Grade.detail)
        .join(Output, Output.id == Grade.output_id)
        .where(Output.run_id == run_id, Grade.grader == name, Grade.detail.has_key("pair"))
    )
    details = session.scalars(query).all()
    outcomes = Counter(detail["outcome"] for detail in details)
    preferred = Counter(label for detail in details for label in detail["pair"].values())
    return PairTally(
        outcomes["win"],
        outcomes["tie"],
        outcomes["loss"],
        sum(bool(detail.get("turned")) for detail in details),
        wilson(preferred[FIRST], preferred[FIRST] + preferred[SECOND]),
    )


def speakers(session: Session, run_id: str) -> list[Speaker]:
    """The outputs of a run that speak to a judge, in the order of the cases. Others may ask whether there is any: a
    judge's figures over such outputs are not to be trusted before somebody has looked at them."""
    signs = Grade.detail["speaks_to_judge"]
    query = (
        select(Output.id, TestCase.position, signs)
        .join(Output, Output.id == Grade.output_id)
        .join(TestCase, TestCase.id == Output.case_id)
        .where(Output.run_id == run_id, Grade.detail.has_key("speaks_to_judge"))
        .order_by(TestCase.position, Output.repeat)
    )
    return list({row[0]: Speaker(*row) for row in session.execute(query)}.values())
