"""Looking at examples one at a time, with all detectors of the registry."""

import hashlib
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Text, and_, func, select
from sqlalchemy.orm import Session

from app.checks.detectors.base import Setting, Subject
from app.checks.detectors.registry import DETECTORS
from app.checks.detectors.typical import summary, typical
from app.checks.models import Scan
from app.checks.pool.queries import in_pool
from app.checks.pool.seen import Seen
from app.examples.models import Example, Revision
from app.examples.queries import one_of_ids
from app.examples.rules import answer_index, canonical
from app.projects.models import Project

log = logging.getLogger(__name__)
SAMPLE = 2_000
SHIFT = 0.223  # of ln(characters): ln 1.25
KINDS = tuple(sorted({kind for detector in DETECTORS for kind in detector.kinds}))


@dataclass(frozen=True, slots=True)
class Looked:
    """An example in the revision that is looked at."""

    example_id: str
    revision: int
    subject: Subject


def setting_of(session: Session, project: Project) -> Setting:
    """What the project says of itself, and what the last scan that measured it found typical."""
    query = select(Scan.typical).where(Scan.project_id == project.id, Scan.typical.is_not(None))
    known = session.scalar(query.order_by(Scan.id.desc()).limit(1))
    labels = tuple(str(label) for label in project.labels or ())
    return Setting(project.goal, labels, project.output_schema, known or {})


def measure(session: Session, project_id: str, known: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is typical now, from a sample that stays the same; ``known`` where nothing has really changed.

    Another answer means that everything is looked at again, so small shifts do not count.
    """
    shuffled = func.hashtextextended(Example.id.cast(Text), 0)
    query = select(Example.id).where(*in_pool(project_id)).order_by(shuffled, Example.id).limit(SAMPLE)
    rows = read(session, project_id, session.scalars(query).all())
    now = typical(summary(one.subject) for one in rows)
    return now if shifted(known, now) else known


def shifted(known: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Another style, or lengths that are typically a quarter longer or shorter, or spread otherwise."""
    if known.keys() != now.keys() or known.get("style") != now.get("style"):
        return True
    lengths = [(known[name], now[name]) for name in ("request", "answer") if name in now]
    return any(abs(a[figure] - b[figure]) > SHIFT for a, b in lengths for figure in ("center", "spread"))


def stamp(setting: Setting) -> str:
    """Which detectors look, and by what rules of the project: another stamp, and everything is looked at again."""
    rules = [setting.goal, list(setting.labels), setting.output_schema, dict(setting.typical)]
    versions = [[detector.name, detector.version] for detector in DETECTORS]
    return hashlib.sha256(canonical([versions, rules])).hexdigest()[:16]


def read(session: Session, project_id: str, ids: Collection[str], *, rejected: bool = False) -> list[Looked]:
    """The current content of those of the examples that stand in the training pool; ``rejected``: of others, too."""
    current = and_(Revision.example_id == Example.id, Revision.number == Example.revision)
    content = (Revision.messages, Revision.tools, Revision.expected, Revision.behavior, Revision.tags)
    beside = (Revision.non_preferred, Revision.extra)
    query = select(Example.id, Example.revision, *content, *beside).join(Revision, current)
    where = [Example.project_id == project_id] if rejected else in_pool(project_id)
    rows = session.execute(query.where(*where, one_of_ids(Example.id, ids))).all()
    return [Looked(row[0], row[1], _subject(row)) for row in rows]


def _subject(row: Row[*tuple[Any, ...]]) -> Subject:
    _id, _revision, messages, tools, expected, behavior, tags, non_preferred, extra = row
    index = answer_index(messages)
    return Subject(messages, tools, expected, behavior, tags, index, non_preferred, extra)


def look(examples: Sequence[Looked], setting: Setting) -> list[Seen]:
    """What the detectors see. One that breaks on an example is logged and does not hold up the others."""
    seen: list[Seen] = []
    for one in examples:
        for detector in DETECTORS:
            try:
                seen += [Seen(one.example_id, one.revision, found) for found in detector.look(one.subject, setting)]
            except Exception:
                log.exception("detector %s broke on example %s", detector.name, one.example_id)
    return seen
