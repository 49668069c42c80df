"""Import, edit, restore, promote, merge, delete, separate, draw, seal and freeze in any order: no prompt, no group and
no near-duplicate ever stands on both sides."""

from itertools import count
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.checks.forms import Decision
from app.checks.models import Finding
from app.checks.remedies import decide
from app.checks.scan import run_scan
from app.core.clock import utcnow
from app.core.errors import Conflict, Invalid, NotFound
from app.datasets import service, versions
from app.datasets.forms import NewTestSet
from app.datasets.near import service as near
from app.datasets.near.rules import prompt_of, similarities
from app.examples import queries as examples
from app.examples import service as example_service
from app.examples.batches import store
from app.examples.forms import ExampleFilter
from app.examples.models import Example, Import
from app.examples.rules import parse_example, prompt
from app.projects.access import Access
from tests.factories import Factory

ASKED = [
    "Refund?",
    "refund ?",
    "Who are you?",
    "How do I change the address on my last invoice?",
    "How do I change the address on my newest invoice?",  # a word from the one above
    "How do I change the address on their newest invoice?",  # a word from that, two from the first
    "Hi team, how do I change the address on my last invoice?",
    "On my last invoice, change the address, how do I?",
    "Where do I find the export of all my tickets?",
]
PROMPTS = st.sampled_from(ASKED)
GROUPS = st.sampled_from([None, None, "g", "h"])
_names = count()

BOTH_SIDES = text("""
select count(*) from dataset_version_items i join test_cases c on c.project_id = i.project_id and c.split = 'test'
where i.project_id = :p
  and (i.fingerprint_unit in (c.fingerprint_unit, c.group_unit) or i.group_unit in (c.fingerprint_unit, c.group_unit))
""")
CLUSTER_ON_BOTH_SIDES = text("""
select count(*) from dataset_version_items i
join split_assignments a on a.project_id = i.project_id and a.unit = i.fingerprint_unit
join split_assignments b on b.project_id = a.project_id and b.cluster = a.cluster
join test_cases c on c.project_id = b.project_id and c.fingerprint_unit = b.unit and c.split = 'test'
where i.project_id = :p
""")
TRAINED = text("""
select distinct r.fingerprint_unit, r.messages from dataset_version_items i join revisions r on r.id = i.revision_id
where i.project_id = :p
""")
SEALED = text("select fingerprint_unit, messages from test_cases where project_id = :p and split = 'test'")
APART = text("select unit, other from near_links where project_id = :p and separated_at is not null")
WRONG_SUMMARY = text("""
select count(*) from examples e where e.project_id = :p and e.split = 'train' and exists (
  select from split_assignments s where s.project_id = e.project_id and s.split = 'test'
    and s.unit in (e.fingerprint_unit, e.group_unit))
""")


class Sides(RuleBasedStateMachine):
    known: Any = Bundle("known")
    session: Session
    factory: Factory

    @initialize(target=known)
    def begin(self) -> Any:
        """Some that are near to each other stand there from the first step on: else few runs would ever have any."""
        self.user = self.factory.user()
        self.project = self.factory.project(self.user)
        return multiple(*(self._import(prompt, "Yes.", None) for prompt in ASKED[2:5]))

    @rule(target=known, prompt=PROMPTS, answer=st.sampled_from(["Yes.", "No."]), group=GROUPS)
    def bring_in(self, prompt: str, answer: str, group: str | None) -> str | None:
        return self._import(prompt, answer, group)

    def _import(self, prompt: str, answer: str, group: str | None) -> str | None:
        messages = [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
        source = Import(project_id=self.project.id, file_name="f", stored_name="s", format="openai_chat", tags=[])
        self.session.add(source)
        self.session.flush()
        store(self.session, source, [parse_example({"messages": messages, "group": group})])
        self.session.commit()
        return self.session.scalar(text("select id::text from examples where import_id = :i"), {"i": source.id})

    @rule(example_id=known, prompt=PROMPTS)
    def edit(self, example_id: str | None, prompt: str) -> None:
        def verb() -> None:
            example = examples.get(self.session, self.project.id, str(example_id))
            messages = [{"role": "user", "content": prompt}, {"role": "assistant", "content": "Edited."}]
            example_service.revise(self.session, self.user, example, example.revision, messages=messages)

        self._attempt(verb)

    @rule(example_id=known)
    def seal(self, example_id: str | None) -> None:
        if example_id is None:
            return

        def verb() -> None:
            new = NewTestSet(name=f"S{next(_names)}", example_ids=[example_id])
            made = service.draft(self.session, self.user, self.project, new)
            service.seal(self.session, self.user, self.project.id, made.test_set.id)

        self._attempt(verb)

    @rule(seed=st.integers(0, 3))
    def draw_and_seal(self, seed: int) -> None:
        def verb() -> None:
            new = NewTestSet(name=f"D{next(_names)}", fraction=0.3, seed=seed)
            made = service.draft(self.session, self.user, self.project, new)
            service.seal(self.session, self.user, self.project.id, made.test_set.id)

        self._attempt(verb)

    @rule(target=known)
    def promote(self) -> str | None:
        """What a model answered to a test prompt becomes an example."""
        row = self.session.execute(SEALED, {"p": self.project.id}).first()
        if row is None:
            return None
        messages = [*row.messages, {"role": "assistant", "content": f"Output {next(_names)}"}]
        made = example_service.add(self.session, self.user, self.project.id, {"messages": messages})
        self.session.commit()
        return made.id

    @rule(example_id=known, number=st.integers(1, 3))
    def restore(self, example_id: str | None, number: int) -> None:
        def verb() -> None:
            example = examples.get(self.session, self.project.id, str(example_id))
            example_service.restore(self.session, self.user, example, number, example.revision)

        self._attempt(verb)

    @rule(example_id=known)
    def delete_or_bring_back(self, example_id: str | None) -> None:
        flip = text("update examples set deleted_at = case when deleted_at is null then now() end where id = :e")
        self.session.execute(flip, {"e": example_id})
        self.session.commit()

    @rule()
    def scan(self) -> None:
        near.scan(self.project.id)

    @rule(which=st.integers(0, 5))
    def separate(self, which: int) -> None:
        found = near.pairs(self.session, self.project.id)
        if found:
            pair = found[which % len(found)]
            self._attempt(lambda: near.separate(self.session, self.user, self.project.id, pair.unit, pair.other))

    @rule(which=st.integers(0, 5))
    def merge(self, which: int) -> None:
        """Of a cluster of duplicates one stays, and takes the others' tags."""
        run_scan(self.project.id)
        kinds = ("exact_duplicate", "near_duplicate")
        mine = (Finding.project_id == self.project.id, Finding.kind.in_(kinds), Finding.state == "open")
        found = self.session.scalars(select(Finding).where(*mine).order_by(Finding.id)).all()
        if found:
            access = Access(self.user, self.project, "admin")
            chosen = found[which % len(found)]
            self._attempt(lambda: decide(self.session, access, chosen, Decision(action="keep_one"), utcnow()))

    @rule()
    def freeze(self) -> None:
        self.session.query(Example).filter_by(project_id=self.project.id).update({"status": "approved"})
        self._attempt(lambda: versions.freeze(self.session, self.user, self.project, "v", ExampleFilter()))

    @invariant()
    def nothing_on_both_sides(self) -> None:
        if hasattr(self, "project"):
            for question in (BOTH_SIDES, CLUSTER_ON_BOTH_SIDES, WRONG_SUMMARY):
                assert self.session.scalar(question, {"p": self.project.id}) == 0

    @invariant()
    def nothing_trained_on_is_near_to_a_case(self) -> None:
        """Told from the texts, not from the links."""
        if not hasattr(self, "project"):
            return
        project = {"p": self.project.id}
        apart = {frozenset(row) for row in self.session.execute(APART, project)}
        trained = [(unit, prompt_of(prompt(messages))) for unit, messages in self.session.execute(TRAINED, project)]
        sealed = [(unit, prompt_of(messages)) for unit, messages in self.session.execute(SEALED, project)]
        pairs = [(a, b) for a in trained for b in sealed if frozenset((a[0], b[0])) not in apart]
        assert not similarities([a[1] for a, _b in pairs], [b[1] for _a, b in pairs]).any()

    def _attempt(self, verb: Any) -> None:
        """Refusals are in order; anything else is a mistake of ours."""
        try:
            verb()
            self.session.commit()
        except (Conflict, Invalid, NotFound):
            self.session.rollback()


def test_sides(session: Session, factory: Factory) -> None:
    class Machine(Sides):
        pass

    Machine.session, Machine.factory = session, factory
    quick = settings(
        max_examples=12,
        stateful_step_count=20,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Machine, settings=quick)
