"""What is worth knowing before a launch, and does not block it."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from app.checks.readiness import service as readiness
from app.checks.readiness.items import LABELS, PASS
from app.checks.semantic.sealed import likeness
from app.core.clock import utcnow
from app.datasets.models import DatasetVersion
from app.finetunes import queries, rules
from app.finetunes.estimates import Estimate
from app.finetunes.forms import NewFineTune
from app.finetunes.memory import GB
from app.finetunes.preview.rules import Measured
from app.finetunes.remarks import Judged, Remark
from app.finetunes.scan import Scan
from app.gateway import shutdowns
from app.gateway.models import Provider
from app.projects.models import Project
from app.web.words import plural


def warnings(
    session: Session,
    base: str,
    project: Project,
    provider: Provider,
    new: NewFineTune,
    version: DatasetVersion,
    reckoned: Estimate,
) -> Iterator[Remark]:
    here = f"{base}/fine-tunes/new"
    if version.size < rules.FEW_EXAMPLES:
        said = f"Only {plural(version.size, 'example')}: many providers refuse fewer than {rules.FEW_EXAMPLES}."
        yield Remark("few_examples", said, f"{base}/review")
    outside = rules.size_remark(project.goal, version.size)
    if outside:
        yield Remark("size", outside, f"{base}/examples?status=approved")
    if reckoned.cost is None:
        unchecked = " The budget cannot be checked." if new.budget is not None else ""
        said = f"The price is not known: give the provider's price for a million trained tokens.{unchecked}"
        yield Remark("price_unknown", said, here)
    yield from retiring(base, provider, new.base_model)
    twin = queries.twin(session, project.id, version.id, new.base_model)
    if twin is not None:
        said = f"Fine-tune {twin} is training the same version on the same base right now."
        yield Remark("already_running", said, f"{base}/fine-tunes")
    meaning = semantic(session, base, project.id, version)
    if meaning is not None:
        yield meaning


def retiring(base: str, provider: Provider, model: str) -> Iterator[Remark]:
    """The base model's end, where it is near or past; and that of new jobs at the provider."""
    today = utcnow().date()
    ends = shutdowns.shutdown(provider.base_url, provider.models, model)
    if ends is not None and ends.is_near(today):
        yield Remark("shutdown", ends.sentence(today), f"{base}/fine-tunes/new")
    closing = shutdowns.last_job(provider.base_url, today)
    if closing is not None:
        yield Remark("last_job", closing, f"{base}/fine-tunes/new")


def of_preview(base: str, version: DatasetVersion, reckoned: Estimate, told: Measured | None) -> Iterator[Remark]:
    """What the engine's own count of a preview says: rows it will not take, and memory that it has not."""
    if told is not None and told.unusable:
        said = (
            f"{plural(told.unusable, 'row')} cannot be trained on as they stand, and the engine refuses the whole file"
        )
        yield Remark("too_long", f"{said}: {told.problem}.", f"{base}/versions/{version.id}")
    if reckoned.memory is not None and reckoned.memory_room and reckoned.memory > 0.9 * reckoned.memory_room:
        said = f"It needs about {reckoned.memory / GB:.1f} GB of memory, and the engine's machine has"
        way_out = "Take QLoRA, a smaller batch, or a smaller model."
        yield Remark("memory", f"{said} {reckoned.memory_room / GB:.1f} GB. {way_out}", f"{base}/fine-tunes/new")


def checklist(session: Session, base: str, project: Project) -> Judged:
    """The readiness checklist as it stands now. Answers (whether it warns, what it says)."""
    found = readiness.checklist(session, project)
    total = len(found.items)
    if found.passed == total:
        return False, Remark("checklist", f"All {total} points of the checklist pass.", f"{base}/checklist")
    open_points = [LABELS[item.key][0].lower() + LABELS[item.key][1:] for item in found.items if item.state != PASS]
    said = f"{found.passed} of {total} points of the checklist pass. Open: {'; '.join(open_points)}."
    return True, Remark("checklist", said, f"{base}/checklist")


def semantic(session: Session, base: str, project_id: str, version: DatasetVersion) -> Remark | None:
    """Examples that mean what a sealed case asks, in other words; and what was not compared."""
    found = likeness(session, project_id, version.id)
    if not found.available:
        said = "Whether an example asks in other words what a sealed case asks was not looked at: the model for it is "
        return Remark("semantic", f"{said}not installed (the extra “semantic”).", f"{base}/checks")
    unread = f"{plural(found.unread, 'prompt')} {'was' if found.unread == 1 else 'were'} not compared in meaning yet"
    if found.examples:
        said = (
            f"{plural(found.examples, 'example')} may ask in other words what a sealed case asks; the closest, line "
            f"{found.position}, is {found.similarity:.0%} alike in meaning to case {found.case} of “{found.test_set}”."
        )
        more = f" {unread}." if found.unread else ""
        return Remark("semantic", said + more, f"{base}/examples?finding=leak")
    if found.unread:
        return Remark("semantic", f"{unread}: run a scan to have it looked at.", f"{base}/checks")
    return None


def validation(base: str, new: NewFineTune, seen: Scan, validated: Scan, version: DatasetVersion) -> Judged:
    """(Whether it warns, what it says) of what the training is validated with."""
    link = f"{base}/versions/{version.id}"
    shared = len(validated.units.keys() & seen.units.keys())
    if shared:
        said = (
            f"{plural(shared, 'prompt')} of the validation version v{version.number} are trained on too: validation "
            "loss will look better than it is."
        )
        return True, Remark("validation", said, link)
    if new.validation_share is not None:
        said = (
            f"{plural(validated.lines, 'example')} of v{version.number} are held back from training to validate with."
        )
    else:
        said = f"Validated with v{version.number}: {plural(validated.lines, 'example')}, none of them trained on."
    return False, Remark("validation", said, link)
