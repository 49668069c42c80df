"""What blocks a launch, what a reason lifts, and what nothing lifts."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from app.candidates.models import Baseline
from app.core.errors import Conflict
from app.datasets.models import DatasetVersion
from app.evals.models import EvalRun
from app.examples.models import Revision, SplitAssignment
from app.examples.rules import fingerprint_unit
from app.finetunes import preflight
from app.finetunes.forms import NewFineTune
from app.finetunes.models import FineTune
from tests.factories import Factory
from tests.finetunes.factories import BASE, Ready, ready

NOWHERE = "http://127.0.0.1:9/v1"


@pytest.fixture
def launchable(factory: Factory) -> Ready:
    return ready(factory, NOWHERE, "local_engine")


def look(at: Ready, **changes: Any) -> preflight.Preflight:
    at.session.expire_all()
    return preflight.check(at.session, at.project, NewFineTune(**at.body(**changes)))


def keys(remarks: Any) -> list[str]:
    return [remark.key for remark in remarks]


def as_owner(session: Session, database_url: str, *statements: str) -> None:
    """Changes that the running role may not make."""
    import psycopg

    session.commit()
    with psycopg.connect(database_url) as connection:
        for statement in statements:
            connection.execute(statement)


def test_nothing_stands_in_the_way(launchable: Ready) -> None:
    found = look(launchable)
    assert keys(found.blockers) == []
    assert keys(found.passed) == ["leakage", "test_set", "baseline"]
    # no scan has run, nothing is signed; 14 examples of the 200 to 1,000 for classification; meanings were not compared
    assert keys(found.warnings) == ["checklist", "size", "semantic"]
    assert found.warnings[0].link.endswith("/checklist")
    assert found.scan.sha256 == launchable.version.content_hash
    assert (found.estimate.examples, found.estimate.epochs, found.estimate.steps) == (14, 4, 16)
    assert found.estimate.cost == 0.0
    assert found.estimate.seconds is None


def test_no_sealed_set(launchable: Ready, database_url: str) -> None:
    off = "alter table test_sets disable trigger user"
    as_owner(launchable.session, database_url, off, "update test_sets set sealed_at = null, content_hash = null")
    found = look(launchable)
    assert keys(found.blockers) == ["test_set", "baseline"]
    assert all(blocker.can_override for blocker in found.blockers)
    assert found.blockers[0].link.endswith("/test-sets")


def test_no_baseline_chosen(launchable: Ready) -> None:
    launchable.session.query(Baseline).delete()
    launchable.session.commit()
    (blocker,) = look(launchable).blockers
    assert "No baseline is chosen" in blocker.sentence


def test_the_baseline_must_be_the_model_that_is_tuned(launchable: Ready) -> None:
    (blocker,) = look(launchable, base_model="another").blockers
    assert blocker.sentence.startswith(f"The baseline “Base” is {BASE}, and this would tune another")


@pytest.mark.parametrize(("status", "says"), [("failed", "no complete run"), ("running", "is being measured")])
def test_the_baseline_must_be_measured(launchable: Ready, status: str, says: str) -> None:
    launchable.session.execute(update(EvalRun).values(status=status))
    launchable.session.commit()
    (blocker,) = look(launchable).blockers
    assert says in blocker.sentence
    assert "/runs" in blocker.link


def test_a_run_of_another_candidate_does_not_count(launchable: Ready) -> None:
    from app.candidates.models import Candidate

    other = Candidate(project_id=launchable.project.id, name="Other", provider_id=launchable.provider.id, model=BASE)
    launchable.session.add(other)
    launchable.session.flush()
    launchable.session.add(Baseline(project_id=launchable.project.id, candidate_id=other.id))
    launchable.session.commit()
    assert keys(look(launchable).blockers) == ["baseline"]


def test_a_budget_that_is_exceeded(launchable: Ready) -> None:
    (blocker,) = look(launchable, training_price=1_000.0, budget=0.01).blockers
    assert blocker.key == "budget"
    assert blocker.can_override
    assert "budget" in keys(look(launchable, training_price=1_000.0, budget=1e6).passed)


def test_a_price_that_is_not_known_warns(factory: Factory) -> None:
    hosted = ready(factory, NOWHERE)
    found = look(hosted, budget=1.0)
    assert keys(found.blockers) == []
    (warning,) = [w for w in found.warnings if w.key == "price_unknown"]
    assert "The budget cannot be checked." in warning.sentence


def test_few_examples_and_a_twin_warn(factory: Factory) -> None:
    small = ready(factory, NOWHERE, "local_engine", examples=1)
    small.launch()
    assert keys(look(small).warnings) == ["checklist", "few_examples", "size", "already_running", "semantic"]


def test_a_changed_version_blocks_and_no_reason_lifts_it(launchable: Ready, database_url: str) -> None:
    changed = "update revisions set messages = jsonb_set(messages, '{2,content}', '\"no\"') where number = 1"
    as_owner(launchable.session, database_url, "alter table revisions disable trigger user", changed)
    (blocker,) = look(launchable).blockers
    assert (blocker.key, blocker.can_override) == ("version_changed", False)
    with pytest.raises(Conflict, match="not those that were frozen"):
        launchable.launch(override_reason="we know")


def test_a_leak_in_the_exact_bytes_blocks_and_no_reason_lifts_it(launchable: Ready, database_url: str) -> None:
    """The database keeps units apart; a version from before it did (a restored backup) is still seen through."""
    unit = fingerprint_unit([{"role": "user", "content": "question 3"}, {"role": "assistant", "content": "-"}])
    held = f"update split_assignments set split = 'test' where unit = '{unit}'"
    keys_of = "alter table dataset_version_items drop constraint fk_dataset_version_items_"
    as_owner(launchable.session, database_url, f"{keys_of}fingerprint_split", f"{keys_of}group_split", held)
    (blocker,) = look(launchable).blockers
    assert (blocker.key, blocker.can_override) == ("leakage", False)
    assert "1 prompt of version v1 is held out for testing (line 4)" in blocker.sentence
    with pytest.raises(Conflict, match="held out for testing"):
        launchable.launch(override_reason="we know")
    assert launchable.session.query(FineTune).count() == 0


def test_an_earlier_turn_of_a_conversation_leaks_too(factory: Factory) -> None:
    from app.datasets import versions
    from app.examples.forms import ExampleFilter
    from tests.examples.factories import add

    at = ready(factory, NOWHERE, "local_engine")
    turns = [
        {"role": "user", "content": "Held out 0!"},
        {"role": "assistant", "content": "no"},
        {"role": "user", "content": "And then?"},
        {"role": "assistant", "content": "Nothing."},
    ]
    add(at.session, at.project, at.user, "approved", messages=turns)
    at.version = versions.freeze(at.session, at.user, at.project, "Second", ExampleFilter())
    at.session.commit()
    assert keys(look(at).blockers) == ["leakage"]
    assert at.session.query(Revision).count() == at.session.query(SplitAssignment).count()


def test_a_near_duplicate_of_a_case_in_an_earlier_turn_leaks_too(factory: Factory) -> None:
    from app.datasets import service, versions
    from app.datasets.forms import NewTestSet
    from app.examples.forms import ExampleFilter
    from tests.examples.factories import add

    at = ready(factory, NOWHERE, "local_engine")
    asked = "How do I change the address on my last invoice?"
    case = add(at.session, at.project, at.user, "approved", request=asked, answer="In settings.")
    made = service.draft(at.session, at.user, at.project, NewTestSet(name="Near", example_ids=[case.id])).test_set
    service.seal(at.session, at.user, at.project.id, made.id)
    turns = [
        {"role": "user", "content": "Hi team, how do I change the address on my last invoice?"},
        {"role": "assistant", "content": "In settings."},
        {"role": "user", "content": "And then?"},
        {"role": "assistant", "content": "Nothing."},
    ]
    add(at.session, at.project, at.user, "approved", messages=turns)
    at.version = versions.freeze(at.session, at.user, at.project, "Second", ExampleFilter())
    at.session.commit()
    (blocker,) = look(at).blockers
    assert (blocker.key, blocker.can_override) == ("leakage", False)
    assert "and case 1 of “Near” are" in blocker.sentence


def test_a_reason_lifts_what_may_be_lifted_and_stays(launchable: Ready) -> None:
    launchable.session.query(Baseline).delete()
    launchable.session.commit()
    with pytest.raises(Conflict, match="No baseline is chosen"):
        launchable.launch()
    row = launchable.launch(override_reason="A rehearsal")
    assert row.override_reason == "A rehearsal"
    line = launchable.session.execute(text("select detail from audit_events where action = 'launch'")).scalar_one()
    assert line["overridden"] == ["baseline"]
    assert line["reason"] == "A rehearsal"


def test_a_reason_without_a_blocker_is_not_kept(launchable: Ready) -> None:
    assert launchable.launch(override_reason="just so").override_reason is None


def test_the_estimate_learns_from_earlier_runs(launchable: Ready) -> None:
    plain = look(launchable).estimate
    row = launchable.launch()
    launchable.session.execute(
        text(
            "update fine_tunes set status = 'succeeded', trained_tokens = :tokens, started_at = now(), "
            "finished_at = now() + interval '10 seconds'"
        ),
        {"tokens": plain.plain_tokens * 2},
    )
    launchable.session.commit()
    found = look(launchable).estimate
    assert found.tokens == pytest.approx(plain.plain_tokens * 2, rel=0.01)
    assert found.seconds == pytest.approx(10, rel=0.01)
    assert f"fine-tune {row.number}" in found.basis["seconds"]


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"method": "api"}, "method", "trains LoRA, QLoRA or full"),
        ({"objective": "dpo"}, "objective", "14 of 14 examples of v1 are none: #1 has no answer"),
        ({"validation_version_id": "nonsense"}, "validation_version_id", "frozen version"),
        ({"validation_share": 0.9}, "validation_share", "less than or equal to 0.5"),
        ({"hyperparameters": {"beta": 0.1}}, "hyperparameters.beta", "Only DPO has a beta"),
        ({"hyperparameters": {"early_stopping": 2}}, "hyperparameters.early_stopping", "hold a share back"),
        ({"dataset_version_id": "nonsense"}, "dataset_version_id", "frozen version"),
        ({"provider_id": "01a20afc-7b40-74f9-99da-faa9d6301750"}, "provider_id", "does not exist"),
        ({"hyperparameters": {"n_epochs": 0}}, "hyperparameters.n_epochs", "greater than or equal to 1"),
        ({"hyperparameters": {"n_epochs": "many"}}, "hyperparameters.n_epochs", "valid integer"),
        ({"hyperparameters": {"rank": 1}}, "hyperparameters.rank", "not permitted"),
        ({"hyperparameters": {"adapter": {"r": 9999}}}, "hyperparameters.adapter.r", "512"),
        ({"base_model": ""}, "base_model", "at least 1"),
        ({"budget": "NaN"}, "budget", "finite"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_field(
    client: TestClient, factory: Factory, launchable: Ready, changes: dict[str, Any], field: str, says: str
) -> None:
    url = f"/api/v1/projects/{launchable.project.slug}/fine-tunes"
    for path in (url, f"{url}/preflight"):
        answer = client.post(path, json=launchable.body(**changes), headers=factory.bearer(launchable.user))
        assert answer.status_code == 422, answer.text
        (error,) = answer.json()["errors"]
        assert error["loc"] == field
        assert says in error["msg"]


def test_of_another_project_nothing_can_be_trained(client: TestClient, factory: Factory, launchable: Ready) -> None:
    theirs = ready(factory, "http://127.0.0.1:8/v1")
    wanted = launchable.body(dataset_version_id=theirs.version.id)
    url = f"/api/v1/projects/{launchable.project.slug}/fine-tunes"
    answer = client.post(url, json=wanted, headers=factory.bearer(launchable.user))
    assert answer.status_code == 422
    assert launchable.session.query(DatasetVersion).count() == 2
