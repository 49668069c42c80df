"""A model compares the output with another run's output for the same case, in both orders."""

from typing import Literal

from pydantic import Field

from app.evals.graders.base import Definition, Scored
from app.evals.graders.judging import Ask, JudgeFields, Labels
from app.evals.graders.judging.scoring import verdicts
from app.evals.graders.judging.wording import PREFERENCE
from app.evals.graders.templates import Scope

FIRST, SECOND, TIE = "A", "B", "tie"


class PairwiseModel(JudgeFields, Definition):
    """1 where the judge prefers this output in both orders, 0 where it prefers the other one in both, 0.5 otherwise: a
    preference that changes with the order is a tie. ``against``: the run that is compared with, on the same test set.
    ``criteria``: what makes a reply better, beside our own words."""

    default_metric = "judge_preference"
    type: Literal["pairwise_model"]
    against: str = Field(min_length=1, max_length=100)
    criteria: str = Field("", max_length=20_000)

    @property
    def ask(self) -> Ask:
        system = f"{PREFERENCE}\n\n{self.criteria}".strip()
        messages = (("system", system), ("user", "The request:\n{{item.input}}"))
        shape = Labels((FIRST, SECOND, TIE))
        return Ask(self.model, self.provider, self.price, self.sampling, messages, shape, self.against)

    @property
    def templates(self) -> tuple[str, ...]:
        return self.ask.templates

    @property
    def asks(self) -> tuple[Ask, ...]:
        return (self.ask,)

    def score(self, scope: Scope) -> Scored:
        shown_first, shown_second = verdicts(self.ask, scope)
        ours = (shown_first.label == FIRST, shown_second.label == SECOND)
        theirs = (shown_first.label == SECOND, shown_second.label == FIRST)
        pair = {"ours_first": shown_first.label, "ours_second": shown_second.label}
        if all(ours):
            return Scored(1.0, f"better in both orders: {shown_first.reason}", {"pair": pair, "outcome": "win"})
        if all(theirs):
            return Scored(0.0, f"worse in both orders: {shown_first.reason}", {"pair": pair, "outcome": "loss"})
        turned = any(ours) and any(theirs)
        why = "the preference changed with the order" if turned else "no preference that holds in both orders"
        detail = {"pair": pair, "outcome": "tie", "turned": turned}
        return Scored(0.5, f"tie, {why}: {shown_first.reason}", detail)
