"""The bytes themselves, and what may stand in the way of having them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.core.errors import FieldError, Invalid, NotFound
from app.datasets import export, versions
from app.datasets import version_queries as records
from app.datasets.fits import fit
from app.datasets.formats import WRITERS, Record
from app.datasets.models import DatasetVersion
from app.examples.rules import fingerprint_unit
from app.finetunes.material.models import Validation
from app.finetunes.material.rules import held_back
from app.finetunes.models import FineTune

WRITER = {"supervised": WRITERS["openai_chat"], "dpo": WRITERS["openai_preference"]}


@dataclass(frozen=True)
class Material:
    """``version`` is trained on, but for the ``share`` that is held back; or ``validated_with`` is another version."""

    version: DatasetVersion
    objective: str
    share: float | None = None
    validated_with: DatasetVersion | None = None

    @property
    def validated(self) -> bool:
        return self.share is not None or self.validated_with is not None

    @property
    def whole(self) -> bool:
        """Whether the training bytes are the version's own, whose hash was frozen."""
        return self.objective == "supervised" and self.share is None


def of_row(session: Session, row: FineTune) -> Material:
    """The material of a launch that was made."""
    version = session.get_one(DatasetVersion, row.dataset_version_id)
    kept = session.get(Validation, row.id)
    if kept is None:
        return Material(version, row.objective)
    other = session.get(DatasetVersion, kept.dataset_version_id) if kept.dataset_version_id else None
    return Material(version, row.objective, kept.share, other)


def named(
    session: Session,
    version: DatasetVersion,
    *,
    objective: str,
    validation_version_id: str | None,
    validation_share: float | None,
) -> Material:
    """The material that a launch asks for. Raises Invalid naming the field."""
    other = None
    if validation_version_id is not None:
        other = _other(session, version, validation_version_id)
        if validation_share is not None:
            raise Invalid.field("validation_share", "Validate with a share or with another version, not both.")
    for one, loc in ((version, "objective"), (other, "validation_version_id")):
        if objective == "dpo" and one is not None:
            _check_pairs(session, one, loc)
    return Material(version, objective, validation_share, other)


def _other(session: Session, version: DatasetVersion, other_id: str) -> DatasetVersion:
    try:
        other = versions.load(session, version.project_id, other_id)
    except NotFound:
        raise Invalid.field("validation_version_id", "Choose a frozen version of this project.") from None
    if other.id == version.id:
        said = "This is the version that is trained on: hold a share of it back, or choose another."
        raise Invalid.field("validation_version_id", said)
    return other


def _check_pairs(session: Session, version: DatasetVersion, loc: str) -> None:
    found = fit(WRITER["dpo"], records.records(session, version.id), True)
    if found.count:
        said = (
            f"DPO trains on pairs of answers, and {found.count:,} of {version.size:,} examples of v{version.number} "
            f"are none: {export.said(found)}. Freeze a version of pairs alone, or train supervised."
        )
        raise Invalid(said, [FieldError(loc, said)])


def training(session: Session, material: Material) -> Iterator[bytes]:
    """The training file, a line at a time. Raises Invalid where nothing can be held back, Conflict for erased rows."""
    if material.share is None:
        return _lines(session, material.version, material.objective)
    back = _held_back(session, material.version, material.share)
    return _lines(session, material.version, material.objective, lambda row: key_of(row) not in back)


def validation(session: Session, material: Material) -> Iterator[bytes]:
    """The validation file; empty where nothing is validated."""
    if material.validated_with is not None:
        return _lines(session, material.validated_with, material.objective)
    if material.share is None:
        return iter(())
    back = _held_back(session, material.version, material.share)
    return _lines(session, material.version, material.objective, lambda row: key_of(row) in back)


def parted(session: Session, material: Material) -> tuple[Callable[[Record], bool], Callable[[Record], bool]]:
    """(whether a row of the version is trained on, whether a row of what it is validated with is validated with)."""
    if material.share is None:
        return lambda _row: True, lambda _row: material.validated
    back = _held_back(session, material.version, material.share)
    return lambda row: key_of(row) not in back, lambda row: key_of(row) in back


def key_of(row: Record) -> str:
    """What keeps related rows on one side: their group, else what is asked."""
    return f"group:{row.group}" if row.group else fingerprint_unit(row.messages)


def _held_back(session: Session, version: DatasetVersion, share: float) -> frozenset[str]:
    back = held_back([key_of(row) for row in records.records(session, version.id)], share)
    if not back:
        said = "All examples belong to one group, so none can be held back: validate with another version."
        raise Invalid.field("validation_share", said)
    return back


def _lines(
    session: Session, version: DatasetVersion, objective: str, keep: Callable[[Record], bool] | None = None
) -> Iterator[bytes]:
    versions.check_whole(session, version)
    rows = records.records(session, version.id)
    return WRITER[objective].write((row for row in rows if keep is None or keep(row)), objective == "dpo")
