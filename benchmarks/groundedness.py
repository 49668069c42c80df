"""The deterministic ``groundedness`` grader against people's labels, beside baselines that know nothing.

    python benchmarks/groundedness.py --data ../shared/data/halueval_general

Reads HaluEval's general part (MIT, github.com/RUCAIBox/HaluEval): replies of a chat model to open requests, each marked
by people as hallucinated or not. There is no document to stand on: the only source is the request. So what is measured
is how far "more of it is not in the request" tells a hallucination, which is the grader at its weakest. Nothing was
tuned on these data. Precision, recall and F1 of the default threshold (any unsupported claim is flagged); AUROC of the
share of unsupported claims. Intervals, 95 %: Wilson for rates, bootstrap of the cases for F1 and AUROC.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from scipy.stats import rankdata  # noqa: E402

from app.core.stats.rates import wilson  # noqa: E402
from app.evals.graders import Sample, case_item, grade, parse_spec  # noqa: E402

RESAMPLES = 1_000
SEED = 20
Array = np.ndarray[Any, Any]


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "general_data.json").read_text().splitlines()]


def suspicion(row: dict[str, Any], spec: Any) -> float:
    """Share of unsupported claims."""
    item = case_item({"messages": [{"role": "user", "content": row["user_query"]}]})
    given = grade(spec, item, Sample(row["chatgpt_response"]))
    return 0.0 if given.score is None else 1 - given.score


def auroc(labels: Array, scores: Array) -> float:
    """Probability that a hallucinated reply has the higher score than another; ties count half (Mann–Whitney)."""
    positives = labels.sum()
    ranks = rankdata(scores)[labels].sum()
    return float((ranks - positives * (positives + 1) / 2) / (positives * (len(labels) - positives)))


def f1(labels: Array, flags: Array) -> float:
    return float(2 * (labels & flags).sum() / (labels.sum() + flags.sum()))


def interval(measure: Callable[[Array, Array], float], labels: Array, values: Array) -> str:
    rng = np.random.default_rng(SEED)
    draws = []
    for _ in range(RESAMPLES):
        chosen = rng.integers(0, len(labels), len(labels))
        draws.append(measure(labels[chosen], values[chosen]))
    low, high = np.quantile(draws, [0.025, 0.975])
    return f"{measure(labels, values):.3f} [{low:.3f}, {high:.3f}]"


def share(part: int, whole: int) -> str:
    found = wilson(part, whole)
    return "none" if found.value is None else f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


def report(name: str, labels: Array, scores: Array, flags: Array) -> None:
    right = int((labels & flags).sum())
    columns = [
        share(right, int(flags.sum())),
        share(right, int(labels.sum())),
        interval(f1, labels, flags),
        interval(auroc, labels, scores),
    ]
    print(f"{name:34}" + "".join(f"{column:24}" for column in columns) + f"{int(flags.sum()):>6}")


def main(folder: Path) -> None:
    data = rows(folder)
    labels = np.array([row["hallucination"] == "yes" for row in data])
    spec = parse_spec({"type": "groundedness"})
    start = time.perf_counter()
    found = np.array([suspicion(row, spec) for row in data])
    seconds = time.perf_counter() - start
    length = np.array([float(len(row["chatgpt_response"])) for row in data])
    drawn = np.random.default_rng(SEED).random(len(data))
    print(f"{len(data)} replies, {labels.sum()} marked as hallucinated; {len(data) / seconds:,.0f} grades a second\n")
    heads = ("precision", "recall", "F1", "AUROC")
    print(f"{'':34}" + "".join(f"{head:24}" for head in heads) + f"{'flagged':>6}")
    report("groundedness (any claim)", labels, found, found > 0)
    report("baseline: longer than the median", labels, length, length > np.median(length))
    report("baseline: random, as many flagged", labels, drawn, drawn < (found > 0).mean())
    report("baseline: flag everything", labels, np.ones(len(data)), np.ones(len(data), dtype=bool))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "halueval_general")
    main(parser.parse_args().data)
