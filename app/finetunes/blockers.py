"""What may block a launch: leakage, an unsealed test set, a missing baseline, an exceeded budget."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.candidates.models import Candidate
from app.datasets.models import DatasetVersion
from app.datasets.near.service import NearCase
from app.finetunes import queries
from app.finetunes.estimates import Estimate
from app.finetunes.forms import NewFineTune
from app.finetunes.remarks import Judged, Remark
from app.finetunes.scan import Scan
from app.gateway import budgets
from app.gateway.models import Provider
from app.web.words import money, plural


def leakage(
    session: Session, base: str, version: DatasetVersion, seen: Scan, near_cases: Sequence[NearCase], intact: bool
) -> Judged:
    """Of the exact bytes to train on: are they what was frozen, and do they hold what is tested, exactly or nearly?"""
    link = f"{base}/versions/{version.id}"
    if not intact:
        said = f"The bytes of version v{version.number} are not those that were frozen: nothing may be trained on them."
        return True, Remark("version_changed", said, link)
    leaked = _held_out(session, version, seen, "Take them out of the training pool and freeze a new version.")
    if leaked is not None:
        return True, Remark("leakage", leaked, link)
    if count := queries.held_out_items(session, version):
        said = (
            f"{plural(count, 'example')} of version v{version.number} belong to groups that are held out for testing."
        )
        return True, Remark("leakage", said, link)
    if near_cases:
        return True, Remark("leakage", _near_sentence(version, near_cases), link)
    said = (
        f"None of the {plural(seen.lines, 'example')} is held out for testing or near to a test case: the exact bytes "
        "were looked through."
    )
    return False, Remark("leakage", said, link)


def validation_leakage(
    session: Session, base: str, version: DatasetVersion, seen: Scan, near_cases: Sequence[NearCase]
) -> Remark | None:
    """What is validated with decides when to stop and which checkpoint is taken, so it must hold no case either."""
    link = f"{base}/versions/{version.id}"
    leaked = _held_out(session, version, seen, "Validate with another version.")
    if leaked is None and near_cases:
        leaked = _near_sentence(version, near_cases)
    return Remark("validation_leakage", f"Validation: {leaked}", link) if leaked else None


def _held_out(session: Session, version: DatasetVersion, seen: Scan, way_out: str) -> str | None:
    leaked = queries.held_out(session, version.project_id, seen.units)
    if not leaked:
        return None
    lines = sorted(seen.units[unit] for unit in leaked)
    where = ", ".join(str(line) for line in lines[:5]) + ("…" if len(lines) > 5 else "")
    return (
        f"{plural(len(leaked), 'prompt')} of version v{version.number} "
        f"{'is' if len(leaked) == 1 else 'are'} held out for testing (line {where}). {way_out}"
    )


def _near_sentence(version: DatasetVersion, near_cases: Sequence[NearCase]) -> str:
    lines = sorted({one.line for one in near_cases})
    first = min(near_cases, key=lambda one: one.line)
    return (
        f"{plural(len(lines), 'line')} of version v{version.number} ask nearly what a sealed case asks: line "
        f"{first.line} and case {first.position} of “{first.test_set}” are {first.similarity:.0%} alike. "
        "Freeze a new version: it leaves them out."
    )


def test_set(session: Session, base: str, project_id: str) -> Judged:
    cases, link = queries.sealed_cases(session, project_id), f"{base}/test-sets"
    if cases:
        return False, Remark("test_set", f"{plural(cases, 'case')} sealed for measuring it afterwards.", link)
    said = "No test set is sealed: what cannot be measured cannot be known to have improved."
    return True, Remark("test_set", said, link, can_override=True)


def baseline(
    session: Session, base: str, new: NewFineTune, provider: Provider, compared_with: Candidate | None
) -> Judged:
    def blocked(sentence: str, link: str) -> Judged:
        return True, Remark("baseline", sentence, base + link, can_override=True)

    if compared_with is None:
        return blocked("No baseline is chosen: the base model with your best prompt, to compare with.", "/candidates")
    name = f"The baseline “{compared_with.name}”"
    if compared_with.provider_id != provider.id or compared_with.model != new.base_model:
        said = f"{name} is {compared_with.model}, and this would tune {new.base_model}"
        return blocked(f"{said} on {provider.name}: measure the model that is tuned.", "/candidates")
    run = queries.complete_run(session, compared_with.id)
    if run is None and queries.is_running(session, compared_with.id):
        return blocked(f"{name} is being measured: wait for the run to end.", "/runs")
    if run is None:
        said = f"{name} has no complete run on a sealed test set: measure it before tuning."
        return blocked(said, f"/runs/new?candidate={compared_with.id}")
    return False, Remark("baseline", f"{name} is measured: run {run[0]} on “{run[1]}”.", f"{base}/runs")


def budget(base: str, new: NewFineTune, reckoned: Estimate) -> Judged:
    link = f"{base}/fine-tunes/new"
    if new.budget is None or reckoned.cost is None:
        return False, Remark("budget", "", link)
    said = f"it will cost about {money(reckoned.cost)}, and the budget is {money(new.budget)}"
    if reckoned.cost > new.budget:
        return True, Remark("budget", f"Over the budget: {said}.", link, can_override=True)
    return False, Remark("budget", f"Within the budget: {said}.", link)


def project_budget(session: Session, base: str, project_id: str, reckoned: Estimate) -> Judged:
    """The month's budget cannot be overridden here: the call that creates the job would be held back all the same."""
    standing = budgets.standing(session, project_id)
    said = budgets.outlook(standing, reckoned.cost)
    exceeded = standing.left is not None and (reckoned.cost or 0.0) > standing.left
    return exceeded, Remark("project_budget", said, f"{base}/costs/budget")
