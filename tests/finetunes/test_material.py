"""What is trained on and validated with: pairs, what is held back, and that no other byte leaves."""

import hashlib
import json

import pytest
from sqlalchemy import text

from app.core.errors import Conflict, Invalid
from app.datasets import versions
from app.examples.forms import ExampleFilter
from app.finetunes import preflight
from app.finetunes.forms import NewFineTune
from app.finetunes.material.models import Validation
from app.finetunes.material.rules import held_back
from tests.examples.factories import add, chat
from tests.factories import Factory
from tests.finetunes.conftest import Begin
from tests.finetunes.factories import Ready, ready
from tests.finetunes.test_launching import work

NOWHERE = "http://127.0.0.1:9/v1"


def pairs(at: Ready, count: int = 12) -> None:
    """A version of pairs alone becomes the one that is launched."""
    for number in range(count):
        row = chat(request=f"pair {number}", answer="better")
        add(
            at.session,
            at.project,
            at.user,
            "approved",
            **row,
            non_preferred_output=[{"role": "assistant", "content": "worse"}],
            tags=["pair"],
        )
    at.version = versions.freeze(at.session, at.user, at.project, "Pairs", ExampleFilter(tag="pair"))
    at.session.commit()


def test_whole_groups_are_held_back_and_never_all() -> None:
    keys = [f"group:{n // 5}" for n in range(50)]
    back = held_back(keys, 0.2)
    assert sum(key in back for key in keys) == 10
    assert held_back(keys, 0.2) == back
    assert held_back(["one"] * 9, 0.5) == frozenset()
    assert len(held_back(["a"] * 9 + ["b"] * 2, 0.1)) == 1
    assert held_back(["a", "b"], 0.01) in (frozenset("a"), frozenset("b"))


def test_a_share_is_validated_with_and_not_trained_on(begin: Begin) -> None:
    at, tuning = begin()
    row = at.launch(validation_share=0.25)
    work(row.id)
    assert at.seen(row).status == "succeeded", row.error
    (body,) = tuning.bodies
    trained, validated = (tuning.contents[body[name]] for name in ("training_file", "validation_file"))
    assert len(validated.splitlines()) == 4
    both = set(trained.splitlines()) | set(validated.splitlines())
    assert len(both) == at.version.size == 14
    kept = at.session.get_one(Validation, row.id)
    assert (kept.rows, kept.share, kept.provider_file_id) == (4, 0.25, body["validation_file"])
    assert hashlib.sha256(validated).hexdigest() == kept.sha256
    assert hashlib.sha256(trained).hexdigest() == row.export_sha256 != at.version.content_hash
    assert "hashed" not in (row.error or "")


def test_another_version_is_validated_with(begin: Begin) -> None:
    at, tuning = begin()
    first = at.version
    pairs(at, 3)
    row = at.launch(dataset_version_id=first.id, validation_version_id=at.version.id)
    work(row.id)
    (body,) = tuning.bodies
    assert len(tuning.contents[body["validation_file"]].splitlines()) == 3
    assert hashlib.sha256(tuning.contents[body["training_file"]]).hexdigest() == first.content_hash


def test_pairs_are_trained_on_as_pairs(begin: Begin) -> None:
    at, tuning = begin()
    pairs(at)
    row = at.launch(objective="dpo", hyperparameters={"beta": 0.3})
    work(row.id)
    assert at.seen(row).status == "succeeded", row.error
    (body,) = tuning.bodies
    assert body["method"] == {"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.3}}}
    lines = [json.loads(line) for line in tuning.contents[body["training_file"]].splitlines()]
    assert len(lines) == 12
    assert lines[0]["preferred_output"] == [{"role": "assistant", "content": "better"}]
    assert lines[0]["non_preferred_output"] == [{"role": "assistant", "content": "worse"}]


def test_a_changed_answer_that_was_not_preferred_blocks(factory: Factory, database_url: str) -> None:
    at = ready(factory, NOWHERE, "local_engine")
    pairs(at)
    import psycopg

    with psycopg.connect(database_url) as connection:
        connection.execute("alter table revisions disable trigger user")
        connection.execute(
            "update revisions set non_preferred = jsonb_set(non_preferred, '{0,content}', '\"other\"') "
            "where non_preferred is not null"
        )
    with pytest.raises(Conflict, match="not those that were frozen"):
        at.launch(objective="dpo", override_reason="we know")


def test_changed_validation_bytes_are_never_uploaded(begin: Begin) -> None:
    at, tuning = begin()
    row = at.launch(validation_share=0.25)
    at.session.execute(text("update fine_tune_validations set sha256 = repeat('0', 64)"))
    at.session.commit()
    work(row.id)
    assert "The validation bytes are not those" in (at.seen(row).error or "")
    assert tuning.count("POST /files") == 1
    assert tuning.jobs == {}


def test_a_validation_that_is_trained_on_too_warns(factory: Factory) -> None:
    at = ready(factory, NOWHERE, "local_engine")
    first = at.version
    at.version = versions.freeze(at.session, at.user, at.project, "Again", ExampleFilter())
    at.session.commit()
    found = preflight.check(at.session, at.project, NewFineTune(**at.body(validation_version_id=first.id)))
    (warning,) = [one for one in found.warnings if one.key == "validation"]
    assert "14 prompts of the validation version v1 are trained on too" in warning.sentence
    share = preflight.check(at.session, at.project, NewFineTune(**at.body(validation_share=0.25)))
    assert "4 examples of v2 are held back" in next(one for one in share.passed if one.key == "validation").sentence
    with pytest.raises(Invalid, match="not both"):
        at.launch(validation_version_id=first.id, validation_share=0.1)


def test_a_validation_that_holds_a_case_blocks_and_no_reason_lifts_it(factory: Factory, database_url: str) -> None:
    import psycopg

    from app.examples.rules import fingerprint_unit

    at = ready(factory, NOWHERE, "local_engine")
    first = at.version
    pairs(at, 3)
    unit = fingerprint_unit([{"role": "user", "content": "question 3"}, {"role": "assistant", "content": "-"}])
    with psycopg.connect(database_url) as connection:
        for key in ("fingerprint_split", "group_split"):
            connection.execute(f"alter table dataset_version_items drop constraint fk_dataset_version_items_{key}")
        connection.execute("update split_assignments set split = 'test' where unit = %s", (unit,))
    at.session.expire_all()
    found = preflight.check(at.session, at.project, NewFineTune(**at.body(validation_version_id=first.id)))
    assert [(one.key, one.can_override) for one in found.blockers] == [("validation_leakage", False)]
    with pytest.raises(Conflict, match="Validation: 1 prompt of version v1 is held out"):
        at.launch(validation_version_id=first.id, override_reason="we know")
