"""Learning curves and sweeps: divided once, a few at a time, within the budget, measured on what was held back."""

import asyncio
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.annotation.assist import runner as batches
from app.core.errors import Conflict, Invalid
from app.datasets import parting
from app.datasets.models import DatasetVersion, DatasetVersionItem
from app.finetunes.development import results as development
from app.finetunes.models import FineTune
from app.finetunes.series import queries, rules, service
from app.finetunes.series.forms import NewSeries
from app.finetunes.series.models import FineTuneSeries
from app.finetunes.series.rules import Contender, Measured
from tests.doubles.fine_tuning import Script
from tests.factories import Factory
from tests.finetunes.conftest import Begin
from tests.finetunes.factories import Ready
from tests.finetunes.test_launching import work


def wanted(at: Ready, **changes: Any) -> NewSeries:
    return NewSeries.model_validate({"purpose": "learning_curve", "shares": [0.5, 1.0]} | at.body() | changes)


def begun(at: Ready, **changes: Any) -> FineTuneSeries:
    found = service.start(at.session, at.access, wanted(at, **changes))
    at.session.commit()
    return found


def tunes(at: Ready, found: FineTuneSeries) -> list[FineTune]:
    at.session.rollback()
    at.session.expire_all()
    return [tune for _member, tune, _version in queries.members(at.session, found.id)]


def started(at: Ready, found: FineTuneSeries) -> list[bool]:
    at.session.rollback()
    at.session.expire_all()
    return [member.started_at is not None for member, _tune, _version in queries.members(at.session, found.id)]


def examples(at: Ready, version: DatasetVersion) -> set[str]:
    rows = at.session.query(DatasetVersionItem).filter_by(dataset_version_id=version.id)
    return {row.example_id for row in rows}


def test_clusters_stay_whole_and_larger_parts_contain_smaller_ones() -> None:
    clusters = [f"c{number // 3}" for number in range(90)]
    parts = parting.cut(clusters, 9, [0.25, 0.5, 1.0], seed=0)
    kept = [set(parts.training[share]) for share in (0.25, 0.5, 1.0)]
    assert kept[0] < kept[1] < kept[2]
    assert [len(one) for one in kept] == [21, 42, 81]
    assert len(parts.validation) == 9
    sides = [{clusters[place] for place in places} for places in (parts.validation, kept[2])]
    assert not sides[0] & sides[1]
    assert parting.cut(clusters, 9, [1.0], seed=1).validation != parts.validation


def test_a_learning_curve_trains_on_nested_parts_and_measures_each(begin: Begin) -> None:
    at, tuning = begin(Script(), examples=28)
    found = begun(at)
    rows = queries.members(at.session, found.id)
    small, large = (examples(at, version) for _member, _tune, version in rows)
    held = examples(at, at.session.get_one(DatasetVersion, found.development_version_id))
    assert (len(small), len(large), len(held)) == (12, 24, 6)
    assert small < large
    assert not held & large
    assert large | held == examples(at, at.version)
    for tune in tunes(at, found):
        work(tune.id)
    assert [tune.status for tune in tunes(at, found)] == ["succeeded", "succeeded"]
    assert sorted(len(content.splitlines()) for content in tuning.contents.values()) == [6, 6, 12, 24]
    measured = development.of(at.session, [tune.id for tune in tunes(at, found)])
    assert [one.batch.total for one in measured] == [6, 6]
    assert [member.problem for member, _tune, _version in queries.members(at.session, found.id)] == [None, None]


def test_a_few_at_a_time_and_cancelled_together(begin: Begin) -> None:
    at, tuning = begin(Script(), examples=28)
    found = begun(at, purpose="sweep", grid={"n_epochs": [1, 2], "learning_rate_multiplier": [0.5, 1.0]})
    assert started(at, found) == [True, True, False, False]
    first = tunes(at, found)[0]
    work(first.id)
    assert started(at, found) == [True, True, True, False]
    assert [tune.hyperparameters for tune in tunes(at, found)][:2] == [
        {"n_epochs": 1, "learning_rate_multiplier": 0.5},
        {"n_epochs": 1, "learning_rate_multiplier": 1.0},
    ]
    service.cancel(at.session, at.access, queries.series(at.session, at.project.id, found.id, lock=True))
    at.session.commit()
    for tune in tunes(at, found):
        work(tune.id)
    assert [tune.status for tune in tunes(at, found)] == ["succeeded", "cancelled", "cancelled", "cancelled"]
    assert len(tuning.jobs) == 1
    with pytest.raises(Conflict, match="ended already"):
        service.cancel(at.session, at.access, queries.series(at.session, at.project.id, found.id, lock=True))


def test_the_budget_is_held_while_it_runs(begin: Begin) -> None:
    at, tuning = begin(Script(), examples=28)
    with pytest.raises(Invalid, match="needs the price"):
        service.start(at.session, at.access, wanted(at, budget=1.0))
    at.session.rollback()
    with pytest.raises(Conflict, match="Over the budget"):
        service.start(at.session, at.access, wanted(at, budget=0.0001, training_price=8.0))
    at.session.rollback()
    grid = {"n_epochs": [1, 2, 3]}
    found = begun(at, purpose="sweep", grid=grid, budget=0.035, training_price=8.0)
    work(tunes(at, found)[0].id)  # 4,200 tokens, more than was reckoned
    assert [tune.status for tune in tunes(at, found)] == ["succeeded", "queued", "cancelled"]
    assert "has no room for the next one" in (at.session.get_one(FineTuneSeries, found.id).stopped or "")
    assert len(tuning.jobs) == 1


def test_pages_and_api_say_what_came_of_it(client: TestClient, factory: Factory, begin: Begin) -> None:
    at, _tuning = begin(Script(), examples=28)
    factory.sign_in(client, at.user)
    base = f"/p/{at.project.slug}/fine-tune-series"
    form = at.body() | {"purpose": "sweep", "n_epochs": "1, x", "held_back": "0.2", "override_reason": "kept"}
    refused = client.post(base, data=form)
    assert refused.status_code == 422
    assert 'href="#f-n_epochs"' in refused.text
    assert 'value="1, x"' in refused.text
    assert at.session.query(DatasetVersion).count() == 1  # nothing was divided for it
    made = client.post(base, data=form | {"n_epochs": "1, 2"})
    assert made.status_code == 303
    (found,) = at.session.query(FineTuneSeries).all()
    for tune in tunes(at, found):
        work(tune.id)
    for one in development.of(at.session, [tune.id for tune in tunes(at, found)]):
        at.session.rollback()
        asyncio.run(batches.run_batch(one.batch.id))  # the double answers no chats: all of them fail
    page = client.get(made.headers["location"]).text
    assert "epochs 2" in page
    assert "Launch with these settings" in page
    assert "Sweep" in client.get(base).text
    told = client.get(
        f"/api/v1/projects/{at.project.slug}/fine-tune-series/{found.id}", headers=factory.bearer(at.user)
    )
    assert [one["status"] for one in told.json()["fine_tunes"]] == ["succeeded", "succeeded"]
    assert told.json()["development_version_id"] == found.development_version_id


def passes(good: int, of: int) -> dict[str, bool]:
    return {str(number): number < good for number in range(of)}


@pytest.mark.parametrize(
    ("points", "word"),
    [
        ([Measured(100, passes(50, 200))], "unknown"),
        ([Measured(50, passes(50, 200)), Measured(100, passes(90, 200))], "likely"),
        ([Measured(50, passes(90, 200)), Measured(100, passes(50, 200))], "worse"),
        ([Measured(50, passes(7, 20)), Measured(100, passes(8, 20))], "cannot_tell"),
        ([Measured(50, passes(1_500, 2_000)), Measured(100, passes(1_502, 2_000))], "little"),
        # the doubling counts, not the last small step
        ([Measured(50, passes(50, 200)), Measured(75, passes(90, 200)), Measured(100, passes(90, 200))], "likely"),
        ([Measured(100, {"a": True}), Measured(200, {"b": True})], "unknown"),
    ],
)
def test_whether_more_examples_help(points: list[Measured], word: str) -> None:
    assert rules.outlook(points).word == word


def test_the_best_is_chosen_without_sealed_cases() -> None:
    assert rules.best([Contender("a", 0.5, 1.0), Contender("b", 0.7, 2.0)]) == "b"
    assert rules.best([Contender("a", 0.5, 1.0), Contender("b", 0.5, 0.9)]) == "b"
    assert rules.best([Contender("a", None, 1.0), Contender("b", None, 0.9)]) == "b"
    assert rules.best([Contender("a", None, None)]) is None
    assert rules.combinations({"n_epochs": [1, 2], "r": [], "learning_rate": [0.1]}) == [
        {"n_epochs": 1, "learning_rate": 0.1},
        {"n_epochs": 2, "learning_rate": 0.1},
    ]
    settings = rules.with_settings({"n_epochs": 3, "adapter": {"r": 8}}, {"learning_rate": 0.01})
    assert settings == {"n_epochs": 3, "adapter": {"r": 8, "learning_rate": 0.01}}
