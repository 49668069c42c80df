"""Import, edit, restore, promote, merge, delete, separate, split, seal and freeze in any order, and taking it back: no
prompt, no group and no near-duplicate ever stands on both sides.

What is refused proves nothing, so what succeeds is counted: no run may pass in which nothing was ever sealed or frozen.
"""

from collections import Counter
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.checks.forms import Decision
from app.checks.models import Finding
from app.checks.remedies import decide
from app.checks.scan import run_scan
from app.checks.undoing import undo as undo_decision
from app.core.clock import utcnow
from app.core.errors import Conflict, Invalid, NotFound
from app.datasets import service, versions
from app.datasets.forms import NewTestSet
from app.datasets.near import service as near
from app.datasets.near.rules import prompt_of, similarities
from app.examples import bulk
from app.examples import queries as examples
from app.examples import service as example_service
from app.examples.batches import store
from app.examples.forms import BulkAction, ExampleFilter, SelectionFilter
from app.examples.models import Import
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
RUNS, STEPS = 20, 25  # the short form, for every run of the tests

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
    done: Counter[str]  # what succeeded, over all runs

    @initialize(target=known)
    def begin(self) -> Any:
        """Some that are the same and some that are near to each other stand there from the first step on: else few
        runs would ever have any."""
        self.user = self.factory.user()
        self.project = self.factory.project(self.user)
        self.access = Access(self.user, self.project, "admin")
        self.drafts: list[str] = []
        self.deletions: list[str] = []
        self.merges: list[str] = []
        return multiple(*(self._import(prompt, "Yes.", None) for prompt in ASKED[:5]))

    def teardown(self) -> None:
        self.session.rollback()  # a run that failed leaves nothing to the next

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

        self._attempt("edit", verb)

    @rule(example_id=known)
    def seal(self, example_id: str | None) -> None:
        if example_id is None:
            return

        def verb() -> None:
            made = self._draft(example_ids=[example_id])
            service.seal(self.session, self.user, self.project.id, made)

        self._attempt("seal", verb)

    @rule(seed=st.integers(0, 3))
    def split(self, seed: int) -> None:
        """A share is drawn, and waits as a draft while other things happen."""
        drawn = self._attempt("split", lambda: self._draft(fraction=0.3, seed=seed))
        self.drafts += [drawn] if drawn else []

    @precondition(lambda self: self.drafts)
    @rule(seed=st.integers(4, 7), fraction=st.sampled_from([0.2, 0.5]))
    def split_again(self, seed: int, fraction: float) -> None:
        """Another share in the place of the one drawn before, which goes back to the pool."""

        def verb() -> str:
            service.discard(self.session, self.user, self.project.id, self.drafts[-1])
            return self._draft(fraction=fraction, seed=seed)

        drawn = self._attempt("split again", verb)
        self.drafts[-1:] = [drawn] if drawn else self.drafts[-1:]

    @precondition(lambda self: self.drafts)
    @rule()
    def seal_split(self) -> None:
        draft = self.drafts[-1]
        if self._attempt("seal a split", lambda: service.seal(self.session, self.user, self.project.id, draft)):
            self.drafts.pop()

    def _draft(self, **what: Any) -> str:
        new = NewTestSet(name=f"S{next(_names)}", **what)
        return service.draft(self.session, self.user, self.project, new).test_set.id

    @rule(target=known)
    def promote(self) -> str | None:
        """What a model answered to a test prompt becomes an example."""
        row = self.session.execute(SEALED, {"p": self.project.id}).first()
        if row is None:
            return None
        messages = [*row.messages, {"role": "assistant", "content": f"Output {next(_names)}"}]

        def verb() -> str:
            return example_service.add(self.session, self.user, self.project.id, {"messages": messages}).id

        return self._attempt("promote", verb)

    @rule(example_id=known, which=st.integers(0, 5))
    def restore(self, example_id: str | None, which: int) -> None:
        def verb() -> bool:
            example = examples.get(self.session, self.project.id, str(example_id))
            before = example.revision
            number = which % (before - 1) + 1 if before > 1 else 1
            example_service.restore(self.session, self.user, example, number, before)
            return example.revision > before

        self._attempt("restore", verb)

    @rule(example_id=known)
    def delete(self, example_id: str | None) -> None:
        if example_id is not None:
            chosen = SelectionFilter(ids=[example_id])
            change = self._attempt("delete", lambda: self._bulk("delete", chosen, 1))
            self.deletions += [change] if change else []

    @precondition(lambda self: self.deletions)
    @rule(which=st.integers(0, 5))
    def bring_back(self, which: int) -> None:
        change = self.deletions.pop(which % len(self.deletions))
        self._attempt("bring back", lambda: bulk.undo(self.session, self.user, self.project.id, change))

    @rule()
    def scan(self) -> None:
        near.scan(self.project.id)

    @rule(which=st.integers(0, 5))
    def separate(self, which: int) -> None:
        found = near.pairs(self.session, self.project.id)
        if found:
            pair = found[which % len(found)]
            self._attempt(
                "separate", lambda: near.separate(self.session, self.user, self.project.id, pair.unit, pair.other)
            )

    @rule(kind=st.sampled_from(["duplicate", "near_duplicate"]), which=st.integers(0, 5))
    def merge(self, kind: str, which: int) -> None:
        """Of a cluster of duplicates one stays, and takes the others' tags."""
        run_scan(self.project.id)
        mine = (Finding.project_id == self.project.id, Finding.kind == kind, Finding.state == "open")
        found = self.session.scalars(select(Finding).where(*mine).order_by(Finding.id)).all()
        if found:
            chosen = found[which % len(found)]
            keep = Decision(action="keep_one")
            merged = self._attempt(
                f"merge a {kind}", lambda: decide(self.session, self.access, chosen, keep, utcnow()).id
            )
            self.merges += [merged] if merged else []

    @precondition(lambda self: self.merges)
    @rule()
    def part_again(self) -> None:
        """The last merge is taken back."""
        change = self.merges.pop()
        self._attempt("part again", lambda: undo_decision(self.session, self.access, change, utcnow()))

    @rule()
    def freeze(self) -> None:
        waiting = SelectionFilter(status="to_review")
        number = examples.count(self.session, self.project.id, waiting)
        self._attempt("approve", lambda: self._bulk("approve", waiting, number))
        self._attempt("freeze", lambda: versions.freeze(self.session, self.user, self.project, "v", ExampleFilter()))

    def _bulk(self, action: Any, chosen: SelectionFilter, number: int) -> str:
        wanted = BulkAction(filter=chosen, action=action, expected_count=number)
        return bulk.apply(self.session, self.user, self.project.id, wanted).id

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

    def _attempt(self, name: str, verb: Callable[[], Any]) -> Any:
        """Refusals are in order; anything else is a mistake of ours. Answers what the verb did, None where refused."""
        try:
            answer = verb()
            self.session.commit()
        except (Conflict, Invalid, NotFound):
            self.session.rollback()
            return None
        self.done[name] += answer is not False  # False: it was asked for, and there was nothing to do
        return answer


# Every verb here, and those without which a run has shown nothing
VERBS = {
    "edit",
    "restore",
    "delete",
    "bring back",
    "split",
    "split again",
    "seal",
    "seal a split",
    "promote",
    "separate",
    "merge a duplicate",
    "merge a near_duplicate",
    "part again",
    "approve",
    "freeze",
}
CORE = {"seal", "freeze", "split", "promote", "delete", "edit", "merge a duplicate", "merge a near_duplicate"}


@pytest.fixture
def machine(session: Session, factory: Factory) -> type[Sides]:
    class Machine(Sides):
        pass

    Machine.session, Machine.factory, Machine.done = session, factory, Counter()
    return Machine


def test_each_step_gets_through(machine: type[Sides]) -> None:
    """Each verb once, in an order in which nothing is in its way: whatever the runs below happen to draw."""
    here = machine()
    *_others, one, another = here.begin().values
    here.edit(one, ASKED[8])
    here.restore(one, 0)
    here.merge("duplicate", 0)
    here.merge("near_duplicate", 0)
    here.part_again()
    here.separate(0)
    here.delete(another)
    here.bring_back(0)
    here.seal(here.bring_in("Is it open?", "Yes.", None))
    here.promote()
    here.split(0)
    here.split_again(4, 0.5)
    here.seal_split()
    here.bring_in("Where is my key?", "There.", None)
    here.freeze()
    assert set(here.done) == VERBS
    assert set(here.done.values()) == {1}
    here.nothing_on_both_sides()
    here.nothing_trained_on_is_near_to_a_case()


@pytest.mark.parametrize(("runs", "steps"), [(RUNS, STEPS), pytest.param(200, 40, marks=pytest.mark.slow)])
def test_sides(machine: type[Sides], runs: int, steps: int) -> None:
    wanted = settings(
        max_examples=runs,
        stateful_step_count=steps,
        deadline=None,
        derandomize=runs == RUNS,  # the long form looks somewhere else each time
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=wanted)
    print(f"\nsucceeded: {dict(machine.done)}")
    assert {name for name in (CORE if runs == RUNS else VERBS) if not machine.done[name]} == set()
