"""IFEval's prompts, read by the importer: how many instructions of each kind, and that grading says the same twice.

    python benchmarks/ifeval_prompts.py FOLDER

``FOLDER/ifeval_prompts/input_data.jsonl`` is the file of github.com/google-research (Apache-2.0): 541 prompts with 834
instructions of 25 kinds. Nobody's answers come with it, so each prompt is graded on the text of the next prompt as its
output: the verdicts mean nothing, but they are 834, of real text, and must be the same bytes again. Prints
the time for one grade, and the longest time that one check takes for 100,000 characters of what is worst for it.
"""

import hashlib
import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from app.core.instructions import KINDS, parse  # noqa: E402
from app.evals.graders import Sample, case_item, grade, parse_spec  # noqa: E402
from app.evals.graders.instructions.checks import CHECKS  # noqa: E402
from app.examples.formats import FORMATS, Position  # noqa: E402
from app.examples.opening import open_file  # noqa: E402
from app.examples.rules import ParsedExample, text_of  # noqa: E402

WORST = ("?!", "*", "[ ", "<<", "p.s", "a\n\n", "U.S.A. ", '?"', "a.", "word ")


def read(path: Path) -> list[ParsedExample]:
    found = open_file(path)
    rows = list(FORMATS[found.format].rows(found.path, None, Position()))
    refused = [row.reason for row in rows if row.reason]
    print(f"recognised as {found.format}; {len(rows)} rows, {len(refused)} refused {refused[:3]}")
    return [row.example for row in rows if row.example]


def digest(examples: list[ParsedExample]) -> tuple[str, int, int]:
    """(SHA-256 over every grade with its reasons, verdicts, strictly followed)."""
    spec, sha, verdicts, followed = parse_spec({"type": "instructions"}), hashlib.sha256(), 0, 0
    for index, example in enumerate(examples):
        item = case_item({"messages": example.messages, "expected": example.expected})
        output = text_of(examples[(index + 1) % len(examples)].messages[0]["content"])
        given = grade(spec, item, Sample(output))
        sha.update(json.dumps([given.score, given.passed, given.reason, given.detail], sort_keys=True).encode())
        verdicts += len(given.detail["instructions"])
        followed += sum(row["followed"] for row in given.detail["instructions"])
    return sha.hexdigest(), verdicts, followed


def slowest(examples: list[ParsedExample]) -> tuple[float, str, str]:
    asked = {}
    for example in examples:
        expected = example.expected or {}
        for one in parse(expected["instruction_id_list"], expected["kwargs"]):
            asked.setdefault(one.id, one)
    times = []
    for unit in WORST:
        text = unit * (100_000 // len(unit))
        for one in asked.values():
            began = time.process_time()
            CHECKS[one.id](text, one.kind)
            times.append((time.process_time() - began, one.id, repr(unit)))
    return max(times)


def main() -> None:
    path = Path(sys.argv[1]) / "ifeval_prompts" / "input_data.jsonl"
    if not path.exists():
        sys.exit(f"{path} is not there: name the folder of data sets")
    examples = read(path)
    if sys.argv[2:] == ["digest"]:
        print(digest(examples)[0])
        return
    kinds = Counter(kind for example in examples for kind in (example.expected or {})["instruction_id_list"])
    for kind in KINDS:
        print(f"{kinds[kind]:5}  {kind}")
    print(f"{sum(kinds.values()):5}  instructions of {len(kinds)} kinds (reference: 834 of 25, in 541 prompts)")
    print(f"{len({example.fingerprint_unit for example in examples})} different prompts, {len(examples)} examples")
    began = time.process_time()
    sha, verdicts, followed = digest(examples)
    spent = (time.process_time() - began) / len(examples) * 1000
    again = subprocess.run(
        [sys.executable, __file__, sys.argv[1], "digest"], capture_output=True, text=True, check=True
    )
    same = again.stdout.split()[-1] == sha
    print(f"{verdicts} verdicts, {followed} followed; the same bytes in a second process: {same} ({sha[:16]}…)")
    print(f"{spent:.2f} ms of processor time a grade, both forms")
    print("slowest check of 100,000 characters: {:.2f} s, {} on {}".format(*slowest(examples)))
    sys.exit(0 if same and sum(kinds.values()) == verdicts else 1)


if __name__ == "__main__":
    main()
