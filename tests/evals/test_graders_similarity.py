"""Each measure of ``text_similarity`` against a published example or a second implementation."""

from collections import Counter
from importlib.util import find_spec

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.checks.semantic import model
from app.core.errors import Invalid
from app.evals.graders import Sample, grade, parse_spec
from app.evals.graders.similarity import MEASURES, bleu, cosine, gleu, meteor, rouge_l, rouge_n

CAT = "the cat sat on the mat"
SENTENCES = [
    ("It is a guide to action which ensures that the military always obeys the commands of the party",
     "It is a guide to action that ensures that the military will forever heed party commands"),
    ("It is to insure the troops forever hearing the activity guidebook that party direct",
     "It is a guide to action that ensures that the military will forever heed party commands"),
    ("the the the the the the the", CAT),
    ("the cat", CAT),
    ("police kill the gunman", "police killed the gunman"),
    ("the gunman kill police", "police killed the gunman"),
    ("a b c d e f g h", "a b c x e f g h"),
    ("nothing here", "quite another text"),
]  # fmt: skip
WORDS = st.lists(st.sampled_from(["the", "cat", "cats", "sat", "on", "mat"]), max_size=12).map(" ".join)


def check(metric, output, reference, **more):
    definition = {"type": "text_similarity", "input": "{{sample.output_text}}", "reference": "{{item.reference}}"}
    return grade(
        parse_spec({**definition, "evaluation_metric": metric, **more}), {"reference": reference}, Sample(output)
    )


@pytest.mark.parametrize(("ours", "reference"), SENTENCES)
def test_bleu_is_sacrebleus_sentence_bleu(ours, reference):
    """Second implementation: sacreBLEU 2 (Post 2018) with its defaults for sentences, on the same words."""
    from sacrebleu.metrics import BLEU

    second = BLEU(tokenize="none", lowercase=True, effective_order=True).sentence_score(ours, [reference])
    assert bleu(ours, reference) == pytest.approx(second.score / 100, abs=1e-9)


@pytest.mark.parametrize(("ours", "reference"), SENTENCES)
def test_rouge_is_googles_rouge(ours, reference):
    """Second implementation: google-research's rouge-score, a port of ROUGE-1.5.5."""
    from rouge_score.rouge_scorer import RougeScorer

    kinds = ["rouge1", "rouge2", "rouge3", "rouge4", "rouge5", "rougeL"]
    second = RougeScorer(kinds, use_stemmer=False).score(reference, ours)
    for kind in kinds:
        name = f"rouge_{kind.removeprefix('rouge').lower()}"
        assert MEASURES[name](ours, reference) == pytest.approx(second[kind].fmeasure), kind


def test_rouge_in_lins_own_example_and_in_other_scripts():
    """Lin (2004), section 3.1: police killed the gunman; S2 has ROUGE-L 3/4, S3 2/4."""
    reference = ["police", "killed", "the", "gunman"]
    assert rouge_l(["police", "kill", "the", "gunman"], reference) == 0.75
    assert rouge_l(["the", "gunman", "kill", "police"], reference) == 0.5
    assert rouge_n(["police", "kill", "the", "gunman"], reference, 2) == pytest.approx(1 / 3)
    assert rouge_n(["a"], ["a"], 2) == 0
    assert check("rouge_1", "Größe und Maß", "größe, maß").score == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("output", "score"),
    [("on the mat sat the cat", 0.5), (CAT, 0.9977), ("the cat was sat on the mat", 0.9654), ("dogs run", 0.0)],
)
def test_meteor_in_the_published_examples(output, score):
    """The examples of the encyclopaedia's article on METEOR, after Banerjee & Lavie (2005)."""
    assert meteor(output, CAT) == pytest.approx(score, abs=5e-5)


def test_meteor_knows_stems_but_no_synonyms():
    # three matches of three in one chunk: 1 − 0.5 · (1/3)³
    assert meteor("the cats sitting", "the cat sits") == pytest.approx(1 - 0.5 / 27)
    assert meteor("automobile", "car") == 0


@settings(max_examples=60)
@given(WORDS, WORDS)
def test_gleu_by_its_definition(ours, reference):
    """Second implementation, from Wu et al. (2016), section 3: min(precision, recall) over all 1- to 4-grams."""

    def grams(text):
        found = text.split()
        return Counter(tuple(found[i : i + n]) for n in range(1, 5) for i in range(len(found) - n + 1))

    one, other = grams(ours), grams(reference)
    larger = max(one.total(), other.total())
    expected = (one & other).total() / larger if larger else 0.0
    assert gleu(ours, reference) == pytest.approx(expected)


@settings(max_examples=60)
@given(WORDS.filter(bool), WORDS.filter(bool))
def test_cosine_is_scipys(ours, reference):
    """Second implementation: scipy.spatial.distance.cosine on the vectors of counts."""
    from scipy.spatial.distance import cosine as distance

    every = sorted({*ours.split(), *reference.split()})
    vectors = [[text.split().count(word) for word in every] for text in (ours, reference)]
    assert cosine(ours, reference) == pytest.approx(1 - distance(*vectors))


@pytest.mark.parametrize("metric", sorted(MEASURES))
def test_every_measure_is_1_for_the_same_and_0_for_nothing_shared(metric):
    same = check(metric, "Your refund is on its way Ana.", "your refund is on its way ana")
    assert same.score == pytest.approx(1 if metric != "meteor" else 1 - 0.5 / 7**3, abs=1e-9)
    assert same.passed
    apart = check(metric, "zzzz", "quite another answer to this")
    assert apart.score == pytest.approx(0, abs=0.02)  # smoothing leaves BLEU a little
    assert apart.passed is False
    assert check(metric, "x", "…").passed is None


def test_cosine_of_meanings_needs_the_model(monkeypatch):
    texts = ("How do I get my money back?", "I want a refund.")
    assert "not installed" in check("cosine", *texts, embedding="minilm").reason
    if all(find_spec(name) for name in model.NEEDED):
        monkeypatch.setattr(model, "available", lambda: True)
        near = check("cosine", *texts, embedding="minilm")
        assert near.score > cosine(*texts)
        assert near == check("cosine", *texts, embedding="minilm")
    with pytest.raises(Invalid, match="belongs to the metric cosine"):
        check("bleu", "x", "x", embedding="minilm")
