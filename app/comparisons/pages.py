"""Typed contexts of the compare page."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from app.candidates import queries as candidates
from app.comparisons import cases, choice, service, wording
from app.comparisons.case_list import Address, CaseList, OutcomeTab, case_list, tabs
from app.comparisons.choice import Action, NotReady, RunPair
from app.comparisons.chooser import Chooser, chooser_of, options, set_choices
from app.comparisons.forms import CaseFilter, PageFilter
from app.comparisons.instructions import LevelLine, level_lines
from app.comparisons.parts import PartOfCases
from app.comparisons.service import Compared
from app.comparisons.stability import StabilityLine, stability_lines
from app.comparisons.wording import Line
from app.core.errors import Invalid
from app.core.stats.words import and_list
from app.datasets import queries as datasets
from app.evals import reuses
from app.evals.behaviors import BehaviorView, shown
from app.evals.catalogue import GRADED
from app.projects.access import Access
from app.web.snippets import Snippet, call
from app.web.words import plural


@dataclass(frozen=True)
class EmptyPage:
    """Nothing to compare yet, and what to do next."""

    slug: str
    reason: str
    text: str
    action: Action | None
    chooser: Chooser | None
    title: str = "Compare"


@dataclass(frozen=True)
class ComparePage:
    slug: str
    title: str
    answer: str
    baseline: str
    candidate: str
    headline: str
    detail: str
    tone: str
    first_links: Sequence[tuple[str, str]]
    metrics: Sequence[Line]
    instructions: Sequence[LevelLine]
    stability: Sequence[StabilityLine]
    resources: Sequence[Line]
    reused: Sequence[tuple[str, str]]  # (candidate, how much of it was taken over from other runs)
    has_cost: bool
    outcomes: Sequence[OutcomeTab]
    compared: int
    slices: Sequence[Line]
    worst: str | None
    categories: Sequence[Line]
    behaviors: Sequence[tuple[str, BehaviorView]]
    export: str
    decide_url: str
    notes: Sequence[str]
    snippets: Sequence[Snippet]
    cases: CaseList
    round_url: str | None
    chooser: Chooser
    slices_shown: int = 5


def build(session: Session, access: Access, wanted: PageFilter) -> ComparePage | EmptyPage:
    """The comparison, or what is missing for one. Raises NotFound for what is of elsewhere or blind."""
    sides = None
    try:
        sides = choice.sides(session, access, wanted)
        found = service.compare_sides(session, access, sides, wanted.test_set, wanted.volume)
    except NotReady as missing:
        chooser = chooser_of(session, access, sides, wanted.test_set) if sides else None
        return EmptyPage(access.project.slug, missing.title, missing.text, missing.action, chooser)
    return _page(session, access, found, wanted)


def refused(session: Session, access: Access, wanted: PageFilter, error: Invalid) -> EmptyPage:
    """What was asked for cannot be: the chooser again, with what was typed."""
    known = {c.id for c, _provider in candidates.listed(session, access.project.id)}
    baseline = candidates.baseline(session, access.project.id)
    meant = wanted.baseline or (baseline.id if baseline else ""), wanted.candidate or ""
    chosen = [one if one in known else "" for one in meant]
    chooser = Chooser(options(session, access), chosen[0], chosen[1], set_choices(session, access, wanted.test_set))
    return EmptyPage(access.project.slug, str(error), "Choose again above.", None, chooser)


def _page(session: Session, access: Access, found: Compared, wanted: PageFilter) -> ComparePage:
    rows, names = found.result.rows, [found.sides.baseline.name, found.sides.candidate.name]
    here = Address(access.project.slug, found)
    shares = [row for row in rows if row.unit == "share"]
    head = wording.heads(names[0], names[1])
    return ComparePage(
        slug=access.project.slug,
        title=f"{names[1]} against {names[0]}",
        answer=_answer(session, found),
        baseline=head[0],
        candidate=head[1],
        headline=found.result.headline,
        detail=wording.detail(rows),
        tone=wording.tone(rows),
        first_links=_first_links(found, here),
        metrics=wording.metric_lines(shares, here.metrics(shares)),
        instructions=level_lines(found.pairs),
        stability=stability_lines(found, access.project.slug, head),
        resources=wording.resource_lines([row for row in rows if row.unit != "share"]),
        reused=_reused(session, found, names),
        has_cost=any(row.unit == "usd" for row in rows),
        outcomes=tabs(found.counts, here, None, {}),
        compared=len(found.result.outcomes),
        slices=wording.slice_lines(found.slices, [_slice_url(part, here) for part in found.slices]),
        worst=wording.worst(found.slices, names[0]),
        categories=wording.slice_lines(found.categories, [_slice_url(part, here) for part in found.categories]),
        behaviors=[(name, shown(one)) for name, one in zip(names, found.behaviors or (), strict=False)],
        export=f"/p/{access.project.slug}/compare/export?{here.query()}",
        decide_url=f"/p/{access.project.slug}/decide?{here.query()}",
        notes=_notes(found),
        snippets=_snippets(here),
        cases=case_list(session, access, found, wanted, here),
        round_url=_round_url(access, found.pairs[0]),
        chooser=chooser_of(session, access, found.sides, [pair.test_set.id for pair in found.pairs]),
    )


def _answer(session: Session, found: Compared) -> str:
    sets = []
    for pair in found.pairs:
        used = plural(datasets.uses(session, pair.test_set.id), "time")
        sets.append(f"“{pair.test_set.name}”, {plural(pair.test_set.size, 'sealed case')}, used {used}")
    runs = and_list([f"{pair.candidate.number} against {pair.baseline.number}" for pair in found.pairs])
    graders = and_list(list(found.material.graders))
    return f"{'; '.join(sets)}. Run{'s' if len(sets) > 1 else ''} {runs}, graded by {graders}."


def _reused(session: Session, found: Compared, names: Sequence[str]) -> list[tuple[str, str]]:
    """Of which side how many answers were taken over: they were not asked, so they have neither latency nor cost."""
    told = []
    for pair in found.pairs:
        for name, run in zip(names, (pair.baseline, pair.candidate), strict=True):
            words = reuses.in_words(reuses.of_run(session, run), run.total)
            told += [(name, words)] if words else []
    return told


def _first_links(found: Compared, here: Address) -> list[tuple[str, str]]:
    """For each metric that is shown to be worse, the cases that were lost in it."""
    links = []
    for row in found.result.rows:
        if row.verdict == "worse" and row.key in GRADED:
            lost = cases.matching(found.material, CaseFilter(metric=row.key, outcome="regression"))
            label = f"{plural(len(lost), 'case')} lost in {row.label.lower()}: read these first"
            links.append((label, _metric_url(row.key, here)))
    return links


def _metric_url(key: str, here: Address) -> str:
    return here.to(metric=key, outcome="regression")


def _slice_url(part: PartOfCases, here: Address) -> str:
    return here.to(**{part.by: part.slice.name}, outcome="regression")


def _notes(found: Compared) -> list[str]:
    """What a reader must know to trust the numbers."""
    notes = [
        "Better or worse is said only where the 95 % interval excludes 0 and the corrected p-value is at most 0.05.",
        f"p-values are corrected for the {len(found.result.rows)} measures of this page (Holm), those of slices among "
        "themselves; intervals are not. Cases of one group count as one piece of evidence, not as several.",
        "Rates: Tango's interval and McNemar's exact test. Latency and cost: paired bootstrap, and a swap test.",
        "Could show: the smallest true difference that this many cases had an 80 % chance to show.",
        "A truncated, failed or missing output is not passed, and counts in n.",
    ]
    if found.material.left_out:
        names = and_list(list(found.material.left_out))
        notes.insert(0, f"Left out: {names}. Only graders that both runs have word for word are compared.")
    alone = found.result.only_baseline + found.result.only_candidate
    if alone:
        notes.insert(0, f"Left out: {plural(alone, 'case')} that could be graded on one side only.")
    return notes


def _snippets(here: Address) -> list[Snippet]:
    shown = "[(m['key'], m['difference'], m['interval'], m['verdict']) for m in answer['metrics']]"
    return call(f"/api/v1/projects/{here.slug}/comparisons?{here.query()}", shown)


def _round_url(access: Access, pair: RunPair) -> str | None:
    if not access.can("engineer"):
        return None
    query = urlencode([("run", pair.baseline.id), ("run", pair.candidate.id)])
    return f"/p/{access.project.slug}/rounds/new?{query}"
