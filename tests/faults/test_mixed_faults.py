"""The short form of the experiment; the long one is ``python -m tests.faults.mixed_faults``."""

from tests.faults.mixed_faults import KINDS, experiment


def test_a_fifth_of_faulty_cases_end_typed_and_cost_what_was_billed() -> None:
    found = experiment(120, at_a_time=16)
    assert found.wrong == []
    assert sum(found.ended.values()) == 120
    assert found.ended["complete"] == 96 + 24 // len(KINDS) * KINDS.index("500")  # what is tried again is answered
    assert found.ended["truncated"] == 24 // len(KINDS) * 2
    assert found.ledger == found.journal > 0
