"""People's names, where the optional model is installed."""

import pytest

from app.checks.detectors.base import Setting
from app.checks.detectors.registry import DETECTORS
from app.checks.detectors.sensitive import names
from tests.checks.detectors.samples import answered


def test_the_detector_is_there_where_its_model_is() -> None:
    assert ("names" in [detector.name for detector in DETECTORS]) == names.available()


@pytest.mark.skipif(not names.available(), reason="the model for names is not installed")
def test_names_are_found_and_masks_are_not() -> None:
    question = "My name is Maria Lindqvist and I wrote to [PERSON] about [EMAIL]."
    [found] = names.NAMES.look(answered("We will look into it.", question), Setting(goal="tone_style"))
    assert (question[found.start : found.stop], found.code) == ("Maria Lindqvist", "person")
    assert found.replacement == names.MASK
    assert list(names.find_names("Choose Settings > Billing > Invoices, then 3 x 4.")) == []
