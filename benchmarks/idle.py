"""What a core install costs at rest: seconds from `holdout up` to the first page, and memory of web and worker.

    python -m benchmarks.idle

Memory is the resident set (RSS) and, fairer where pages are shared, the proportional set (PSS) of each process.
"""

import time
import urllib.request

import psutil

from tests.journey.stack import Stack


def main() -> None:
    first = Stack("--no-engine")  # makes the database and the demo
    first.stop_only()
    started = time.monotonic()
    stack = Stack("--no-engine", home=first.home)
    urllib.request.urlopen(f"{stack.url}/sign-in").close()
    seconds = time.monotonic() - started
    time.sleep(5)
    total_rss = total_pss = 0.0
    for child in psutil.Process(stack.process.pid).children():
        part = next((word for word in child.cmdline() if word in ("web", "worker")), None)
        if part:
            memory = child.memory_full_info()
            total_rss, total_pss = total_rss + memory.rss / 1e6, total_pss + memory.pss / 1e6
            print(f"{part}: {memory.rss / 1e6:.0f} MB resident, {memory.pss / 1e6:.0f} MB proportional")
    print(f"web and worker: {total_rss:.0f} MB resident, {total_pss:.0f} MB proportional (goal: at most 250)")
    print(f"holdout up to the first page, second start: {seconds:.1f} s (goal: at most 10)")
    stack.stop()


if __name__ == "__main__":
    main()
