"""``holdout gate`` gives the page's verdict, and CI its exit code."""

import json

import pytest
from fastapi.testclient import TestClient

from app.cli.gate import gate
from app.core.errors import NotFound
from tests.decisions.factories import ACCURACY, REFUSALS, Desk
from tests.factories import Factory


@pytest.fixture
def desk(client: TestClient, factory: Factory) -> Desk:
    return Desk(client, factory)


def test_ship_is_exit_0_and_the_json_is_the_apis(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.set_gates(ACCURACY)
    desk.measure()
    assert gate(desk.project.slug, "Tuned", "Base", ["Held out"], as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == desk.verdict()


def test_a_regression_is_exit_1(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.set_gates(ACCURACY, REFUSALS)
    desk.measure(refused=(range(90), range(64)))
    assert gate(desk.project.slug, None, None, [], as_json=False) == 1
    said = capsys.readouterr().out
    assert said.splitlines()[0] == "Don't ship: Tuned against Base"
    assert "FAIL  Refusal correctness not worse by more than 3 points" in said


def test_not_enough_evidence_is_exit_3(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.measure()
    assert gate(desk.project.slug, desk.tuned.id, desk.base.id, [desk.test_set.id], as_json=False) == 3
    assert "these are the suggested ones" in capsys.readouterr().out


@pytest.mark.parametrize("names", [("Nobody", "Base", "Held out"), ("Tuned", "Base", "Elsewhere")])
def test_unknown_names_are_named(desk: Desk, names: tuple[str, str, str]) -> None:
    desk.measure()
    with pytest.raises(NotFound, match=r"Nobody|Elsewhere"):
        gate(desk.project.slug, names[0], names[1], [names[2]], as_json=True)
