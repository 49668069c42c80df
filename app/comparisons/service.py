"""Verbs of comparisons: compare two candidates over the sealed sets that both have answered."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.comparisons import choice, costs, rules, votes, worked_out
from app.comparisons.break_even import BreakEven
from app.comparisons.choice import RunPair, Sides
from app.comparisons.costs import DEFAULT_VOLUME, Fixed
from app.comparisons.forms import Wanted
from app.comparisons.material import Material
from app.comparisons.parts import PartOfCases
from app.comparisons.rules import Comparison
from app.evals.behavior_table import BehaviorTable
from app.projects.access import Access

__all__ = ["Compared", "PartOfCases", "compare", "compare_sides"]


@dataclass(frozen=True)
class Compared:
    """A comparison with everything that it rests on. ``categories``: of the red-team sets, by tag. ``behaviors``:
    expected against observed, of either side. ``fixed``: what each side took to make, spread over ``volume``, and
    ``pays_back``: after how many tasks that is repaid."""

    sides: Sides
    pairs: Sequence[RunPair]
    material: Material
    result: Comparison
    slices: Sequence[PartOfCases]
    categories: Sequence[PartOfCases]
    behaviors: tuple[BehaviorTable, BehaviorTable] | None
    fixed: tuple[Fixed, Fixed]
    volume: int
    pays_back: BreakEven

    @property
    def runs(self) -> list[str]:
        return [run.id for pair in self.pairs for run in (pair.baseline, pair.candidate)]

    @property
    def counts(self) -> Mapping[str, int]:
        """Cases by outcome, and under ``disagreement`` those where graders of one metric disagree."""
        return Counter(self.result.outcomes.values()) + Counter(disagreement=len(self.result.disputed))


def compare(session: Session, access: Access, wanted: Wanted) -> Compared:
    """Candidate against baseline over the cases of sealed sets. What is left out is chosen as ``Wanted`` says.

    NotReady (a Conflict) where a side has no complete run on a set, or the runs share no grader; NotFound for what is
    of elsewhere and for a person who votes blind on one of the runs; Invalid for a candidate against itself.
    """
    return compare_sides(session, access, choice.sides(session, access, wanted), wanted.test_set, wanted.volume)


def compare_sides(
    session: Session, access: Access, chosen: Sides, test_set_ids: Sequence[str], volume: int = DEFAULT_VOLUME
) -> Compared:
    pairs = choice.run_pairs(session, access, chosen, test_set_ids)
    project = access.project
    found = worked_out.of_pairs(session, project.id, pairs)
    fixed = costs.fixed(session, project, chosen.baseline), costs.fixed(session, project, chosen.candidate)
    more = {
        "human_preference": votes.preference(session, project.id, pairs),
        "cost_per_success_loaded": worked_out.loaded(session, project.id, pairs, found.material, fixed, volume),
    }
    known = dict(found.differences) | {key: sides for key, sides in more.items() if sides is not None}
    names = chosen.baseline.name, chosen.candidate.name
    result = rules.conclude(known, found.material.baseline, found.material.candidate, names)
    parts = found.slices, found.categories, found.behaviors
    pays_back = worked_out.pays_back(session, project.id, pairs, found.material, fixed)
    return Compared(chosen, pairs, found.material, result, *parts, fixed, volume, pays_back)
