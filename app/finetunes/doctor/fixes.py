"""What to do next about a finding: links that fill in the next version or launch. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from app.finetunes.doctor.findings import Finding

FULL_RATE, LORA_RATE = 1e-4, 1e-3  # the local engine's own, where a launch left it to the engine
EPOCHS = 4
NARROW = "q_proj,v_proj"


@dataclass(frozen=True, slots=True)
class Fix:
    label: str
    url: str
    why: str
    launches: bool = False


@dataclass(frozen=True, slots=True)
class Launched:
    """How it was trained: what the settings of the next launch begin with."""

    base: str  # address of the project's pages
    fine_tune_id: str
    method: str
    settings: Mapping[str, Any]

    @property
    def epochs(self) -> int:
        value = self.settings.get("n_epochs")
        return value if isinstance(value, int) else EPOCHS

    def to(self, path: str, label: str, why: str) -> Fix:
        return Fix(label, f"{self.base}/{path}", why)


def fixes(finding: Finding, run: Launched) -> list[Fix]:
    """In the order in which they help; the launch comes last, because data come first."""
    made = {
        "memorised": _memorised,
        "general_instructions": _general,
        "overconfident": _overconfident,
        "outdated_facts": _outdated,
    }
    return made[finding.mode](run)


def _memorised(run: Launched) -> list[Fix]:
    to = run.to
    return [
        to("checks/near_duplicate", "Near-duplicates", "Keep one of each: a repeated row is an extra pass over it."),
        to("variations/new", "Add variation", "Other wordings of the same request, each reviewed before it counts."),
        to("test-sets/new", "A stronger test set", "Held-out cases that no training row resembles."),
        _launch(run, "Launch with fewer epochs and half the rate", "Less repetition of the same rows.", epochs=True),
    ]


def _general(run: Launched) -> list[Fix]:
    varied = "Import general instructions with good answers beside the task's own rows."
    weaker = "Half the rate, fewer epochs, the attention layers' queries and values alone."
    return [
        run.to("imports/new", "Mix in varied instructions", varied),
        _launch(run, "Launch with weaker training and fewer layers", weaker, epochs=True, narrow=True),
    ]


def _overconfident(run: Launched) -> list[Fix]:
    asking = "Requests whose right answer is “I need more information”."
    freeze = "versions/new?" + urlencode({"name": "With questions and hand-overs"})
    return [
        run.to("examples?behavior=clarify", "Examples that ask", asking),
        run.to("examples?behavior=escalate", "Examples that hand over", "“I cannot verify that”, and who can."),
        run.to(freeze, "Freeze the next version", "Once such examples are approved."),
        _launch(run, "Launch again on the next version", "Choose the new version; the rest stays as it was."),
    ]


def _outdated(run: Launched) -> list[Fix]:
    freeze = "versions/new?" + urlencode({"name": "Without changing facts"})
    return [
        run.to("checks/stale_fact", "Stale facts in training", "Take them out of answers, or leave those rows out."),
        run.to(freeze, "Freeze a version without them", "Rows that need work are left out of it."),
        run.to("candidates/new", "Use retrieval", "A candidate that reads the dated collection when it answers."),
        _launch(run, "Launch again on the next version", "Choose the new version; the rest stays as it was."),
    ]


def _launch(run: Launched, label: str, why: str, *, epochs: bool = False, narrow: bool = False) -> Fix:
    fields: dict[str, Any] = {"from": run.fine_tune_id}
    if epochs:
        fields["hyperparameters.n_epochs"] = max(1, run.epochs // 2)
        fields |= _half_rate(run)
    if narrow and run.method in ("lora", "qlora"):
        fields["hyperparameters.adapter.target_modules"] = NARROW
    return Fix(label, f"{run.base}/fine-tunes/new?{urlencode(fields)}", why, launches=True)


def _half_rate(run: Launched) -> dict[str, Any]:
    if run.method == "api":
        factor = run.settings.get("learning_rate_multiplier")
        return {"hyperparameters.learning_rate_multiplier": factor / 2 if isinstance(factor, int | float) else 0.5}
    rate = (run.settings.get("adapter") or {}).get("learning_rate")
    usual = FULL_RATE if run.method == "full" else LORA_RATE
    return {"hyperparameters.adapter.learning_rate": (rate if isinstance(rate, int | float) else usual) / 2}
