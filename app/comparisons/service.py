"""Verbs of comparisons: compare two candidates over the sealed sets that both have answered."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal

from sqlalchemy.orm import Session

from app.comparisons import choice
from app.comparisons.choice import RunPair, Sides
from app.comparisons.forms import Wanted
from app.comparisons.material import Material, material
from app.comparisons.rules import Comparison
from app.comparisons.rules import compare as compare_measured
from app.comparisons.slices import Slice, slices
from app.projects.access import Access

By = Literal["tag", "behavior"]


@dataclass(frozen=True)
class PartOfCases:
    """A slice, and what it is cut by."""

    by: By
    slice: Slice


@dataclass(frozen=True)
class Compared:
    """A comparison with everything that it rests on."""

    sides: Sides
    pairs: Sequence[RunPair]
    material: Material
    result: Comparison
    slices: Sequence[PartOfCases]

    @property
    def runs(self) -> list[str]:
        return [run.id for pair in self.pairs for run in (pair.baseline, pair.candidate)]

    @property
    def counts(self) -> Mapping[str, int]:
        """Cases by outcome, and under ``disagreement`` those where graders of one metric disagree."""
        return Counter(self.result.outcomes.values()) + Counter(disagreement=len(self.result.disputed))


def compare(
    session: Session,
    access: Access,
    baseline_id: str | None,
    candidate_id: str | None,
    test_set_ids: Sequence[str] = (),
    baseline_run: str | None = None,
    candidate_run: str | None = None,
) -> Compared:
    """Candidate against baseline over the cases of sealed sets. What is left out is chosen as ``forms.Wanted`` says.

    NotReady (a Conflict) where a side has no complete run on a set, or the runs share no grader; NotFound for what is
    of elsewhere and for a person who votes blind on one of the runs; Invalid for a candidate against itself.
    """
    wanted = Wanted(
        baseline=baseline_id,
        candidate=candidate_id,
        test_set=list(test_set_ids),
        baseline_run=baseline_run,
        candidate_run=candidate_run,
    )
    return compare_sides(session, access, choice.sides(session, access, wanted), wanted.test_set)


def compare_sides(session: Session, access: Access, chosen: Sides, test_set_ids: Sequence[str]) -> Compared:
    pairs = choice.run_pairs(session, access, chosen, test_set_ids)
    found = material(session, pairs)
    runs = [run for pair in pairs for run in (pair.baseline, pair.candidate)]
    question = Question(
        tuple((run.id, run.manifest_hash) for run in runs), (chosen.baseline.name, chosen.candidate.name), found
    )
    known = all(run.manifest_hash for run in runs)
    return Compared(chosen, pairs, found, *(_remembered if known else _work_out)(question))


@dataclass(frozen=True)
class Question:
    """What a comparison depends on. The manifests' hashes stand for the material: they cover outputs and graders."""

    runs: tuple[tuple[str, str | None], ...]
    names: tuple[str, str]
    material: Material = field(compare=False)


def _work_out(question: Question) -> tuple[Comparison, list[PartOfCases]]:
    found = question.material
    # the same runs give the same draws, so that the page repeats itself
    seed = "-".join(run_id for run_id, _hash in question.runs)
    return compare_measured(found.baseline, found.candidate, *question.names, seed), _slices(found)


# The bootstrap takes seconds over thousands of cases, and each tab and each page of cases asks for the same.
_remembered = lru_cache(maxsize=4)(_work_out)


def _slices(found: Material) -> list[PartOfCases]:
    """By tag and by expected behaviour, corrected together; what every case has is no part of them."""
    labels: dict[str, list[str]] = {}
    known: dict[str, tuple[By, str]] = {}
    for case in found.cases.values():
        parts: list[tuple[By, str]] = [("tag", tag) for tag in case.tags]
        parts += [("behavior", case.behavior)] if case.behavior else []
        labels[case.id] = [f"{by}:{name}" for by, name in parts]
        known |= zip(labels[case.id], parts, strict=True)
    everywhere = set.intersection(*map(set, labels.values())) if labels else set()
    kept = {case: [label for label in of_case if label not in everywhere] for case, of_case in labels.items()}
    rows = slices(found.baseline, found.candidate, kept)
    return [PartOfCases(known[row.name][0], replace(row, name=known[row.name][1])) for row in rows]
