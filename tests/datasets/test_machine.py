"""Import, edit, draft, seal and freeze in any order: no prompt and no group ever stands on both sides."""

from itertools import count
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.errors import Conflict, Invalid
from app.datasets import service, versions
from app.datasets.forms import NewTestSet
from app.examples import queries as examples
from app.examples import service as example_service
from app.examples.batches import store
from app.examples.forms import ExampleFilter
from app.examples.models import Example, Import
from app.examples.rules import parse_example
from tests.factories import Factory

PROMPTS = st.sampled_from(["Refund?", "refund ?", "Invoice?", "Delete it.", "Upgrade us", "Who are you?"])
GROUPS = st.sampled_from([None, None, "g", "h"])
_names = count()

BOTH_SIDES = text("""
select count(*) from dataset_version_items i join test_cases c on c.project_id = i.project_id and c.split = 'test'
where i.project_id = :p
  and (i.fingerprint_unit in (c.fingerprint_unit, c.group_unit) or i.group_unit in (c.fingerprint_unit, c.group_unit))
""")
WRONG_SUMMARY = text("""
select count(*) from examples e where e.project_id = :p and e.split = 'train' and exists (
  select from split_assignments s where s.project_id = e.project_id and s.split = 'test'
    and s.unit in (e.fingerprint_unit, e.group_unit))
""")


class Sides(RuleBasedStateMachine):
    known: Any = Bundle("known")
    session: Session
    factory: Factory

    @initialize()
    def begin(self) -> None:
        self.user = self.factory.user()
        self.project = self.factory.project(self.user)

    @rule(target=known, prompt=PROMPTS, answer=st.sampled_from(["Yes.", "No."]), group=GROUPS)
    def bring_in(self, prompt: str, answer: str, group: str | None) -> str | None:
        messages = [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
        source = Import(project_id=self.project.id, file_name="f", stored_name="s", format="openai_chat", tags=[])
        self.session.add(source)
        self.session.flush()
        store(self.session, source, [parse_example({"messages": messages, "group": group})])
        self.session.commit()
        return self.session.scalar(text("select id::text from examples where import_id = :i"), {"i": source.id})

    @rule(example_id=known, prompt=PROMPTS)
    def edit(self, example_id: str | None, prompt: str) -> None:
        if example_id is None:
            return
        example = examples.get(self.session, self.project.id, example_id)
        messages = [{"role": "user", "content": prompt}, {"role": "assistant", "content": "Edited."}]
        self._attempt(
            lambda: example_service.revise(self.session, self.user, example, example.revision, messages=messages)
        )

    @rule(example_id=known)
    def seal(self, example_id: str | None) -> None:
        if example_id is None:
            return

        def verb() -> None:
            new = NewTestSet(name=f"S{next(_names)}", example_ids=[example_id])
            made = service.draft(self.session, self.user, self.project, new)
            service.seal(self.session, self.user, self.project.id, made.test_set.id)

        self._attempt(verb)

    @rule()
    def freeze(self) -> None:
        self.session.query(Example).filter_by(project_id=self.project.id).update({"status": "approved"})
        self._attempt(lambda: versions.freeze(self.session, self.user, self.project, "v", ExampleFilter()))

    @invariant()
    def nothing_on_both_sides(self) -> None:
        if hasattr(self, "project"):
            assert self.session.scalar(BOTH_SIDES, {"p": self.project.id}) == 0
            assert self.session.scalar(WRONG_SUMMARY, {"p": self.project.id}) == 0

    def _attempt(self, verb: Any) -> None:
        """Refusals are in order; anything else is a mistake of ours."""
        try:
            verb()
            self.session.commit()
        except (Conflict, Invalid):
            self.session.rollback()


def test_sides(session: Session, factory: Factory) -> None:
    class Machine(Sides):
        pass

    Machine.session, Machine.factory = session, factory
    quick = settings(
        max_examples=12,
        stateful_step_count=12,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Machine, settings=quick)
