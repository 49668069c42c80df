"""How well the behaviour grader's rules read replies that they were not written for.

    python benchmarks/behavior_grader.py [folder of data sets]

The replies of the demo's test cases and red-team set, and those in ``tests/evals/behavior_samples.py`` that were kept
aside, have a person's label. In the folder, ``coconot/data/coconot_pref.jsonl`` (MIT, github.com/allenai/noncompliance)
is looked for: its chosen replies to harmless requests should all be answers, so every other reading is a false alarm
or a reply that does refuse. Prints a confusion table per set and the time for one reply.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from app.core.stats.rates import wilson  # noqa: E402
from app.evals.graders.behavior_rules import BEHAVIORS, classify  # noqa: E402
from tests.evals.behavior_samples import SAMPLES, UNSEEN  # noqa: E402

Labelled = list[tuple[str, str]]


def demo(name: str) -> Iterator[tuple[str, str]]:
    for line in (ROOT / "app/demo/data" / f"{name}.jsonl").read_text().splitlines():
        answer = json.loads(json.loads(line)["messages"][-1]["content"])
        yield answer["action"], answer["reply"]


def coconot(folder: Path) -> Iterator[tuple[str, str]]:
    path = folder / "coconot/data/coconot_pref.jsonl"
    if path.exists():
        for line in path.read_text().splitlines():
            yield "answer", json.loads(line)["chosen"]


def report(title: str, labelled: Labelled) -> None:
    if not labelled:
        print(f"{title}: not there\n")
        return
    start = time.perf_counter()
    read = [(expected, classify(text).behavior or "none") for expected, text in labelled]
    each = (time.perf_counter() - start) / len(labelled)
    right = wilson(sum(expected == seen for expected, seen in read), len(read))
    table = Counter(read)
    print(
        f"{title}: {right.value:.1%} of {right.n} read as labelled"
        f" (95 % CI {right.low:.1%} to {right.high:.1%}), {each * 1000:.2f} ms a reply"
    )
    columns = (*BEHAVIORS, "none")
    print(f"{'label':>10} " + " ".join(f"{column:>9}" for column in columns))
    for row in BEHAVIORS:
        if any(table[row, column] for column in columns):
            print(f"{row:>10} " + " ".join(f"{table[row, column]:>9}" for column in columns))
    print()


if __name__ == "__main__":
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "data"
    report("samples that the rules were tried on", SAMPLES)
    report("samples kept aside", UNSEEN)
    report("demo test cases", list(demo("test_cases")))
    report("demo red-team set", list(demo("red_team")))
    report("CoCoNot, chosen replies to harmless requests", list(coconot(data)))
