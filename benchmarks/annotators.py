"""Simultaneous annotators: what is lost, doubled or handed out too often, judged by a journal.

    python -m benchmarks.annotators --annotators 16 --minutes 5 --kill          # a web process dies every 2 to 5 s
    python -m benchmarks.annotators --annotators 200 --minutes 1 --think 0      # no answer of 5xx

Exits 1 if a decision was lost or doubled, an example got more opinions than the overlap, or (without ``--kill``) an
answer was 5xx.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.faults.annotators import Journal, judge, work
from tests.faults.review_stage import set_up


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--annotators", type=int, default=16)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--overlap", type=int, default=2)
    parser.add_argument("--think", type=float, default=0.1, help="mean seconds over an example")
    parser.add_argument("--webs", type=int, default=2)
    parser.add_argument("--kill", action="store_true")
    options = parser.parse_args()
    seconds = options.minutes * 60
    examples = int(seconds * 220 / options.overlap) + options.annotators * 4
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal")
        with set_up(
            annotators=options.annotators, examples=examples, overlap=options.overlap, webs=options.webs
        ) as stage:
            kill_every = (2.0, 5.0) if options.kill else None
            seen, kills = asyncio.run(work(stage, journal, seconds=seconds, think=options.think, kill_every=kill_every))
            judged = judge(stage.dsn, journal, options.overlap)
    print(f"{options.annotators} annotators, overlap {options.overlap}, {kills} kills · {seen.figures(seconds)}")
    print(judged)
    sys.exit(0 if judged.right and (options.kill or not seen.failures) else 1)


if __name__ == "__main__":
    main()
