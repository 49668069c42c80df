"""A person is erased everywhere: nothing names them afterwards, tombstones and scores stay, and only so."""

from dataclasses import dataclass

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import String, Text, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.accounts import queries as account_queries
from app.accounts import service as accounts
from app.accounts.audit import record
from app.accounts.models import User
from app.annotation.models import Annotation
from app.checks import remedies
from app.checks.forms import BulkDecision
from app.checks.scan import run_scan
from app.core.clock import utcnow
from app.core.errors import Conflict, Invalid
from app.datasets import service as datasets
from app.datasets import versions
from app.datasets.forms import NewTestSet
from app.datasets.models import DatasetVersion, TestCase, TestSet
from app.erasure import service
from app.erasure.forms import NewErasure, Person
from app.erasure.not_words import NOT_WORDS
from app.erasure.places import NOT_PERSONAL, PLACES
from app.evals.models import EvalRun, Output
from app.examples import service as examples
from app.examples.forms import ExampleFilter
from app.examples.models import Example, Import, ImportRejection
from app.models import metadata
from app.preferences.imported.models import ImportedPair
from app.preferences.judged.models import RoundJudge, RoundJudgement
from app.projects.access import Access
from app.projects.models import Project
from tests.factories import Factory
from tests.preferences.imported_factory import ImportRound, vote

MAIL = "marta.lind@fjell.example"
CAN_HOLD = (Text, String, JSONB, ARRAY, TSVECTOR)


@dataclass
class World:
    owner: User
    project: Project
    trained: Example
    other: Example
    sealed: TestSet
    version: DatasetVersion
    output: Output


@pytest.fixture
def world(session: Session, factory: Factory) -> World:
    """Marta stands in a frozen version, in a sealed case and what was answered to it, in notes and refused lines."""
    owner = factory.user("owner@example.com")
    project = factory.project(owner)
    trained = add_example(session, project, f"My address is {MAIL}", group="Marta-17")
    other = add_example(session, project, "How do I cancel?")
    tested = add_example(session, project, "Same customer, another question", group="Marta-18")
    upload = Import(project_id=project.id, file_name="a.csv", stored_name="x", format="csv", status="succeeded")
    session.add(upload)
    session.flush()
    session.add(ImportRejection(import_id=upload.id, line=1, reason="no answer", excerpt=f"{MAIL.upper()},,"))
    seconds = {"seconds": 3.0, "before": {"status": "to_review", "revision": 1}}
    said = {"project_id": project.id, "annotator_id": owner.id, "verdict": "approve", "revision": 1} | seconds
    session.add(Annotation(example_id=other.id, note=f"ask {MAIL}", **said))
    record(session, "rename", "example", other.id, actor_id=owner.id, project_id=project.id, name=MAIL)
    session.commit()
    may_be_trained_on(session, owner, project)
    version = versions.freeze(session, owner, project, "First", ExampleFilter(q=None, tag=None))
    session.commit()
    new = NewTestSet(name="Held out", kind="task")
    draft = datasets.draft(session, owner, project, new).test_set
    datasets.add_rows(session, draft, [case_row(tested, f"Write to {MAIL}, please: “{MAIL}”")])
    sealed = datasets.seal(session, owner, project.id, draft.id)
    output = answered(session, project, sealed, "We will.")
    session.commit()
    return World(owner, project, trained, other, sealed, version, output)


def may_be_trained_on(session: Session, owner: User, project: Project) -> None:
    """The address was found, and somebody has approved it for training."""
    run_scan(project.id)
    wanted = {"filter": {"kind": "sensitive"}, "action": "approve", "reason": "she asked us to", "expected_count": 1}
    access = Access(owner, project, "engineer")
    remedies.decide_all(session, access, BulkDecision.model_validate(wanted), utcnow())
    session.commit()


def add_example(session: Session, project: Project, asked: str, group: str | None = None) -> Example:
    turns = [{"role": "user", "content": asked}, {"role": "assistant", "content": "Fine."}]
    example = examples.add(session, None, project.id, {"messages": turns, "group": group}, status="approved")
    session.commit()
    return example


def case_row(example: Example, asked: str) -> dict[str, object]:
    row = datasets.case_row(
        [{"role": "user", "content": asked}], None, {"text": "Yes."}, "answer",
        example_id=None, tags=[], extra={}, fingerprint_unit="fp:asked of marta", group_unit="fp:asked of marta",
    )  # fmt: skip
    assert row is not None
    return row


def answered(session: Session, project: Project, sealed: TestSet, said: str) -> Output:
    from app.candidates.models import Candidate

    candidate = Candidate(project_id=project.id, name="base", model="m")
    session.add(candidate)
    session.flush()
    ids = {"project_id": project.id, "candidate_id": candidate.id, "test_set_id": sealed.id}
    run = EvalRun(
        **ids, graders=[], status="succeeded", total=1, done=1, metrics=[{"key": "task_accuracy", "value": 1}]
    )
    session.add(run)
    session.flush()
    case = session.scalars(select(TestCase).where(TestCase.test_set_id == sealed.id)).one()
    output = Output(run_id=run.id, case_id=case.id, status="complete", text=said, request_sha256=b"x")
    session.add(output)
    session.flush()
    return output


def erase(session: Session, world: World, **person: object) -> None:
    found = service.look(session, world.project, Person(**person))
    service.erase(
        session, world.owner, world.project, NewErasure(**person, reason="asked by post", expected_count=found.total)
    )
    session.commit()


def naming(session: Session, words: str) -> list[str]:
    """Tables in which a row says so, whatever the column."""
    return [
        name
        for name in metadata.tables
        if session.scalar(
            text(f"select exists (select from {name} t where t::text ilike :words)"), {"words": f"%{words}%"}
        )
    ]


def test_nothing_names_the_person_afterwards(session: Session, world: World) -> None:
    assert {"examples", "revisions", "test_cases", "annotations", "import_rejections", "audit_events"} <= set(
        naming(session, MAIL)
    )
    erase(session, world, identifiers=[MAIL], group="Marta-17")
    assert naming(session, MAIL) == []
    assert naming(session, "Marta-17") == []


def test_tombstones_scores_and_other_people_stay(session: Session, world: World) -> None:
    erase(session, world, identifiers=[MAIL])
    session.expire_all()
    case = session.scalars(select(TestCase).where(TestCase.test_set_id == world.sealed.id)).one()
    assert case.messages == [{"role": "user", "content": "[erased]"}]
    assert case.erasure_id is not None
    assert case.split == "test"
    erased = session.get_one(Output, world.output.id)
    assert (erased.text, erased.request_sha256) == ("[erased]", None)  # no later run takes it over
    run = session.scalars(select(EvalRun)).one()
    assert run.metrics == [{"key": "task_accuracy", "value": 1}]
    assert session.get_one(TestSet, world.sealed.id).content_hash == world.sealed.content_hash
    assert session.get_one(Example, world.other.id).request == "How do I cancel?"
    assert session.get_one(Example, world.trained.id).deleted_at is not None


def test_a_version_says_that_it_lost_rows(session: Session, world: World) -> None:
    erase(session, world, identifiers=[MAIL])
    version = session.get_one(DatasetVersion, world.version.id)
    assert not versions.verify_hash(session, version)
    assert versions.erased_rows(session, version) == 1
    with pytest.raises(Conflict, match="erased at a person's request"):
        versions.training_bytes(session, version)


def test_another_number_than_shown_is_refused(session: Session, world: World) -> None:
    with pytest.raises(Conflict, match="look again"):
        service.erase(
            session, world.owner, world.project, NewErasure(identifiers=[MAIL], reason="asked", expected_count=1)
        )
    session.rollback()
    assert "examples" in naming(session, MAIL)


@pytest.mark.parametrize("person", [{}, {"identifiers": ["abc"]}, {"identifiers": [" "]}])
def test_nobody_or_half_the_world_is_not_a_person(person: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"Name at least|4 to 200"):
        Person(**person)


def test_an_unknown_group_is_named(session: Session, world: World) -> None:
    with pytest.raises(Invalid, match="no group"):
        service.look(session, world.project, Person(group="nobody"))


def test_wildcards_and_quotes_are_just_characters(session: Session, world: World) -> None:
    quoted = add_example(session, world.project, 'Her name is "Åsa \\ Berg", she said')
    assert service.look(session, world.project, Person(identifiers=["%%%%"])).total == 0
    found = service.look(session, world.project, Person(identifiers=['"Åsa \\ Berg"']))
    assert found.rows["examples"] == [quoted.id]


def test_another_project_keeps_its_rows(session: Session, world: World, factory: Factory) -> None:
    theirs = add_example(session, factory.project(), f"Also {MAIL}")
    erase(session, world, identifiers=[MAIL])
    session.expire_all()
    assert MAIL in session.get_one(Example, theirs.id).request


@pytest.mark.parametrize(
    "statement",
    [
        "update test_cases set messages = '[]' where id is not null",
        "update revisions set reason = 'x' where id is not null",
        "update dataset_version_items set position = position + 100",
        "update audit_events set detail = '{}'",
        "select erase_rows(gen_random_uuid(), 'revisions', array(select id::text from revisions))",
        "select erase_group(gen_random_uuid(), (select id from projects), 'group:Marta-17', 'group:erased-1')",
    ],
)
def test_the_running_role_cannot_use_the_way_through(session: Session, world: World, statement: str) -> None:
    session.execute(select(func.set_config("holdout.erasing", "on", True)))
    with pytest.raises(DBAPIError):
        session.execute(text(statement))
    session.rollback()


def test_a_finished_erasure_erases_no_more(session: Session, world: World) -> None:
    erase(session, world, identifiers=[MAIL])
    with pytest.raises(DBAPIError, match="no such erasure"):
        session.execute(text("select erase_rows((select id from erasures), 'revisions', array[]::text[])"))
    session.rollback()


def test_every_table_is_accounted_for() -> None:
    erased = {place.table for place in PLACES}
    unknown = [name for name in metadata.tables if name not in erased and name not in NOT_PERSONAL]
    assert unknown == ["erasures"]
    missing = [name for name in [*erased, *NOT_PERSONAL] if name not in metadata.tables]
    assert missing == []


def test_every_column_that_can_hold_words_is_accounted_for() -> None:
    """A new one in a table that is erased must be asked for the person, or be said to hold no words."""
    for place in PLACES:
        can = {column.name for column in metadata.tables[place.table].columns if isinstance(column.type, CAN_HOLD)}
        said = [*place.texts, *NOT_WORDS.get(place.table, "").split()]
        assert sorted(can) == sorted(said), place.table
    assert NOT_WORDS.keys() <= {place.table for place in PLACES}


def test_what_a_place_asks_for_it_erases_or_the_database_does() -> None:
    """None of the texts stays as it was: a SET names each, an empty one deletes the row, None is the function's."""
    for place in PLACES:
        if place.erase:
            assert [name for name in place.texts if f"{name} = " not in place.erase] == [], place.table


def test_the_tags_of_an_import_are_asked_too(session: Session, world: World) -> None:
    fields = {"file_name": "b.csv", "stored_name": "y", "format": "csv", "status": "succeeded"}
    session.add(Import(project_id=world.project.id, tags=["from Marta Lind"], **fields))
    session.commit()
    erase(session, world, identifiers=["Marta Lind"])
    assert naming(session, "Marta Lind") == []


def test_look_then_erase_in_the_browser(session: Session, world: World, factory: Factory, client: TestClient) -> None:
    base = f"/p/{world.project.slug}/erasures"
    factory.sign_in(client, world.owner)
    seen = client.post(f"{base}/look", data={"identifiers": MAIL})
    assert seen.status_code == 200
    assert "test cases, sealed ones included" in seen.text
    total = service.look(session, world.project, Person(identifiers=[MAIL])).total
    wrong = client.post(base, data={"identifiers": MAIL, "reason": "asked", "expected_count": "1"})
    assert wrong.status_code == 409
    assert MAIL in wrong.text
    done = client.post(base, data={"identifiers": MAIL, "reason": "asked", "expected_count": str(total)})
    assert done.status_code == 303
    session.rollback()
    assert naming(session, MAIL) == []
    assert "asked" in client.get(base).text


def test_only_admins_erase(world: World, factory: Factory, client: TestClient) -> None:
    factory.sign_in(client, factory.member(world.project, "engineer"))
    assert client.get(f"/p/{world.project.slug}/erasures").status_code == 403
    assert client.post(f"/p/{world.project.slug}/erasures/look", data={"identifiers": MAIL}).status_code == 403


def test_an_account_is_erased_and_what_it_did_stays(session: Session, world: World, factory: Factory) -> None:
    admin = factory.user("admin@example.com", is_instance_admin=True)
    with pytest.raises(Conflict, match="last instance admin"):
        accounts.erase_account(session, admin)
    token = factory.token(world.owner)
    accounts.erase_account(session, world.owner)
    session.commit()
    assert naming(session, "owner@example.com") == []
    assert account_queries.token_of(session, token) is None
    assert session.scalars(select(Annotation)).one().annotator_id == world.owner.id


def judged_by_a_model(session: Session, round_id: str, prompt: str, reason: str) -> RoundJudgement:
    judge = RoundJudge(round_id=round_id, grader={}, status="succeeded", total=2)
    session.add(judge)
    session.flush()
    asked = ImportedPair.prompt[0]["content"].astext == prompt
    pair = session.scalars(select(ImportedPair).where(ImportedPair.round_id == round_id, asked)).one()
    said = RoundJudgement(
        judge_id=judge.id, imported_pair_id=pair.id, turn="ab", status="given", label="A", reason=reason
    )
    session.add(said)
    session.commit()
    return said


def test_imported_votes_lose_the_person_and_keep_what_they_show(
    session: Session, world: World, factory: Factory, client: TestClient
) -> None:
    """Reviewer, reasons and outputs; what was kept of the results is worked out again without the name."""
    round_ = ImportRound(client, factory, world.project, world.owner)
    cast = [
        vote(prompt=f"Question {number}?", winner="ab"[number % 2], reviewer=who, rationale=f"{who} says so")
        for number in range(6)
        for who in ("Marta Lind", "Ana")
    ]
    written = vote(prompt="Where?", reviewer="Ana", output_a=f"Write to {MAIL}", output_b="Write to us")
    assert round_.send(*cast, written).json()["votes"] == 13
    before = round_.results()
    judgement = judged_by_a_model(session, round_.id, "Where?", "One gives an address.")
    assert {"imported_votes", "preference_results"} <= {*naming(session, "Marta Lind")}
    assert "imported_pairs" in naming(session, MAIL)
    erase(session, world, identifiers=["Marta Lind"])
    told = round_.get("results").json()
    assert "Marta Lind" not in str(told)
    assert "Ana" in {one["name"] for one in told["reviewers"]}
    erase(session, world, identifiers=[MAIL])
    assert naming(session, MAIL) == naming(session, "Marta Lind") == []
    session.refresh(judgement)
    assert judgement.reason == "[erased]"  # it does not name the person: it speaks of the pair that did
    after = round_.get("results").json()
    for figure in ("votes", "majority", "disagreements"):
        assert after[figure] == told[figure] == before[figure]
    assert after["win_rates"][0]["rate"] == before["win_rates"][0]["rate"]
    assert after["agreement"]["percent"] == before["agreement"]["percent"]
