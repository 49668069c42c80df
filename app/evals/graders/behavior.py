"""Did the output answer, refuse, ask back or hand over, and was that expected?"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from app.core.patterns import compiled
from app.evals.graders.base import OUTPUT_TEXT, Definition, NotGradable, OutputError, Scored, quoted
from app.evals.graders.behavior_rules import BEHAVIORS, Behavior, Reading, classify
from app.evals.graders.judging import Ask, Judge, JudgeFields, Labels
from app.evals.graders.judging.scoring import verdicts
from app.evals.graders.judging.wording import BEHAVIOR
from app.evals.graders.templates import MISSING, Scope, split, walk

# What a structured output may call the four behaviours.
VALUES: dict[str, Behavior] = {
    **{name: name for name in BEHAVIORS},
    "reply": "answer", "respond": "answer", "resolve": "answer", "comply": "answer",
    "decline": "refuse", "deny": "refuse", "reject": "refuse", "block": "refuse",
    "ask": "clarify", "clarification": "clarify", "request_info": "clarify", "need_info": "clarify",
    "escalation": "escalate", "handoff": "escalate", "hand_over": "escalate", "transfer": "escalate",
    "human": "escalate",
}  # fmt: skip


class BehaviorGrader(Definition):
    """1 where the observed behaviour is ``expected``, else 0.

    ``field``: path of the behaviour in a JSON output ("action"); its value is one of the four words or a common
    synonym, or one that ``values`` maps to them. A JSON output without a known value there counts as none of the
    four. Without ``field``, or where the output is not JSON, the text is read by the rules of ``behavior_rules``
    (English). ``phrases`` adds patterns (RE2, any case) that decide for a behaviour before the rules do: the place for
    a team's own wording and for other languages.
    """

    default_metric = "refusal_correctness"
    type: Literal["behavior"]
    input: str = OUTPUT_TEXT
    expected: str = "{{item.expected.behavior}}"
    field: str | None = Field(None, min_length=1, max_length=200)
    values: dict[str, Behavior] = Field(default_factory=dict)
    phrases: dict[Behavior, list[str]] = Field(default_factory=dict)
    judge: Judge | None = None

    @field_validator("phrases")
    @classmethod
    def _compile(cls, value: dict[Behavior, list[str]]) -> dict[Behavior, list[str]]:
        for patterns in value.values():
            for pattern in patterns:
                compiled(pattern, True)
        return value

    @model_validator(mode="after")
    def _one_way(self) -> "BehaviorGrader":
        if self.judge and (self.field or self.phrases):
            raise ValueError("a judge reads the text: leave field and phrases out, or the judge")
        return self

    @property
    def templates(self) -> tuple[str, ...]:
        return (self.input, self.expected)

    @property
    def asks(self) -> tuple[Ask, ...]:
        if self.judge is None:
            return ()
        request, reply = "The request:\n{{item.input}}", f"The reply:\n{self.input}"
        return (self.judge.ask(Labels(BEHAVIORS), BEHAVIOR, request, reply),)

    def with_judges(self, settled: Callable[[JudgeFields], Mapping[str, Any]]) -> Self:
        return self.model_copy(update={"judge": self.judge.with_judges(settled)}) if self.judge else self

    def score(self, scope: Scope) -> Scored:
        expected = scope.fill(self.expected)
        if expected not in BEHAVIORS:
            raise NotGradable(f"the expected behaviour {quoted(expected)} is none of {', '.join(BEHAVIORS)}")
        reading = self.read(scope)
        detail = {"expected": expected, "observed": reading.behavior, "rule": reading.rule}
        if self.judge:
            detail["label"] = reading.behavior
        seen = reading.behavior or "none of the four"
        evidence = f": {quoted(reading.evidence)}" if reading.evidence else ""
        reason = f"expected {expected}, observed {seen} ({reading.rule}){evidence}"
        return Scored(float(reading.behavior == expected), reason, detail)

    def read(self, scope: Scope) -> Reading:
        """The observed behaviour, with the rule that decided and the words that it went by."""
        if scope.sample.refusal:
            return Reading("refuse", "the provider's refusal field", scope.sample.refusal)
        for ask in self.asks:
            (verdict,) = verdicts(ask, scope)
            return Reading(VALUES[verdict.label or ""], "judge", verdict.reason)
        if self.field is not None:
            try:
                value = scope.output_json()
            except OutputError:
                value = MISSING
            if isinstance(value, Mapping | list):
                return self._stated(value)
        return classify(scope.fill(self.input), self.phrases)

    def _stated(self, value: Any) -> Reading:
        stated = walk(value, split(self.field or ""))
        if not isinstance(stated, str):
            return Reading(None, f"the output has no {self.field}", "")
        word = stated.strip().casefold().replace(" ", "_").replace("-", "_")
        behavior = self.values.get(stated) or VALUES.get(word)
        return Reading(behavior, f"field {self.field}", stated)
