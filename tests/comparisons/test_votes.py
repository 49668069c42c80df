"""Human preference in a comparison is what the round's own results say."""

import pytest
from fastapi.testclient import TestClient

from app.comparisons import votes
from app.comparisons.choice import RunPair
from app.evals.models import EvalRun, Output
from tests.factories import Factory
from tests.preferences.opened import Opened


def test_votes_on_one_case_are_one_piece_of_evidence_here_as_there(client: TestClient, factory: Factory) -> None:
    opened = Opened(client, factory, cases=12, repeat_fraction=0.2)
    opened.vote_all(opened.voters[0], "Text 1")
    opened.vote_all(opened.voters[1], "Text 0")
    base = f"{opened.base}/{opened.round}"
    client.post(f"{base}/close", headers=opened.engineer)
    (told,) = client.get(f"{base}/results", headers=opened.engineer).json()["win_rates"]
    first, second = opened.measured.runs
    one = [RunPair(opened.measured.test_set, first, second)]
    found = votes.preference(factory.session, opened.project.id, one)
    assert found is not None
    rest, rate, net = found
    assert (rate.value, rate.low, rate.high, rate.n) == tuple(
        told["rate"][key] for key in ("value", "low", "high", "n")
    )
    assert rest.value == pytest.approx(1 - told["rate"]["value"])
    assert net.p_value == told["p_value"]


def test_several_pairs_of_one_case_are_drawn_together(client: TestClient, factory: Factory) -> None:
    """Two runs of the candidate beside one of the baseline: twelve cases are twelve, not twenty-four."""
    opened = Opened(client, factory, cases=12)
    session = factory.session
    first, second = opened.measured.runs
    again = EvalRun(
        project_id=opened.project.id, candidate_id=second.candidate_id, test_set_id=opened.measured.test_set.id,
        graders=[], status="succeeded", total=12, done=12,
    )  # fmt: skip
    session.add(again)
    session.flush()
    for case in opened.measured.cases:
        text = f"Text 1 again for {case.position}"
        session.add(Output(run_id=again.id, case_id=case.id, status="complete", text=text, latency_ms=1.0))
    session.commit()
    runs = [first, second, again]
    body = opened.body(run_ids=[run.id for run in runs])
    opened.round = client.post(opened.base, json=body, headers=opened.engineer).json()["id"]
    for voter in opened.voters:
        opened.vote_all(voter, "Text 1")
    client.post(f"{opened.base}/{opened.round}/close", headers=opened.engineer)
    pairs = [RunPair(opened.measured.test_set, runs[0], run) for run in runs[1:]]
    found = votes.preference(session, opened.project.id, pairs)
    assert found is not None
    assert found[2].p_value == pytest.approx(2 * 0.5**12)
