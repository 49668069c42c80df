"""OpenAI's ``text_similarity``: how close the output is to a reference, from 0 to 1."""

import re
from collections import Counter
from typing import Any, Literal

from pydantic import Field, field_validator

from app.evals.graders.base import Definition, NotGradable, Scored
from app.evals.graders.templates import Scope

AVAILABLE = ("fuzzy_match", "rouge_1", "rouge_2", "rouge_3", "rouge_4", "rouge_5", "rouge_l")
ELSEWHERE = ("bleu", "gleu", "meteor", "cosine")
# Both texts are cut here, so that one endless output cannot hold up a run.
MAX_CHARS = 20_000


class TextSimilarity(Definition):
    """``fuzzy_match``: 1 − (insertions + deletions) / (sum of lengths), in any case, punctuation aside (rapidfuzz's
    normalised indel similarity). ``rouge_n``: F1 of shared runs of n words; ``rouge_l``: F1 of the longest common
    subsequence of words (Lin 2004, *ROUGE: A Package for Automatic Evaluation of Summaries*). Range [0, 1]; passes
    from 0.8 unless ``pass_threshold`` says otherwise."""

    default_metric = "task_accuracy"
    default_threshold = 0.8
    type: Literal["text_similarity"]
    input: str
    reference: str
    evaluation_metric: Literal["fuzzy_match", "rouge_1", "rouge_2", "rouge_3", "rouge_4", "rouge_5", "rouge_l"]
    pass_threshold: float | None = Field(None, ge=0, le=1)

    @field_validator("evaluation_metric", mode="before")
    @classmethod
    def _known(cls, value: Any) -> Any:
        if value in ELSEWHERE:
            raise ValueError(f"{value} is not available here; use one of {', '.join(AVAILABLE)}")
        return value

    @property
    def templates(self) -> tuple[str, ...]:
        return (self.input, self.reference)

    def score(self, scope: Scope) -> Scored:
        given, reference = scope.fill(self.input), scope.fill(self.reference)
        cut = max(len(given), len(reference)) > MAX_CHARS
        given, reference = given[:MAX_CHARS], reference[:MAX_CHARS]
        if not words(reference):
            raise NotGradable("the reference has no words to compare with")
        if self.evaluation_metric == "fuzzy_match":
            score = fuzzy_match(given, reference)
        elif self.evaluation_metric == "rouge_l":
            score = rouge_l(words(given), words(reference))
        else:
            score = rouge_n(words(given), words(reference), int(self.evaluation_metric[-1]))
        detail = {"cut_at": MAX_CHARS} if cut else {}
        return Scored(score, f"{self.evaluation_metric} {score:.3f}", detail)


def fuzzy_match(given: str, reference: str) -> float:
    from rapidfuzz import fuzz, utils

    return float(fuzz.ratio(given, reference, processor=utils.default_process)) / 100


def rouge_n(given: list[str], reference: list[str], n: int) -> float:
    """F1 of shared n-grams, each counted as often as it stands in both; 0 where either is shorter than n words."""
    ours, theirs = (Counter(tuple(text[i : i + n]) for i in range(len(text) - n + 1)) for text in (given, reference))
    return _f1((ours & theirs).total(), ours.total(), theirs.total())


def rouge_l(given: list[str], reference: list[str]) -> float:
    from rapidfuzz.distance import LCSseq

    return _f1(int(LCSseq.similarity(given, reference)), len(given), len(reference))


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _f1(shared: int, ours: int, theirs: int) -> float:
    return 2 * shared / (ours + theirs) if ours and theirs else 0.0
