"""The part of a comparison that takes time, worked out once for two sets of runs and kept."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from app.comparisons import packing, queries
from app.comparisons.break_even import BreakEven, break_even
from app.comparisons.choice import NotReady, RunPair
from app.comparisons.costs import Fixed
from app.comparisons.material import Material, case_rows, material
from app.comparisons.parts import Label, PartOfCases, parts
from app.comparisons.rules import Sides, differences, loaded_difference
from app.core.recent import Recent
from app.evals import behaviors
from app.evals.behavior_table import BehaviorTable
from app.evals.lengths import length_labels
from app.evals.models import EvalRun
from app.examples.rules import text_of
from app.web.language import lang_of

__all__ = ["NotReady", "WorkedOut", "loaded", "of_pairs"]

METHOD = 2  # to be raised with every change of what is computed: what was kept under another number is not read


# Somebody who reads a comparison goes from one list of its cases to the next: only the first click unpacks it
recent: "Recent[str, WorkedOut]" = Recent(seconds=20.0, most=8)


@dataclass(frozen=True)
class WorkedOut:
    material: Material
    differences: Mapping[str, Sides]
    slices: Sequence[PartOfCases]
    categories: Sequence[PartOfCases]  # of the red-team sets, by tag
    behaviors: tuple[BehaviorTable, BehaviorTable] | None


def of_pairs(session: Session, project_id: str, pairs: Sequence[RunPair]) -> WorkedOut:
    """From what was kept, or worked out now and kept. NotReady where two runs share no grader."""
    key = _key(pairs, "comparison")
    if key and (looked_at := recent.get(key)):
        return looked_at
    kept = queries.kept(session, key) if key else None
    if key and kept is not None:
        found = _unpacked(session, pairs, kept)
        recent.put(key, found)
        return found
    found = _work_out(session, pairs)
    if key:
        packed = {
            "differences": {name: packing.packed_sides(sides) for name, sides in found.differences.items()},
            "material": packing.packed_material(found.material),
            "slices": packing.packed_slices(found.slices),
            "categories": packing.packed_slices(found.categories),
            "behaviors": packing.packed_behaviors(found.behaviors),
        }
        queries.keep(session, project_id, key, packed)
    return found


def _unpacked(session: Session, pairs: Sequence[RunPair], kept: Mapping[str, Any]) -> WorkedOut:
    return WorkedOut(
        packing.material(kept["material"], case_rows(session, pairs)),
        {name: packing.sides(raw) for name, raw in kept["differences"].items()},
        packing.slices(kept["slices"]),
        packing.slices(kept["categories"]),
        packing.behaviors(kept["behaviors"]),
    )


def loaded(
    session: Session,
    project_id: str,
    pairs: Sequence[RunPair],
    found: Material,
    fixed: tuple[Fixed, Fixed],
    volume: int,
) -> Sides | None:
    """The difference in cost per success with the cost of making. None where a price is unknown."""
    totals = fixed[0].total, fixed[1].total
    key = _key(pairs, "loaded", *totals, volume)
    kept = queries.kept(session, key) if key else None
    if kept is not None:
        return packing.sides(kept["sides"])
    sides = loaded_difference(found.baseline, found.candidate, totals, volume, _seed(pairs))
    if key and sides is not None:
        queries.keep(session, project_id, key, {"sides": packing.packed_sides(sides)})
    return sides


def pays_back(
    session: Session, project_id: str, pairs: Sequence[RunPair], found: Material, fixed: tuple[Fixed, Fixed]
) -> BreakEven:
    """The volume after which the candidate has paid for its making; kept as ``loaded`` is."""
    totals = fixed[0].total, fixed[1].total
    key = _key(pairs, "break even", *totals)
    kept = queries.kept(session, key) if key else None
    if kept is not None:
        return BreakEven(**kept)
    volume = break_even(found.baseline, found.candidate, totals, _seed(pairs))
    if key:
        queries.keep(session, project_id, key, asdict(volume))
    return volume


def _work_out(session: Session, pairs: Sequence[RunPair]) -> WorkedOut:
    found = material(session, pairs)
    differing = differences(found.baseline, found.candidate, _seed(pairs))
    labels = _labels(session, pairs, found)
    cut = parts(found.baseline, found.candidate, labels)
    members = {
        f"{part.by}:{part.slice.name}": {
            case: 1.0 for case, of_case in labels.items() if (part.by, part.slice.name) in of_case
        }
        for part in cut
        if part.by not in ("tag", "behavior")
    }
    red = {pair.test_set.id for pair in pairs if pair.test_set.kind == "red_team"}
    tagged: dict[str, list[Label]] = {
        row.id: [("tag", tag) for tag in row.tags] for row in found.cases.values() if row.test_set_id in red
    }
    categories = parts(found.baseline, found.candidate, tagged, least=1)
    return WorkedOut(replace(found, members=members), differing, cut, categories, _behaviors(session, pairs))


def _behaviors(session: Session, pairs: Sequence[RunPair]) -> tuple[BehaviorTable, BehaviorTable] | None:
    before = behaviors.table(session, [pair.baseline.id for pair in pairs])
    after = behaviors.table(session, [pair.candidate.id for pair in pairs])
    return None if before is None or after is None else (before, after)


def _runs(pairs: Sequence[RunPair]) -> list[EvalRun]:
    return [run for pair in pairs for run in (pair.baseline, pair.candidate)]


def _seed(pairs: Sequence[RunPair]) -> str:
    """The same runs give the same draws, so that the page repeats itself."""
    return "-".join(run.id for run in _runs(pairs))


def _key(pairs: Sequence[RunPair], *question: object) -> str | None:
    """The manifests' hashes cover outputs and graders, the time of the end tells one grading by a model from the next.
    None where a run has no manifest: nothing is kept of it."""
    runs = [(run.id, run.manifest_hash, str(run.finished_at)) for run in _runs(pairs)]
    if not all(manifest for _id, manifest, _ended in runs):
        return None
    return hashlib.sha256(json.dumps([METHOD, question, runs]).encode()).hexdigest()


def _labels(session: Session, pairs: Sequence[RunPair], found: Material) -> dict[str, list[Label]]:
    """Tags, expected behaviour, source, language and length of the request of each case."""
    lengths: dict[str, int] = {}
    labels: dict[str, list[Label]] = {}
    for case_id, messages, source in queries.requests(session, [pair.test_set.id for pair in pairs]):
        row = found.cases[case_id]
        asked = next((text_of(m.get("content")) for m in reversed(messages) if m.get("role") == "user"), "")
        labels[case_id] = [("tag", tag) for tag in row.tags]
        labels[case_id] += [("behavior", row.behavior)] if row.behavior else []
        labels[case_id] += [("source", source)] if source else []
        language = lang_of(asked)
        labels[case_id] += [("language", language)] if language else []
        lengths[case_id] = len(asked)
    for case_id, label in length_labels(lengths).items():
        labels[case_id].append(("length", label))
    return labels
