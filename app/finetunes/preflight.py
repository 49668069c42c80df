"""What stands in the way of a launch, what is only worth knowing, and what it will take.

design.md §6: leakage, an unsealed test set, a missing baseline and an exceeded budget block; everything else warns.
A reason overrides the last three. That what is uploaded is what was reviewed, and holds no sealed case, cannot be
overridden.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.candidates import queries as candidates
from app.candidates.models import Candidate
from app.core.errors import FieldError, Invalid, NotFound
from app.datasets import versions
from app.datasets.models import DatasetVersion
from app.datasets.near import service as near
from app.datasets.near.service import NearCase
from app.finetunes import queries, rules
from app.finetunes.estimates import Estimate, estimate
from app.finetunes.forms import NewFineTune
from app.finetunes.scan import Scan, scan
from app.gateway import budgets
from app.gateway import queries as gateway
from app.gateway.models import Provider
from app.projects.models import Project
from app.web.words import money, plural


@dataclass(frozen=True)
class Remark:
    """``link`` is a page where something can be done about it."""

    key: str
    sentence: str
    link: str
    can_override: bool = False


@dataclass(frozen=True)
class Preflight:
    version: DatasetVersion
    provider: Provider
    baseline: Candidate | None
    scan: Scan
    blockers: Sequence[Remark]
    warnings: Sequence[Remark]
    passed: Sequence[Remark]
    estimate: Estimate

    def refusals(self, override_reason: str | None) -> list[Remark]:
        """The blockers that stay, given this reason."""
        return [b for b in self.blockers if not (override_reason and b.can_override)]


def check(session: Session, project: Project, new: NewFineTune) -> Preflight:
    """Look at everything anew, the exact bytes included. Raises Invalid for what cannot be asked at all."""
    version, provider = _named(session, project, new)
    cases = near.sealed_cases(session, project.id)
    seen = scan(versions.training_bytes(session, version), cases.show)
    wanted = new.hyperparameters
    reckoned = estimate(
        seen,
        kind=provider.kind,
        base_model=new.base_model,
        method=new.method,
        epochs=wanted.n_epochs,
        batch_size=wanted.batch_size,
        training_price=new.training_price,
        past=queries.past(session, project.id, provider.id, new.base_model),
    )
    baseline = candidates.baseline(session, project.id)
    base = f"/p/{project.slug}"
    found = [
        *_version_remarks(session, base, version, seen, cases.found()),
        _test_set_remark(session, base, project.id),
        _baseline_remark(session, base, new, provider, baseline),
        _budget_remark(base, new, reckoned),
        _project_budget_remark(session, base, project.id, reckoned),
    ]
    return Preflight(
        version=version,
        provider=provider,
        baseline=baseline,
        scan=seen,
        blockers=[remark for is_blocker, remark in found if is_blocker],
        warnings=_warnings(session, base, project, new, version, reckoned),
        passed=[remark for is_blocker, remark in found if not is_blocker and remark.sentence],
        estimate=reckoned,
    )


def _named(session: Session, project: Project, new: NewFineTune) -> tuple[DatasetVersion, Provider]:
    errors = []
    if new.objective != "supervised":
        errors.append(FieldError("objective", "Only supervised tuning can be launched yet."))
    version = provider = None
    try:
        version = versions.load(session, project.id, new.dataset_version_id)
    except NotFound:
        errors.append(FieldError("dataset_version_id", "Choose a frozen version of this project."))
    try:
        provider = gateway.usable(session, new.provider_id)
    except NotFound:
        errors.append(FieldError("provider_id", "This provider does not exist, or was switched off."))
    problem = rules.method_problem(provider.kind, new.method) if provider else None
    if problem:
        errors.append(FieldError("method", problem))
    if errors or version is None or provider is None:
        raise Invalid(" ".join(error.msg for error in errors), errors)
    return version, provider


Judged = tuple[bool, Remark]


def _version_remarks(
    session: Session, base: str, version: DatasetVersion, seen: Scan, near_cases: Sequence[NearCase]
) -> list[Judged]:
    link = f"{base}/versions/{version.id}"
    if seen.sha256 != version.content_hash:
        said = f"The bytes of version v{version.number} are not those that were frozen: nothing may be trained on them."
        return [(True, Remark("version_changed", said, link))]
    leaked = queries.held_out(session, version.project_id, seen.units)
    if leaked:
        lines = sorted(seen.units[unit] for unit in leaked)
        where = ", ".join(str(line) for line in lines[:5]) + ("…" if len(lines) > 5 else "")
        said = (
            f"{plural(len(leaked), 'prompt')} of version v{version.number} "
            f"{'is' if len(leaked) == 1 else 'are'} held out for testing (line {where}). "
            "Take them out of the training pool and freeze a new version."
        )
        return [(True, Remark("leakage", said, link))]
    if count := queries.held_out_items(session, version):
        said = (
            f"{plural(count, 'example')} of version v{version.number} belong to groups that are held out for testing."
        )
        return [(True, Remark("leakage", said, link))]
    if near_cases:
        return [(True, Remark("leakage", _near_sentence(version, near_cases), link))]
    said = (
        f"None of the {plural(seen.lines, 'example')} is held out for testing or near to a test case: the exact bytes "
        "were looked through."
    )
    return [(False, Remark("leakage", said, link))]


def _near_sentence(version: DatasetVersion, near_cases: Sequence[NearCase]) -> str:
    lines = sorted({one.line for one in near_cases})
    first = min(near_cases, key=lambda one: one.line)
    return (
        f"{plural(len(lines), 'line')} of version v{version.number} ask nearly what a sealed case asks: line "
        f"{first.line} and case {first.position} of “{first.test_set}” are {first.similarity:.0%} alike. "
        "Freeze a new version: it leaves them out."
    )


def _test_set_remark(session: Session, base: str, project_id: str) -> Judged:
    cases, link = queries.sealed_cases(session, project_id), f"{base}/test-sets"
    if cases:
        return False, Remark("test_set", f"{plural(cases, 'case')} sealed for measuring it afterwards.", link)
    said = "No test set is sealed: what cannot be measured cannot be known to have improved."
    return True, Remark("test_set", said, link, can_override=True)


def _baseline_remark(
    session: Session, base: str, new: NewFineTune, provider: Provider, baseline: Candidate | None
) -> Judged:
    def blocked(sentence: str, link: str) -> Judged:
        return True, Remark("baseline", sentence, base + link, can_override=True)

    if baseline is None:
        return blocked("No baseline is chosen: the base model with your best prompt, to compare with.", "/candidates")
    if baseline.provider_id != provider.id or baseline.model != new.base_model:
        said = f"The baseline “{baseline.name}” is {baseline.model}, and this would tune {new.base_model}"
        return blocked(f"{said} on {provider.name}: measure the model that is tuned.", "/candidates")
    run = queries.complete_run(session, baseline.id)
    if run is None and queries.is_running(session, baseline.id):
        return blocked(f"The baseline “{baseline.name}” is being measured: wait for the run to end.", "/runs")
    if run is None:
        said = f"The baseline “{baseline.name}” has no complete run on a sealed test set: measure it before tuning."
        return blocked(said, f"/runs/new?candidate={baseline.id}")
    said = f"The baseline “{baseline.name}” is measured: run {run[0]} on “{run[1]}”."
    return False, Remark("baseline", said, f"{base}/runs")


def _budget_remark(base: str, new: NewFineTune, reckoned: Estimate) -> Judged:
    link = f"{base}/fine-tunes/new"
    if new.budget is None or reckoned.cost is None:
        return False, Remark("budget", "", link)
    said = f"it will cost about {money(reckoned.cost)}, and the budget is {money(new.budget)}"
    if reckoned.cost > new.budget:
        return True, Remark("budget", f"Over the budget: {said}.", link, can_override=True)
    return False, Remark("budget", f"Within the budget: {said}.", link)


def _project_budget_remark(session: Session, base: str, project_id: str, reckoned: Estimate) -> Judged:
    """The month's budget cannot be overridden here: the call that creates the job would be held back all the same."""
    standing = budgets.standing(session, project_id)
    said = budgets.outlook(standing, reckoned.cost)
    exceeded = standing.left is not None and (reckoned.cost or 0.0) > standing.left
    return exceeded, Remark("project_budget", said, f"{base}/costs/budget")


def _warnings(
    session: Session, base: str, project: Project, new: NewFineTune, version: DatasetVersion, reckoned: Estimate
) -> list[Remark]:
    here = f"{base}/fine-tunes/new"
    found: list[Remark] = []
    if version.size < rules.FEW_EXAMPLES:
        said = f"Only {plural(version.size, 'example')}: many providers refuse fewer than {rules.FEW_EXAMPLES}."
        found.append(Remark("few_examples", said, f"{base}/review"))
    outside = rules.size_remark(project.goal, version.size)
    if outside:
        found.append(Remark("size", outside, f"{base}/examples?status=approved"))
    if reckoned.cost is None:
        unchecked = " The budget cannot be checked." if new.budget is not None else ""
        said = f"The price is not known: give the provider's price for a million trained tokens.{unchecked}"
        found.append(Remark("price_unknown", said, here))
    twin = queries.twin(session, project.id, version.id, new.base_model)
    if twin is not None:
        said = f"Fine-tune {twin} is training the same version on the same base right now."
        found.append(Remark("already_running", said, f"{base}/fine-tunes"))
    return found
