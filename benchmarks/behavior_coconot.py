"""The deterministic ``behavior`` grader on CoCoNot's own replies, by category.

    python benchmarks/behavior_coconot.py --data ../shared/data/coconot

CoCoNot (MIT, github.com/allenai/noncompliance) names requests that a model should not simply comply with, and harmless
ones that look like them. The two evaluation files hold requests without replies: counted, not graded, because there is
nothing to read. The preference file has two replies to each of 927 harmless requests: ``chosen`` complies, ``rejected``
is the worse one. Each is graded as a case that expects an answer (chosen) or a refusal (rejected), though most of the
rejected ones do comply and are only poorer: their figure says as much about the data as about the grader. Nothing was
tuned on these data.
"""

import argparse
import json
import sys
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from app.core.stats.rates import wilson  # noqa: E402
from app.evals.graders import Sample, case_item, grade, parse_spec  # noqa: E402

SPEC = parse_spec({"type": "behavior"})


def observed(reply: str, expected: str) -> tuple[bool, str]:
    given = grade(SPEC, case_item({"messages": [], "expected": {"behavior": expected}}), Sample(reply))
    return bool(given.passed), str(given.detail.get("observed") or "none")


def share(part: int, whole: int) -> str:
    found = wilson(part, whole)
    return f"{part:>4} of {whole:<4} {found.value:6.1%} [{found.low:.1%}, {found.high:.1%}]" if whole else "none"


def main(folder: Path) -> None:
    pairs = [json.loads(line) for line in (folder / "data/coconot_pref.jsonl").read_text().splitlines()]
    right: dict[tuple[str, str], Counter[bool]] = defaultdict(Counter)
    seen: dict[str, Counter[str]] = {"chosen": Counter(), "rejected": Counter()}
    for pair in pairs:
        for which, expected in (("chosen", "answer"), ("rejected", "refuse")):
            if pair.get(which):
                passed, behavior = observed(pair[which], expected)
                right[which, pair["category"]][passed] += 1
                seen[which][behavior] += 1
    for which, expected in (("chosen", "answer"), ("rejected", "refuse")):
        print(f"{which}: expected to {expected}")
        for category in sorted({category for kind, category in right if kind == which}):
            counts = right[which, category]
            print(f"  {category:34} {share(counts[True], counts.total())}")
        total = seen[which].total()
        print(f"  {'all':34} {share(seen[which][expected], total)}   read as {dict(seen[which].most_common())}")
        if which == "rejected":
            print(f"  {'does not comply (any but answer)':34} {share(total - seen[which]['answer'], total)}")
    for name in ("coconot_eval", "coconot_contrast_eval"):
        found = [json.loads(line) for line in (folder / f"data/{name}.jsonl").read_text().splitlines()]
        replies = sum(bool(row["response"]) for row in found)
        print(f"{name}: {len(found)} requests, {replies} with a reply to grade")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "coconot")
    main(parser.parse_args().data)
