"""The look at what is about to be frozen. Scans follow changes by seconds or minutes: nothing must slip in between.

Only what a version would take is looked at, each example alone; comparing with the others is left to the scan, because
nothing that it finds keeps an example out which the plan does not keep out by itself.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.checks import look as looking
from app.checks import scan_queries
from app.checks.detectors.sensitive import names
from app.checks.models import ScanMark
from app.checks.reconcile import lock, reconcile
from app.core.clock import utcnow
from app.core.errors import Conflict
from app.datasets.plan_queries import PLAN
from app.examples.models import Revision
from app.projects.models import Project

AT_ONCE = 1_000  # a few seconds of detectors on a busy machine; more are left to the scan
READ = ("messages", "tools", "expected", "non_preferred", "extra")  # where secrets are looked for
AT_ONCE_WITH_NAMES = 100  # the model that finds people's names reads 10 to 40 a second


def look(session: Session, project: Project) -> int:
    """Look at what the plan takes in a revision that nobody looked at; answers how many. Raises Conflict for many."""
    missing = session.scalar(_unseen(func.count())) or 0
    if missing > (AT_ONCE_WITH_NAMES if names.available() else AT_ONCE):
        raise Conflict(
            f"{missing:,} of the examples have not been looked at by the checks yet, so secrets and personal data "
            "would be overlooked. Try again when the scan has ended. The page Checks shows how far it is, and starts "
            "one if none is running."
        )
    if missing:
        _look_at(session, project, session.scalars(_unseen(PLAN.c.example_id)).all())
    return missing


def _unseen(what: Any) -> Select[Any]:
    """Never looked at, or in a revision that said something else than what is frozen: a tag makes a revision, too."""
    seen, now = aliased(Revision), aliased(Revision)
    same = [getattr(now, name).is_not_distinct_from(getattr(seen, name)) for name in READ]
    said = and_(seen.example_id == ScanMark.example_id, seen.number == ScanMark.revision)
    as_before = select(seen.id).join(now, now.id == PLAN.c.revision_id).where(said, *same)
    query = select(what).select_from(PLAN).outerjoin(ScanMark, ScanMark.example_id == PLAN.c.example_id)
    moved = and_(ScanMark.revision != PLAN.c.revision, ~as_before.correlate(PLAN, ScanMark).exists())
    return query.where(PLAN.c.reason.is_(None), or_(ScanMark.example_id.is_(None), moved))


def _look_at(session: Session, project: Project, ids: Sequence[str]) -> None:
    lock(session, project.id)
    setting = looking.setting_of(session, project)
    examples = looking.read(session, project.id, ids, rejected=True)  # a filter may want just these
    seen = looking.look(examples, setting)
    reconcile(session, project.id, [one.example_id for one in examples], looking.KINDS, seen, utcnow())
    scan_queries.mark(session, project.id, examples, looking.stamp(setting))
