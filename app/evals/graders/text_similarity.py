"""OpenAI's ``text_similarity``: how close the output is to a reference, from 0 to 1."""

from typing import Any, Literal

from pydantic import Field, model_validator

from app.evals.graders.base import Definition, NotGradable, Scored
from app.evals.graders.similarity import MEASURES, meaning, words
from app.evals.graders.templates import Scope

# Both texts are cut here, so that one endless output cannot hold up a run.
MAX_CHARS = 20_000


class TextSimilarity(Definition):
    """One of OpenAI's measures between ``input`` and ``reference``; ``similarity`` says what each is. Range [0, 1];
    passes from 0.8 unless ``pass_threshold`` says otherwise.

    ``cosine`` compares counts of words. With ``embedding`` set to ``minilm`` it compares meanings by the local model
    (the semantic extra); OpenAI's own embeddings are neither, so look at a threshold again after moving it.
    """

    default_metric = "task_accuracy"
    default_threshold = 0.8
    type: Literal["text_similarity"]
    input: str
    reference: str
    evaluation_metric: Literal[
        "fuzzy_match",
        "bleu",
        "gleu",
        "meteor",
        "rouge_1",
        "rouge_2",
        "rouge_3",
        "rouge_4",
        "rouge_5",
        "rouge_l",
        "cosine",
    ]
    embedding: Literal["minilm"] | None = None
    pass_threshold: float | None = Field(None, ge=0, le=1)

    @model_validator(mode="after")
    def _embedding_of_cosine(self) -> "TextSimilarity":
        if self.embedding and self.evaluation_metric != "cosine":
            raise ValueError("embedding belongs to the metric cosine")
        return self

    @property
    def templates(self) -> tuple[str, ...]:
        return (self.input, self.reference)

    def score(self, scope: Scope) -> Scored:
        given, reference = scope.fill(self.input), scope.fill(self.reference)
        cut = max(len(given), len(reference)) > MAX_CHARS
        given, reference = given[:MAX_CHARS], reference[:MAX_CHARS]
        if not words(reference):
            raise NotGradable("the reference has no words to compare with")
        measure = meaning if self.embedding else MEASURES[self.evaluation_metric]
        score = min(1.0, max(0.0, measure(given, reference)))
        detail: dict[str, Any] = {"cut_at": MAX_CHARS} if cut else {}
        return Scored(score, f"{self.evaluation_metric} {score:.3f}", detail)
