"""How close two texts are: the measures behind ``text_similarity``. Words are runs of letters and digits in any case,
in any script. Each takes (given, reference) and answers a number in [0, 1]; 0 where nothing is shared."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from math import sqrt

from app.evals.graders.base import NotGradable

MAX_ORDER = 4


class _NoSynonyms:
    """Stands in for WordNet, which would have to be downloaded."""

    def synsets(self, _: str) -> Sequence[str]:
        return ()


def fuzzy_match(given: str, reference: str) -> float:
    """1 − (insertions + deletions) / (sum of lengths), in any case, punctuation aside (rapidfuzz's normalised indel
    similarity)."""
    from rapidfuzz import fuzz, utils

    return float(fuzz.ratio(given, reference, processor=utils.default_process)) / 100


def bleu(given: str, reference: str) -> float:
    """Sentence BLEU by NLTK (Papineni et al. 2002, *BLEU*), as sacreBLEU sets it for sentences: runs of 1 to 4 words,
    or to as many as the output has, and a length without a match counts as 1/2, 1/4 … of one (NIST's smoothing)."""
    from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

    ours = words(given)
    if not ours:
        return 0.0
    order = min(MAX_ORDER, len(ours))
    smoothing = SmoothingFunction().method3
    return float(sentence_bleu([words(reference)], ours, weights=[1 / order] * order, smoothing_function=smoothing))


def gleu(given: str, reference: str) -> float:
    """Google's sentence BLEU: the smaller of precision and recall of all runs of 1 to 4 words (Wu et al. 2016,
    *Google's Neural Machine Translation System*, section 3), by NLTK."""
    from nltk.translate.gleu_score import sentence_gleu

    return float(sentence_gleu([words(reference)], words(given), max_len=MAX_ORDER))


def meteor(given: str, reference: str) -> float:
    """METEOR with its stages *exact* and *Porter stem*, α 0.9, β 3, γ 0.5 (Lavie & Agarwal 2007), by NLTK. The stage
    of synonyms is left out: WordNet does not come with the library."""
    from nltk.translate.meteor_score import single_meteor_score

    return float(single_meteor_score(words(reference), words(given), wordnet=_NoSynonyms()))


def rouge_n(given: Sequence[str], reference: Sequence[str], n: int) -> float:
    """F1 of shared n-grams, each counted as often as it stands in both; 0 where either is shorter than n words
    (Lin 2004, *ROUGE: A Package for Automatic Evaluation of Summaries*). Our own counting, because the reference
    library drops every letter outside a to z."""
    ours, theirs = (Counter(tuple(text[i : i + n]) for i in range(len(text) - n + 1)) for text in (given, reference))
    return _f1((ours & theirs).total(), ours.total(), theirs.total())


def rouge_l(given: Sequence[str], reference: Sequence[str]) -> float:
    """F1 of the longest common subsequence of words (Lin 2004), by rapidfuzz."""
    from rapidfuzz.distance import LCSseq

    return _f1(int(LCSseq.similarity(given, reference)), len(given), len(reference))


def cosine(given: str, reference: str) -> float:
    """Cosine of the two vectors of word counts (Salton 1975): 1 for the same words in any order."""
    ours, theirs = Counter(words(given)), Counter(words(reference))
    shared = sum(ours[word] * theirs[word] for word in ours.keys() & theirs.keys())
    lengths = [sum(count * count for count in counts.values()) for counts in (ours, theirs)]
    return shared / sqrt(lengths[0] * lengths[1]) if all(lengths) else 0.0


def meaning(given: str, reference: str) -> float:
    """Cosine of the two texts' MiniLM vectors, below 0 counted as 0. Each is embedded alone: beside others the
    third decimal would depend on them."""
    from app.checks.semantic import model

    if not model.available():
        raise NotGradable("the local embedding model is not installed (make install without SEMANTIC=0)")
    ours, theirs = model.embed([given]), model.embed([reference])
    return max(0.0, round(float(ours[0] @ theirs[0]), 6))


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _by_words(measure: Callable[[Sequence[str], Sequence[str]], float], given: str, reference: str) -> float:
    return measure(words(given), words(reference))


def _f1(shared: int, ours: int, theirs: int) -> float:
    return 2 * shared / (ours + theirs) if ours and theirs else 0.0


MEASURES: dict[str, Callable[[str, str], float]] = {
    "fuzzy_match": fuzzy_match,
    "bleu": bleu,
    "gleu": gleu,
    "meteor": meteor,
    **{f"rouge_{n}": partial(_by_words, partial(rouge_n, n=n)) for n in range(1, 6)},
    "rouge_l": partial(_by_words, rouge_l),
    "cosine": cosine,
}
