"""LoRA, QLoRA and full tuning of the small model on the same rows, and the engine against a plain trl script.

    python -m benchmarks.methods --run lora|qlora|full|engine|plain [--out DIR] [--data FILE] [--home DIR]
    python -m benchmarks.methods --evaluate lora|qlora|full [--out DIR] [--data FILE] [--home DIR]
    python -m benchmarks.methods --table [--out DIR]

Each ``--run`` takes minutes, trains once and leaves ``DIR/<run>.json``; a second one of the same adds its time there.
``--evaluate`` asks the model the held-out cases and adds the passes; ``--table`` prints what is there. Runs share one
``--home``, which keeps the models. The rows are banking intents of clinc150 (see ``clinc150_lora``), the cases those of
its test split. ``engine`` is a longer LoRA run of the engine, ``plain`` the same by ``plain_trl.py``, a script with
nothing of ours in it, of the same rows and hyperparameters: whole processes are compared, imports included, from launch
to the model on the disk. Run the two by turns, on a machine with nothing else to do. Exit status 1 when the engine's
median takes more than 1.1 times as long.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from app.core.stats.rates import wilson
from app.engine.precision import training_dtype
from benchmarks.clinc150_lora import ROOT, engine, evaluate, load, training_lines, tune

RUNS = ("lora", "qlora", "full", "engine", "plain")
METHODS = RUNS[:3]
#: Rows of each intent, and epochs: few, as a run has to end within minutes on two cores, where full tuning and 4 bits
#: take longest. Learning is not over after them.
SIZES = dict.fromkeys(METHODS, (3, 2)) | {"engine": (5, 3), "plain": (5, 3)}
TEST, BATCH, SEED = 6, 4, 7
LEARNING_RATE = {"lora": 1e-3, "qlora": 1e-3, "full": 1e-4}


def main() -> int:
    options = parse()
    options.out.mkdir(parents=True, exist_ok=True)
    if options.run:
        rows, _cases = load(options.data, SIZES[options.run][0], TEST, SEED)
        epochs, method = SIZES[options.run][1], "lora" if options.run == "engine" else options.run
        alone = options.run == "plain"
        found = plain(rows, epochs, options.home) if alone else by_engine(method, rows, epochs, options.home)
        path = options.out / f"{options.run}.json"
        before = json.loads(path.read_text())["seconds"] if path.exists() else []
        keep(path, found | {"seconds": [*before, found["seconds"]]})
    if options.evaluate:
        path = options.out / f"{options.evaluate}.json"
        trained = json.loads(path.read_text())
        _rows, cases = load(options.data, SIZES[options.evaluate][0], TEST, SEED)
        with engine(options.home) as client:
            passes = evaluate(client, trained["model"], cases, [])
        keep(path, trained | {"passes": sum(passes), "cases": len(passes)})
    return table(options.out) if options.table else 0


def keep(path: Path, found: dict[str, Any]) -> None:
    path.write_text(json.dumps(found))
    print(found)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", choices=RUNS)
    parser.add_argument("--evaluate", choices=METHODS)
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "holdout-methods")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared/data/clinc150/data_full.json")
    parser.add_argument("--home", type=Path, required=True, help="an engine's home that holds the small model already")
    return parser.parse_args()


def by_engine(kind: str, rows: list[list[str]], epochs: int, home: Path) -> dict[str, Any]:
    """One job of the engine: its model, how long it took, and the bytes it held at most and left."""
    method = {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": epochs, "batch_size": BATCH}}}
    adapter = {"type": kind, "learning_rate": LEARNING_RATE[kind]}
    with engine(home) as client:
        model, seconds, peak = tune(client, rows, method=method, extra_body={"adapter": adapter})
    folder = home / "tuned" / model.rpartition(":")[2]
    size = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    return {"model": model, "rows": len(rows), "seconds": seconds, "peak": peak, "size": size}


def plain(rows: list[list[str]], epochs: int, home: Path) -> dict[str, Any]:
    """The same LoRA run by trl alone."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "rows.jsonl"
        data.write_text("\n".join(json.dumps(line) for line in training_lines(rows)))
        base = home / "models" / "smollm2-135m-instruct"
        command = [sys.executable, str(Path(__file__).with_name("plain_trl.py")), str(base), str(data), folder]
        numbers = [str(epochs), str(BATCH), str(LEARNING_RATE["lora"]), str(SEED)]
        numbers.append(str(int(training_dtype(torch.cuda.is_available()) == torch.bfloat16)))  # as the engine chooses
        quiet = {"OMP_WAIT_POLICY": "PASSIVE", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
        started = time.monotonic()
        subprocess.run(["nice", "-n", "5", *command, *numbers], env=os.environ | quiet, check=True)  # as the engine's
        return {"seconds": time.monotonic() - started}


def table(folder: Path) -> int:
    runs = {name: json.loads(path.read_text()) for name in RUNS if (path := folder / f"{name}.json").exists()}
    print("smollm2-135m-instruct, {} rows of each of 12 intents, {} epochs".format(*SIZES["lora"]))
    for name in METHODS:
        if (run := runs.get(name)) and "passes" in run:
            rate, minutes = wilson(run["passes"], run["cases"]), statistics.median(run["seconds"]) / 60
            print(
                f"{name:6} {run['passes']}/{run['cases']} = {rate.value:.3f} [{rate.low:.3f}, {rate.high:.3f}]  "
                f"{minutes:.1f} min  peak {run['peak'] / 2**30:.2f} GiB  {run['size'] / 1e6:.0f} MB"
            )
    if not {"engine", "plain"} <= set(runs):
        return 0
    print("LoRA by the engine and by plain trl, {} rows of each intent, {} epochs".format(*SIZES["plain"]))
    ours, plain_trl = (statistics.median(runs[name]["seconds"]) for name in ("engine", "plain"))
    for name in ("engine", "plain"):
        print(f"{name}: " + ", ".join(f"{seconds:.1f}" for seconds in runs[name]["seconds"]) + " s")
    print(f"engine {ours:.1f} s, plain trl {plain_trl:.1f} s in the median: {ours / plain_trl:.2f} times")
    return int(ours / plain_trl > 1.1)


if __name__ == "__main__":
    sys.exit(main())
