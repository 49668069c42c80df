"""Does every claim of the output stand on the input, the context or the reference? Without network or model."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from app.evals.graders.base import OUTPUT_TEXT, Definition, NotGradable, Sample, Scored, quoted
from app.evals.graders.grounding.claims import claims
from app.evals.graders.grounding.sources import Sources, sources_of
from app.evals.graders.templates import Scope

SHOWN = 20


class Groundedness(Definition):
    """Share of the output's claims that the sources support; 1 without a claim.

    A claim is a sentence that is no question, refusal, request or pleasantry. It is unsupported where a number, date,
    name, code or address of it is in no source; else where fewer than ``coverage`` of its words are (by their stems);
    else where the source's sentence about the same denies what it says, or the other way round. ``sources``: ``input``
    (all messages of the case), ``context`` (``item.context``), ``reference`` (the expected answer); ``more``: templates
    of others. It compares words: it takes a paraphrase in other words for unsupported, and a wrong claim made of
    the source's own words for supported. English.
    """

    default_metric = "hallucination_rate"
    type: Literal["groundedness"]
    input: str = OUTPUT_TEXT
    sources: tuple[Literal["input", "context", "reference"], ...] = ("input", "context", "reference")
    more: list[str] = Field(default_factory=list, max_length=10)
    coverage: float = Field(0.5, ge=0, le=1)
    pass_threshold: float | None = Field(None, ge=0, le=1)

    @property
    def templates(self) -> tuple[str, ...]:
        return (self.input, *self.more)

    def check_case(self, item: Mapping[str, Any]) -> None:
        if not self._sources(Scope(item, Sample(None))).text:
            raise NotGradable("the case has nothing to stand on: no message, context or reference")

    def score(self, scope: Scope) -> Scored:
        made = claims(scope.fill(self.input))
        if not made:
            return Scored(1.0, "no claim to check", {"claims": 0, "unsupported": []})
        sources = self._sources(scope)
        found = [(claim, why) for claim in made if (why := sources.problems(claim, self.coverage))]
        detail = {
            "claims": len(made),
            "unsupported": [
                {"text": claim.text[:300], "start": claim.start, "end": claim.end, "why": "; ".join(why[:5])}
                for claim, why in found[:SHOWN]
            ],
        }
        score = 1 - len(found) / len(made)
        if not found:
            return Scored(1.0, f"all {len(made)} claims stand on the sources", detail)
        claim, why = found[0]
        return Scored(score, f"{len(found)} of {len(made)} claims unsupported: {quoted(claim.text)}: {why[0]}", detail)

    def _sources(self, scope: Scope) -> Sources:
        return sources_of(scope.item, self.sources, [scope.fill(template) for template in self.more])
