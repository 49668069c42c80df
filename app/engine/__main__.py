"""``python -m app.engine``: the engine without the rest of Holdout."""

import argparse
import os
from pathlib import Path

from app.engine.main import serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m app.engine", description="Local training and inference")
    parser.add_argument("--home", type=Path, required=True, help="where files, jobs and models are kept")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8401)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument(
        "--ray", default=os.environ.get("HOLDOUT_ENGINE_RAY"), help="a Ray head's dashboard to train at"
    )
    parser.add_argument("--ray-cpus", type=int, default=int(os.environ.get("HOLDOUT_ENGINE_RAY_CPUS", "1")))
    options = parser.parse_args()
    # The key comes from the environment: a command line can be read by every user of the machine.
    key = os.environ.get("HOLDOUT_ENGINE_KEY")
    serve(options.host, options.port, options.device, options.home, key, options.ray, options.ray_cpus)


if __name__ == "__main__":
    main()
