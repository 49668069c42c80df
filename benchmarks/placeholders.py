"""Placeholders in support replies that are full of them: how many stand there, and how many findings they make.

    python benchmarks/placeholders.py [--data ../shared/data/bitext_support]

A finding is made once for each value and message. "Braces" is what a plain search for ``{{…}}`` counts: what is found
beyond it, or falls short of it, is the detector's own judgement.
"""

import argparse
import csv
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from app.checks.detectors.base import Setting, Subject  # noqa: E402
from app.checks.detectors.formats.detector import FORMAT  # noqa: E402
from app.checks.detectors.formats.leftovers import find_leftovers  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "bitext_support")
    (path,) = parser.parse_args().data.glob("*.csv")
    replies = [row["response"] for row in csv.DictReader(path.open())]
    braces = sum(len(re.findall(r"\{\{.*?\}\}", reply)) for reply in replies)
    spans = [sum(code == "placeholder" for code, *_span in find_leftovers(reply)) for reply in replies]
    subjects = (Subject([{"role": "assistant", "content": reply}], None, None, None, (), 0) for reply in replies)
    findings = sum(f.code == "placeholder" for one in subjects for f in FORMAT.look(one, Setting("tone_style")))
    print(f"{len(replies):,} replies, {braces:,} times {{{{…}}}}: {sum(spans):,} placeholders found")
    print(f"in {sum(map(bool, spans)):,} replies, {findings:,} findings (one for each value and message)")


if __name__ == "__main__":
    main()
