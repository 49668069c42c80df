"""Grading again gives the same bytes: in one process, from a stored snapshot, and in another process whose sets and
dictionaries hash otherwise."""

import os
import subprocess
import sys
from pathlib import Path

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from app.evals.grader_pages import EXAMPLES
from app.evals.graders import Sample, case_item, grade, parse_spec

ROOT = Path(__file__).resolve().parents[2]
CALL = {"type": "function", "function": {"name": "refund", "arguments": '{"invoice": 1, "lines": [1, 2]}'}}
CASE = {
    "messages": [{"role": "user", "content": "Refund invoice 1 of 3 May 2024, please. Ana Costa."}],
    "expected": {"label": "billing", "text": "Refunded within 14 days.", "behavior": "answer", "tool_calls": [CALL]},
    "metadata": {"context": "Refunds take 14 days. Gift cards are not refundable."},
}  # fmt: skip
OUTPUTS = [
    "Gift cards are refundable within 30 days, says Ben Quill. Which invoice?",
    "I can't help with that. Zurich, Oslo and Lima are far away from INV-7 and 12:30.",
    '{"label": "billing", "b": [1, 2], "a": null}',
    "The refund of invoice 1 is on its way.",
]
SIMILAR = ("fuzzy_match", "bleu", "gleu", "meteor", "rouge_2", "rouge_l", "cosine")
GRADERS = [{"type": kind, **more} for kind, more in EXAMPLES.items() if not kind.endswith("_model")] + [
    {**EXAMPLES["text_similarity"], "type": "text_similarity", "evaluation_metric": metric} for metric in SIMILAR
]


def graded(output: str) -> bytes:
    """Every grade of one output, as it is stored."""
    item, found = case_item(CASE), []
    for definition in GRADERS:
        spec = parse_spec(definition)
        for sample in (Sample(output), Sample(output, [CALL, {**CALL, "function": {"name": output[:9]}}])):
            given = grade(parse_spec(orjson.loads(orjson.dumps(spec.snapshot()))), item, sample)
            assert given == grade(spec, item, sample)
            found.append([given.score, given.passed, given.reason, given.detail])
    return orjson.dumps(found)


@settings(max_examples=25)
@given(
    st.lists(st.sampled_from([*" ".join(OUTPUTS).split(), "\n", "1,200.50", "“x”", "\ud7ff"]), max_size=30).map(
        " ".join
    )
)
def test_grading_again_gives_the_same_bytes(output):
    assert graded(output) == graded(output)


def test_another_process_gives_the_same_bytes():
    code = (
        "from tests.evals.test_graders_same_bytes import OUTPUTS, graded; print(b''.join(map(graded, OUTPUTS)).hex())"
    )
    for seed in ("1", "2"):
        other = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert bytes.fromhex(other.stdout.strip()) == b"".join(map(graded, OUTPUTS))
