"""The promises of curation about speed, one after another, each beside the database's own limit in the same run.

    python -m benchmarks.curation [--rows 100000] [--large 1000000]

Import, pages, near-duplicate scan, and decisions with the next example; see each script for what it measures. Nothing
else should run on the machine meanwhile. A ``--large`` of 0 leaves the second size of the pages out.
"""

import argparse
import subprocess
import sys


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    asked = parser.parse_args()
    steps = (
        ("import_rows", [str(asked.rows)]),
        ("pages", [str(asked.rows), str(asked.large)]),
        ("near_duplicates", ["--rows", str(asked.rows), "--time-only"]),
        ("review_queue", []),
    )
    failed = 0
    for name, arguments in steps:
        print(f"\n=== {name} {' '.join(arguments)}", flush=True)
        failed += subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *arguments], check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
