"""Does anything but the texts of a blind round tell which candidate is on the left?

    python -m benchmarks.leak_meter --pairs 1200

Serves so many pairs through the real app as JSON and HTML, and lets a classifier look at everything else. Then the same
with leaks planted in the database. Exits 1 if the first does better than chance (p <= 0.01) or a planted one is missed.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import psycopg
from fastapi.testclient import TestClient

from app.core import db
from app.core.migrate import migrate
from app.core.postgres import EmbeddedPostgres
from app.core.settings import get_settings
from tests.conftest import ORIGIN, the_app
from tests.factories import Factory
from tests.preferences.leak_meter import PLANTED, Meter, measure, serve
from tests.preferences.opened import Opened


def meter(pairs: int, seed: int, planted: tuple[str, ...]) -> Meter:
    with tempfile.TemporaryDirectory(prefix="holdout-leak-") as folder:
        home = Path(folder)
        home.chmod(0o711)
        with EmbeddedPostgres(home, durable=False) as server:
            os.environ |= {"HOLDOUT_HOME": str(home), "HOLDOUT_DATABASE_URL": server.dsn}
            forget()
            migrate(server.dsn)
            with db.session_factory()() as session, TestClient(the_app(), headers=ORIGIN) as client:
                client.follow_redirects = False
                opened = Opened(client, Factory(session), cases=pairs // 2 + 1, seed=seed)
                with psycopg.connect(server.dsn, autocommit=True) as owner:
                    for sql in planted:
                        owner.execute(sql)
                served = [one for person in (0, 1) for one in serve(opened, client, person)]
            forget()
    return measure(served)


def forget() -> None:
    db.forget_engine()
    get_settings.cache_clear()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1200)
    parser.add_argument("--seed", type=int, default=11, help="of the round: sides and order")
    options = parser.parse_args()
    found = meter(options.pairs, options.seed, ())
    print(f"as it is served: {found}", flush=True)
    right = found.p_value > 0.01
    for name, statements in PLANTED.items():
        leaky = meter(options.pairs, options.seed, statements)
        print(f"planted, {name}: {leaky}", flush=True)
        right = right and leaky.p_value <= 0.01
    sys.exit(0 if right else 1)


if __name__ == "__main__":
    main()
