"""What stands in the way of a launch, what is only worth knowing, and what it will take.

design.md §6: leakage, an unsealed test set, a missing baseline and an exceeded budget block; everything else warns.
A reason overrides the last three. That what is uploaded is what was reviewed, and holds no sealed case, cannot be
overridden.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from app.candidates import queries as candidates
from app.candidates.models import Candidate
from app.core.errors import FieldError, Invalid, NotFound
from app.datasets import versions
from app.datasets.models import DatasetVersion
from app.datasets.near import service as near
from app.finetunes import blockers, dialects, queries, rules
from app.finetunes.cautions import checklist, of_preview, validation, warnings
from app.finetunes.estimates import Estimate, estimate
from app.finetunes.forms import NewFineTune
from app.finetunes.material import service as materials
from app.finetunes.material.service import Material
from app.finetunes.preview import service as previews
from app.finetunes.preview.rules import Measured
from app.finetunes.remarks import Judged, Remark
from app.finetunes.scan import Scan, scan
from app.gateway import queries as gateway
from app.gateway.models import Provider
from app.projects.models import Project


@dataclass(frozen=True)
class Preflight:
    version: DatasetVersion
    provider: Provider
    baseline: Candidate | None
    material: Material
    scan: Scan
    validation: Scan | None
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
    material = materials.named(
        session,
        version,
        objective=new.objective,
        validation_version_id=new.validation_version_id,
        validation_share=new.validation_share,
    )
    base = f"/p/{project.slug}"
    cases = near.sealed_cases(session, project.id)
    seen = scan(materials.training(session, material), cases.show)
    intact = seen.sha256 == version.content_hash if material.whole else versions.verify_hash(session, version)
    told = previews.told(session, project.id, provider.id, new.base_model, version.id, new.objective)
    if told is not None and new.validation_share is not None:
        told = replace(told, total_tokens=None)  # counted with the rows that are held back
    reckoned = _reckoned(session, project, new, provider, seen, told)
    baseline = candidates.baseline(session, project.id)
    judged = [
        blockers.leakage(session, base, version, seen, cases.found(), intact),
        blockers.test_set(session, base, project.id),
        blockers.baseline(session, base, new, provider, baseline),
        blockers.budget(base, new, reckoned),
        blockers.project_budget(session, base, project.id, reckoned),
    ]
    validated, leaks, worth = _validation(session, base, project, new, material, seen)
    worth_knowing = [checklist(session, base, project), *worth]
    return Preflight(
        version=version,
        provider=provider,
        baseline=baseline,
        material=material,
        scan=seen,
        validation=validated,
        blockers=[*(remark for is_blocker, remark in judged if is_blocker), *leaks],
        warnings=[
            *(remark for warns, remark in worth_knowing if warns),
            *warnings(session, base, project, provider, new, version, reckoned),
            *of_preview(base, version, reckoned, told),
        ],
        passed=[
            remark for stands_in_the_way, remark in judged + worth_knowing if not stands_in_the_way and remark.sentence
        ],
        estimate=reckoned,
    )


def _validation(
    session: Session, base: str, project: Project, new: NewFineTune, material: Material, seen: Scan
) -> tuple[Scan | None, list[Remark], list[Judged]]:
    """(What is validated with, what blocks in it, what is worth knowing of it)."""
    if not material.validated:
        return None, [], []
    cases = near.sealed_cases(session, project.id)
    found = scan(materials.validation(session, material), cases.show)
    version = material.validated_with or material.version
    leak = blockers.validation_leakage(session, base, version, found, cases.found())
    return found, [leak] if leak else [], [validation(base, new, seen, found, version)]


def _reckoned(
    session: Session, project: Project, new: NewFineTune, provider: Provider, seen: Scan, told: Measured | None
) -> Estimate:
    wanted = new.hyperparameters
    return estimate(
        seen,
        kind=provider.kind,
        base_model=new.base_model,
        method=new.method,
        epochs=wanted.n_epochs,
        batch_size=wanted.batch_size,
        training_price=new.training_price,
        hourly_rate=provider.hourly_rate,
        past=queries.past(session, project.id, provider.id, new.base_model),
        objective=new.objective,
        rank=wanted.adapter.r if wanted.adapter else None,
        measured=told,
    )


def _named(session: Session, project: Project, new: NewFineTune) -> tuple[DatasetVersion, Provider]:
    errors = []
    version = provider = None
    try:
        version = versions.load(session, project.id, new.dataset_version_id)
    except NotFound:
        errors.append(FieldError("dataset_version_id", "Choose a frozen version of this project."))
    try:
        provider = gateway.usable(session, new.provider_id)
    except NotFound:
        errors.append(FieldError("provider_id", "This provider does not exist, or was switched off."))
    if provider is not None:
        errors += _settings_problems(new, provider)
    if errors or version is None or provider is None:
        raise Invalid(" ".join(error.msg for error in errors), errors)
    return version, provider


def _settings_problems(new: NewFineTune, provider: Provider) -> list[FieldError]:
    """What this provider cannot do, or has no setting for."""
    if problem := rules.method_problem(provider.kind, new.method):
        return [FieldError("method", problem)]
    dialect = dialects.of(provider.kind, provider.base_url)
    if not dialect.speaks:
        said = (
            f"Jobs at {dialect.name} cannot be created from here yet: export the version as a folder and train there."
        )
        return [FieldError("provider_id", said)]
    can = dialect.named(new.objective)
    asked = dialects.flat(new.hyperparameters.model_dump(exclude_none=True))
    errors = [
        FieldError(f"hyperparameters.{key}", rules.no_such_setting(key, dialect.name, new.objective))
        for key in asked
        if key not in can
    ]
    if "early_stopping" in can and "early_stopping" in asked and not new.validated:
        said = "To stop early it must be validated: hold a share back, or name a validation version."
        errors.append(FieldError("hyperparameters.early_stopping", said))
    return errors
