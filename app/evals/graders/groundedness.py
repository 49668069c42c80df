"""Does every claim of the output stand on the input, the context or the reference? By words, or asked of a judge."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Self

from pydantic import Field

from app.evals.graders.base import OUTPUT_TEXT, Definition, NotGradable, Sample, Scored, quoted
from app.evals.graders.grounding.citing import citation_check
from app.evals.graders.grounding.claims import Claim, claims
from app.evals.graders.grounding.sources import Sources, sources_of
from app.evals.graders.judging import Ask, Judge, JudgeFields, Range
from app.evals.graders.judging.scoring import verdicts
from app.evals.graders.judging.wording import GROUNDEDNESS
from app.evals.graders.templates import Scope

SHOWN = 20
Source = Literal["input", "context", "reference", "retrieved"]
# For a judge: a case without a context would be refused, so that one is shown only where it is asked for, and so
# is what was retrieved.
SHOWN_TO_JUDGES: dict[Source, str] = {
    "input": "The conversation:\n{{item.messages}}",
    "context": "The context:\n{{item.context}}",
    "reference": "What is expected:\n{{item.expected}}",
    "retrieved": "What was retrieved:\n{{item.retrieved}}",
}


class Groundedness(Definition):
    """Share of the output's claims that the sources support; 1 without a claim.

    A claim is a sentence that is no question, refusal, request or pleasantry. It is unsupported where a number, date,
    name, code or address of it is in no source; else where fewer than ``coverage`` of its words are (by their stems);
    else where the source's sentence about the same denies what it says, or the other way round.

    ``sources``: ``input`` (all messages of the case), ``context`` (``item.context``), ``reference`` (the expected
    answer), ``retrieved`` (what the candidate's search found), all of them when left out; ``more``: templates of
    others. It compares words: it takes a paraphrase in other words for unsupported, and a wrong claim made of the
    source's own words for supported. English. With a ``judge`` a model says the share of supported claims instead; it
    sees context and passages only where ``sources`` names them.

    Where something was retrieved, ``detail.citations`` says which passages are cited and which numbers were never
    given. With ``citations: required`` an output that claims something scores 0 where it cites none, or one not given.
    """

    default_metric = "hallucination_rate"
    type: Literal["groundedness"]
    input: str = OUTPUT_TEXT
    sources: tuple[Source, ...] | None = None
    more: list[str] = Field(default_factory=list, max_length=10)
    coverage: float = Field(0.5, ge=0, le=1)
    pass_threshold: float | None = Field(None, ge=0, le=1)
    citations: Literal["noted", "required"] = "noted"
    judge: Judge | None = None

    @property
    def templates(self) -> tuple[str, ...]:
        return (self.input, *self.more)

    @property
    def asks(self) -> tuple[Ask, ...]:
        if self.judge is None:
            return ()
        shown = [SHOWN_TO_JUDGES[name] for name in self.sources or ("input", "reference")]
        sources = "\n\n".join(["The sources.", *shown, *self.more])
        return (self.judge.ask(Range(0, 1), GROUNDEDNESS, sources, f"The reply:\n{self.input}"),)

    def with_judges(self, settled: Callable[[JudgeFields], Mapping[str, Any]]) -> Self:
        return self.model_copy(update={"judge": self.judge.with_judges(settled)}) if self.judge else self

    def check_case(self, item: Mapping[str, Any]) -> None:
        if not self._sources(Scope(item, Sample(None))).text:
            raise NotGradable("the case has nothing to stand on: no message, context or reference")

    def score(self, scope: Scope) -> Scored:
        text = scope.fill(self.input)
        check = citation_check(text, scope.item.get("retrieved"))
        made = claims(check.text)
        if check.problem and made and self.citations == "required":
            return Scored(0.0, check.problem, {"claims": len(made), "unsupported": []} | check.detail)
        for ask in self.asks:
            (verdict,) = verdicts(ask, scope)
            return Scored(verdict.score or 0.0, verdict.reason, {"given": verdict.score} | check.detail)
        return self._by_words(made, scope, check.detail)

    def _by_words(self, made: Sequence[Claim], scope: Scope, about_citations: dict[str, Any]) -> Scored:
        if not made:
            return Scored(1.0, "no claim to check", {"claims": 0, "unsupported": []} | about_citations)
        sources = self._sources(scope)
        found = [(claim, why) for claim in made if (why := sources.problems(claim, self.coverage))]
        detail = {
            "claims": len(made),
            "unsupported": [
                {"text": claim.text[:300], "start": claim.start, "end": claim.end, "why": "; ".join(why[:5])}
                for claim, why in found[:SHOWN]
            ],
        } | about_citations
        score = 1 - len(found) / len(made)
        if not found:
            return Scored(1.0, f"all {len(made)} claims stand on the sources", detail)
        claim, why = found[0]
        return Scored(score, f"{len(found)} of {len(made)} claims unsupported: {quoted(claim.text)}: {why[0]}", detail)

    def _sources(self, scope: Scope) -> Sources:
        return sources_of(
            scope.item, self.sources or tuple(SHOWN_TO_JUDGES), [scope.fill(template) for template in self.more]
        )
