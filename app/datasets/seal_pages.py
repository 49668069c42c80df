"""What sealing would do, before it is done: what is held out, what leaves with it, and what stands in the way."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.datasets import queries, service
from app.datasets import split_queries as splits
from app.datasets.models import TestSet
from app.datasets.near import seal_queries
from app.datasets.near import service as near
from app.datasets.near.seal_queries import NearExample
from app.datasets.pages import CaseRow, SetRow, case_row, set_row
from app.projects.access import Access

SAMPLES = 20


@dataclass(frozen=True)
class SealPage:
    slug: str
    set: SetRow
    moved: int
    beside: int  # examples that leave the pool without being a case themselves
    quarantined: Sequence[tuple[CaseRow, int]]
    near: Sequence[NearExample]  # some of what leaves as a near-duplicate, the least alike first
    near_count: int
    unscanned: int  # prompts that were not compared with the cases yet
    can_wait: bool  # few enough that sealing compares them itself

    @property
    def title(self) -> str:
        return f"Seal “{self.set.name}”"


def seal_preview(session: Session, access: Access, test_set: TestSet) -> SealPage:
    plan = service.seal_plan(session, test_set)
    stuck = queries.cases_by_id(session, test_set.id, list(plan.quarantined))
    copies = splits.copied_examples(session, test_set.id)
    unscanned = near.unscanned(session, access.project.id)
    return SealPage(
        slug=access.project.slug,
        set=set_row(test_set),
        moved=plan.moved,
        beside=max(plan.moved - copies, 0),
        quarantined=[(case_row(case, number), plan.quarantined[case.id]) for case, number in stuck],
        near=seal_queries.near_examples(session, test_set.id, SAMPLES),
        near_count=seal_queries.count_near(session, test_set.id),
        unscanned=unscanned,
        can_wait=unscanned <= near.AT_ONCE,
    )
