"""Which pairs a round is made of: the same for the plan on the form and for the round that is opened."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations, groupby
from random import Random
from typing import Any

from sqlalchemy.orm import Session

from app.core.errors import Invalid
from app.evals.models import EvalRun
from app.examples.rules import text_of
from app.preferences import queries
from app.preferences.forms import NewRound
from app.preferences.opening import naming, slices
from app.preferences.opening.slices import Label

SYSTEM = ("system", "developer")


@dataclass(frozen=True)
class Drawn:
    """One pair to be. ``named``: the words by which an output says whose it is; ``masked`` texts lack them."""

    case_id: str
    output_a: str
    output_b: str
    prompt: list[dict[str, Any]]
    text_a: str
    text_b: str
    identical: bool
    named: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Material:
    """Complete outputs of the runs by case, with each case's labels."""

    cases: Sequence[Sequence[Any]]
    labels: Sequence[Sequence[Label]]


def runs_of(session: Session, project_id: str, run_ids: Sequence[str]) -> list[EvalRun]:
    """In the order in which they were named. Raises Invalid."""
    wanted = list(dict.fromkeys(run_ids))
    found = {run.id: run for run in queries.runs(session, project_id, wanted)}
    if len(found) < len(wanted) or len(wanted) < 2:
        raise Invalid.field("run_ids", "Choose two or more different runs of this project.")
    runs = [found[run_id] for run_id in wanted]
    if any(run.status != "succeeded" for run in runs):
        raise Invalid.field("run_ids", "Every run must be finished.")
    if len({run.test_set_id for run in runs}) > 1:
        raise Invalid.field("run_ids", "The runs must be on the same test set.")
    return runs


def material(session: Session, run_ids: Sequence[str]) -> Material:
    rows = queries.complete_outputs(session, run_ids)
    cases = [list(group) for _case, group in groupby(rows, key=lambda row: row.case_id)]
    return Material(cases, [slices.labels(c[0].messages, c[0].tags, c[0].behavior, c[0].source) for c in cases])


def draw(session: Session, run_ids: Sequence[str], found: Material, new: NewRound, rng: Random) -> list[Drawn]:
    """Every two runs' outputs for each case of the slice; at most ``max_pairs``, drawn at random. Raises Invalid."""
    wanted = None if new.slice is None else (new.slice.by, new.slice.name)
    cases = [case for case, own in zip(found.cases, found.labels, strict=True) if wanted is None or wanted in own]
    pattern = naming.pattern_of(naming.names_of(*queries.own_names(session, run_ids)))
    pairs = [pair for case in cases for pair in combinations(case, 2)]
    if new.max_pairs is not None and len(pairs) > new.max_pairs:
        pairs = rng.sample(pairs, new.max_pairs)
    if not pairs and wanted is not None and found.cases:
        raise Invalid.field("slice", f"No case that two of the runs answered has {slices.words(*wanted)}.")
    if not pairs:
        raise Invalid.field("run_ids", "These runs have no case that two of them answered.")
    return [_drawn(pattern, a, b, mask=new.self_naming == "mask") for a, b in pairs]


def _drawn(pattern: Any, a: Any, b: Any, *, mask: bool) -> Drawn:
    prompt = [message for message in a.messages if message.get("role") not in SYSTEM]
    texts = (a.text or "", b.text or "")
    identical = texts[0].strip() == texts[1].strip()
    asked = "\n".join(text_of(message.get("content")) for message in prompt)
    words = [] if identical else [word for text in texts for word in naming.named(pattern, asked, text)]
    first, second = (naming.masked(pattern, words, text) if mask and words else text for text in texts)
    return Drawn(a.case_id, a.output_id, b.output_id, prompt, first, second, identical, list(dict.fromkeys(words)))
