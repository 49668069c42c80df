"""Whether a version comes close in meaning to a sealed case: what was compared, what was not, and what is alike."""

import pytest
from sqlalchemy import select

from app.checks.semantic import model
from app.checks.semantic.models import SemanticPair, UnitEmbedding
from app.checks.semantic.sealed import likeness
from app.datasets.models import DatasetVersionItem, TestCase
from app.finetunes.cautions import semantic
from tests.factories import Factory
from tests.finetunes.factories import ready


def test_what_means_the_same_as_a_sealed_case_is_named_and_what_was_not_compared_counted(
    factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = ready(factory, "http://127.0.0.1:9/v1")
    monkeypatch.setattr(model, "available", lambda: True)
    found = likeness(at.session, at.project.id, at.version.id)
    assert (found.examples, found.unread) == (0, at.version.size + 2)
    case = at.session.scalars(select(TestCase).where(TestCase.test_set_id == at.test_set.id)).first()
    items = select(DatasetVersionItem).where(DatasetVersionItem.dataset_version_id == at.version.id)
    item = at.session.scalars(items).first()
    assert case is not None
    assert item is not None
    unit, other = sorted((case.fingerprint_unit, item.fingerprint_unit))
    at.session.add(SemanticPair(project_id=at.project.id, unit=unit, other=other, similarity=0.91))
    for one in (unit, other):
        row = UnitEmbedding(project_id=at.project.id, unit=one, model=model.NAME, vector=b"", compared=True)
        at.session.add(row)
    at.session.commit()
    found = likeness(at.session, at.project.id, at.version.id)
    assert (found.examples, found.position, found.case) == (1, item.position, case.position)
    assert (found.similarity, found.unread) == (0.91, at.version.size)
    remark = semantic(at.session, "/p/x", at.project.id, at.version)
    assert remark is not None
    assert "91% alike in meaning" in remark.sentence
