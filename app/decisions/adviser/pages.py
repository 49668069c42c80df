"""Typed context of the adviser's page: what to try next, why cases fail, what each option does and costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from app.annotation.queries import expert_minutes
from app.comparisons.choice import Action, NotReady
from app.core.stats.results import Estimate
from app.core.stats.words import amount, interval, p_text, signed
from app.decisions.adviser import service
from app.decisions.adviser.causes import CAUSES
from app.decisions.adviser.forms import Wanted
from app.decisions.adviser.options import LABELS, Option
from app.decisions.adviser.recommending import KINDS_OF, Kind
from app.decisions.adviser.service import Advised
from app.projects.access import Access
from app.web.charts import Axis, IntervalMark, difference_axis, interval_mark
from app.web.words import count, money, plural

TITLE = "What to try next"
TONES = {"better": "good", "worse": "bad"}


@dataclass(frozen=True)
class NothingYet:
    slug: str
    reason: str
    text: str
    action: Action | None
    title: str = TITLE


@dataclass(frozen=True)
class CauseLine:
    label: str
    sign: str
    all: int
    confirmed: int
    proposed: int
    helps: str
    url: str


@dataclass(frozen=True)
class OptionLine:
    """One kind of candidate. ``url`` and ``next``: where it is, and what to do where it is not measured yet."""

    kind: str
    name: str
    url: str | None
    is_baseline: bool
    value: str
    interval: str
    n: int | None
    difference: str
    mark: IntervalMark | None
    verdict: str
    tone: str
    note: str
    per_success: str
    making: str
    people: str
    next: Action | None


@dataclass(frozen=True)
class AdviserPage:
    slug: str
    answer: str
    tone: str
    favoured: str | None
    reasons: Sequence[str]
    cautions: Sequence[str]
    make: Action | None
    causes: Sequence[CauseLine]
    without: int
    without_url: str
    unanswered: int
    options: Sequence[OptionLine]
    sets: Sequence[tuple[str, str]]
    test_set: str
    rests_on: str
    time: str
    failures_url: str
    csv_url: str
    failed: int
    title: str = TITLE


def adviser(session: Session, access: Access, wanted: Wanted) -> AdviserPage | NothingYet:
    try:
        found = service.advise_on(session, access, wanted)
    except NotReady as missing:
        return NothingYet(access.project.slug, missing.title, missing.text, missing.action)
    return _page(session, access, found)


def _page(session: Session, access: Access, found: Advised) -> AdviserPage:
    slug, chosen, facts = access.project.slug, found.chosen, found.facts
    base, here = f"/p/{slug}/decide/adviser", {"run": chosen.run.id}
    time = expert_minutes(session, access.project.id)
    return AdviserPage(
        slug=slug,
        answer=found.advice.headline,
        tone=found.advice.tone,
        favoured=found.advice.favoured,
        reasons=found.advice.reasons,
        cautions=found.advice.cautions,
        make=_make(access, found) if found.advice.make else None,
        causes=[
            CauseLine(
                words.label, words.sign, facts.counts[cause].all, facts.counts[cause].confirmed,
                facts.counts[cause].proposed, words.helps, f"{base}/failures?{urlencode(here | {'cause': cause})}",
            )
            for cause, words in sorted(CAUSES.items(), key=lambda pair: -facts.counts[pair[0]].all)
            if facts.counts[cause].all
        ],
        without=facts.unexplained,
        without_url=f"{base}/failures?{urlencode(here | {'cause': 'none'})}",
        unanswered=facts.unanswered,
        options=_options(access, found),
        sets=[(one.id, f"{one.name} ({one.size:,})") for one in chosen.sets],
        test_set=chosen.test_set.id,
        rests_on=f"Run {chosen.run.number} of {chosen.candidate.name} on “{chosen.test_set.name}”: "
        f"{facts.failed:,} of {plural(found.cases, 'case')} failed.",
        time=_time(time.minutes, time.cost, facts.examples),
        failures_url=f"{base}/failures?{urlencode(here)}",
        csv_url=f"{base}/causes.csv?{urlencode(here)}",
        failed=facts.failed,
    )  # fmt: skip


def _time(minutes: float, cost: float | None, examples: int) -> str:
    paid = f", {money(cost)}" if cost is not None else ", at no hourly rate set yet"
    return f"{minutes:,.0f} minutes of experts{paid}, are behind the {count(examples)} approved examples so far."


def _make(access: Access, found: Advised) -> Action | None:
    return _how(access, found.advice.make, found.chosen.candidate.id) if found.advice.make else None


def _how(access: Access, kind: Kind, like: str) -> Action | None:
    """How a candidate of this kind is made; None for those who may not."""
    base = f"/p/{access.project.slug}"
    if not access.can("engineer"):
        return None
    if kind == "tuned":
        return Action("Fine-tune", f"{base}/fine-tunes/new")
    if kind in ("prompted", "few_shot"):
        return Action("Try prompts", f"{base}/candidates/playground/new?candidate={like}")
    return Action("Make one", f"{base}/candidates/new?clone={like}")


def _options(access: Access, found: Advised) -> list[OptionLine]:
    ends = [end for one in found.options if one.difference for end in (one.difference.low, one.difference.high)]
    axis = difference_axis(ends)
    lines = [_line(access, one, axis, found) for one in found.options]
    there = {one.kind for one in found.options}
    wanted: Sequence[Kind] = [kind for kinds in KINDS_OF.values() for kind in kinds if kind not in there]
    return lines + [_missing(access, kind, found) for kind in wanted]


def _line(access: Access, one: Option, axis: Axis, found: Advised) -> OptionLine:
    base, difference = f"/p/{access.project.slug}", one.difference
    at = one.estimate
    query = urlencode({"candidate": one.candidate.id, "test_set": found.chosen.test_set.id})
    measure = Action("Measure it", f"{base}/runs/new?{query}") if one.run is None and access.can("engineer") else None
    people = one.fixed.people if one.kind == "tuned" else None
    return OptionLine(
        kind=LABELS[one.kind],
        name=one.candidate.name,
        url=f"{base}/candidates/{one.candidate.id}",
        is_baseline=one.is_baseline,
        value=amount(at.value, "share") if at else "not measured yet",
        interval=_bounds(at) if at else "",
        n=at.n if at else None,
        difference=_told(one),
        mark=_mark(axis, one),
        verdict="" if difference is None else "not shown" if one.verdict == "no_difference_shown" else one.verdict,
        tone=TONES.get(one.verdict, "neutral"),
        note=one.problem,
        per_success=money(one.cost_per_success),
        making=money(one.fixed.training + one.fixed.evaluation) if one.run else "–",
        people=money(people) if people is not None else "–",
        next=measure,
    )


def _bounds(found: Estimate) -> str:
    return (
        ""
        if found.low is None and found.high is None
        else f"{amount(found.low, 'share')} to {amount(found.high, 'share')}"
    )


def _told(one: Option) -> str:
    """ "+12.5 points, 95 % CI +3.1 to +21.0, p = 0.012"; empty where there is no difference."""
    found = one.difference
    if found is None or found.difference is None:
        return ""
    parts = (signed(found.difference, "share"), interval(found.low, found.high, "share"), p_text(one.p_value))
    return ", ".join(part for part in parts if part)


def _mark(axis: Axis, one: Option) -> IntervalMark | None:
    found = one.difference
    if found is None or found.low is None or found.difference is None or found.high is None:
        return None
    return interval_mark(axis, found.low, found.difference, found.high, TONES.get(one.verdict, "neutral"))


def _missing(access: Access, kind: Kind, found: Advised) -> OptionLine:
    make = _how(access, kind, found.chosen.candidate.id)
    empty = {
        "interval": "",
        "difference": "",
        "verdict": "",
        "note": "",
        "per_success": "–",
        "making": "–",
        "people": "–",
    }
    return OptionLine(
        kind=LABELS[kind], name="none yet", url=None, is_baseline=False, value="not measured yet", n=None, mark=None,
        tone="neutral", next=make, **empty,
    )  # fmt: skip
