"""The engine's methods on the device of this machine: does each train, how fast, in how much memory, is it served?

    python -m benchmarks.cuda [--device auto|cpu|cuda] [--base NAME] [--parts methods,…] [--rows N] [--out FILE]

Starts engines of its own, as ``holdout engine`` does, and drives them with the stock ``openai`` client: no database, no
network. ``--base`` is one of the engine's own models (smollm2-135m-instruct, tiny-random-llama), or random-200m and
random-1b: Llama shapes with random weights, made on the spot, for times and memory. The rows are made up, and sort
requests into queues.

Parts, each printed when it is done, each alone able to fail:

- ``methods``: LoRA, QLoRA, full tuning and DPO, one row each, beside what the launch page would have reckoned for
  memory; whether the result answers, merged or whole too, and answers the same.
- ``serving``: tokens a second at 1, 8 and 16 requests, with adapters mixed in a batch, and what serving keeps.
- ``two``: the LoRA job in two engines at once.
- ``killed``: LoRA, QLoRA and full tuning in three engines at once, each ended by SIGKILL after its first checkpoint and
  started again; their losses beside those of the undisturbed runs.
- ``no-room``: a job on a GPU that another process has filled fails with a word about it; serving goes on.
- ``same``: the tiny model on the CPU and on the device, losses side by side. Only on a GPU.

Exit status 1 when a part failed.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

from app.finetunes.memory import estimate, shape_from
from benchmarks.cuda_parts import GIB, Engine, Meter, Report, device_facts, make_random

PARTS = ("methods", "serving", "killed", "two", "same", "no-room")
METHODS = ("lora", "qlora", "full", "dpo")
LIBRARIES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "bitsandbytes")
#: hidden, inner, layers, heads, heads of keys, vocabulary
RANDOM = {"random-200m": (1024, 2816, 12, 16, 8, 49_152), "random-1b": (2048, 5632, 22, 32, 4, 32_000)}
QUEUES = {
    "billing": ("the invoice shows the wrong amount", "we were charged twice", "the receipt lacks our tax number"),
    "access": ("nobody on the team can sign in", "the reset link has expired", "the second factor is on an old phone"),
    "exports": ("the download stops halfway", "the report lacks a column", "dates come out in another order"),
    "limits": ("calls are refused since noon", "the quota is used up too early", "we need more seats next month"),
}
PADDING = "Thank you for looking into this. We have had it since the update, on two machines, and it is not urgent. "
SEED = 7


def main() -> int:
    options = parse()
    until = time.monotonic() + 60 * options.minutes
    with tempfile.TemporaryDirectory(prefix="holdout-cuda-") as folder, options.out.open("a") as out:
        report = Report(out)
        bench = Bench(Path(folder), options, report)
        try:
            bench.prepare()
            for part in options.parts:
                if time.monotonic() > until:
                    report.failed.append(f"{part} (no time left)")
                    continue
                began = time.monotonic()
                with report.guard(part, bench.logs):
                    getattr(bench, part.replace("-", "_"))()
                report(f"-- {part}: {time.monotonic() - began:.0f} s")
        finally:
            bench.close()
        report("failed: " + ", ".join(report.failed) if report.failed else "all parts passed")
    return int(bool(report.failed))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--base", default="random-200m")
    parser.add_argument("--parts", type=lambda text: text.split(","), default=list(PARTS))
    parser.add_argument("--methods", type=lambda text: text.split(","), default=list(METHODS))
    parser.add_argument("--rows", type=int, default=160)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--minutes", type=float, default=60, help="no part begins after these")
    parser.add_argument("--padding", type=int, default=4, help="sentences that make the rows longer")
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "holdout-cuda.txt")
    options = parser.parse_args()
    if unknown := {*options.parts} - {*PARTS} | {*options.methods} - {*METHODS}:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    return options


class Bench:
    """What the parts share: the first engine, the base and the runs of ``methods``."""

    def __init__(self, folder: Path, options: argparse.Namespace, report: Report) -> None:
        self.folder, self.options, self.report = folder, options, report
        self.engines: list[Engine] = []
        self.runs: dict[str, dict[str, Any]] = {}
        self.warned: list[str] = []
        self.chats, self.cases = rows(options.rows, options.padding, 0), rows(16, options.padding, 1)
        self.device, dtype, about = device_facts(options.device)
        self.on_gpu = self.device != "cpu"
        self.meter = Meter(self.on_gpu)
        report(f"{about}; {dtype}; {', '.join(f'{name} {version(name)}' for name in LIBRARIES)}")

    def prepare(self) -> None:
        began = time.monotonic()
        self.engine = self.start("first")
        self.report(f"engine up in {time.monotonic() - began:.1f} s")
        self.base = self._base(self.options.base)

    def _base(self, name: str) -> str:
        began = time.monotonic()
        if name in RANDOM:
            make_random(self.engine.home / "models" / name, RANDOM[name])
        else:
            self.engine.preview(name, "lora", [])  # has the engine make it
        self.report(f"base {name} ready in {time.monotonic() - began:.1f} s")
        return name

    def start(self, name: str, device: str | None = None) -> "Engine":
        home = self.folder / name
        if name != "first":
            (home / "models").mkdir(parents=True)
            for base in (self.folder / "first" / "models").glob("[a-z]*"):
                (home / "models" / base.name).symlink_to(base)
        engine = Engine(home, device or self.options.device)
        self.engines.append(engine)
        engine.start()
        return engine

    def end(self, engine: "Engine") -> None:
        engine.stop()
        self.engines.remove(engine)

    def close(self) -> None:
        for engine in self.engines:
            engine.stop()
        self.meter.close()

    def logs(self) -> str:
        """The ends of the logs that were written to last."""
        found = [*self.folder.glob("*/jobs/*/train.log"), *self.folder.glob("*/engine.log")]
        newest = sorted(found, key=lambda path: path.stat().st_mtime)[-2:]
        return "".join(f"\n{path}:\n{path.read_text(errors='replace')[-2500:]}" for path in newest)

    def launch(self, engine: "Engine", method: str, base: str | None = None, **settings: Any) -> str:
        """The id of a job of one method on the rows of this run."""
        pairs = method == "dpo"
        numbers = {"n_epochs": self.options.epochs, "batch_size": self.options.batch} | settings
        kind = "dpo" if pairs else "supervised"
        files = [engine.upload([as_pair(row) if pairs else row for row in part]) for part in (self.chats, self.cases)]
        return engine.create(
            model=base or self.base,
            training_file=files[0],
            validation_file=files[1],
            method={"type": kind, kind: {"hyperparameters": numbers}},
            extra_body={"adapter": {"type": "lora" if pairs else method}},
            seed=SEED,
        )

    # Parts

    def methods(self) -> None:
        self.report(
            "method  device  steps  whole s  training s  rows/s  tok/s  loss first → last   valid first → last  "
            "peak GiB (of the driver)  reckoned GiB  answers"
        )
        for method in self.options.methods:
            with self.report.guard(method, self.logs):
                self.runs[method] = self._method(method)
                self.report(self.runs[method]["line"])

    def _method(self, method: str) -> dict[str, Any]:
        pairs = method == "dpo"
        kind = "lora" if pairs else method
        sample = [as_pair(row) if pairs else row for row in self.chats]
        reckoned = self._reckoned(self.engine.preview(self.base, kind, sample, pairs), kind, pairs)
        self.meter.restart()
        began = time.monotonic()
        job = self.engine.wait(self.launch(self.engine, method))
        seconds = time.monotonic() - began
        held = self.meter.grown()
        curve, valid = self.engine.curve(job.id)
        last = curve[-1]
        speed = sorted(data["tokens_per_second"] for data in curve[len(curve) // 4 :])
        peak = max(data["peak_memory_bytes"] for data in curve)
        self._warnings(job.id)
        answers = self._answers(job.fine_tuned_model, kind, elsewhere=not pairs)
        line = (
            f"{method:7} {self.device:7} {len(curve):5} {seconds:8.1f} {last['seconds']:11.1f} "
            f"{self.options.rows * self.options.epochs / last['seconds']:7.1f} {speed[len(speed) // 2]:6.0f} "
            f"{curve[0]['train_loss']:8.4f} → {last['train_loss']:.4f}   "
            f"{valid[0]['valid_loss']:8.4f} → {valid[-1]['valid_loss']:.4f}   "
            f"{peak / GIB:6.2f} ({held / GIB:.2f})   {reckoned / GIB:10.2f}   {answers}"
        )
        if pairs:
            line += f"; reward margin {curve[0]['reward_margin']:.3f} → {last['reward_margin']:.3f}"
        if last["train_loss"] >= curve[0]["train_loss"]:
            raise RuntimeError(f"the loss did not fall\n{line}")
        return {"line": line, "model": job.fine_tuned_model, "seconds": seconds, "curve": curve}

    def _warnings(self, job: str) -> None:
        """What libraries warned of, once each."""
        log = (self.engine.home / "jobs" / job / "train.log").read_text(errors="replace")
        for line in dict.fromkeys(line.strip()[-300:] for line in log.splitlines() if "arning:" in line):
            if line not in self.warned:
                self.warned.append(line)
                self.report(f"  warned: {line}")

    def _reckoned(self, preview: dict[str, Any], kind: str, pairs: bool) -> float:
        shape, longest = shape_from(preview["base"]), preview["counts"]["longest_row"]
        assert shape is not None, preview["base"]
        assert (preview["machine"]["device"] != "cpu") == self.on_gpu, preview["machine"]
        return estimate(
            shape, kind, batch=self.options.batch, length=longest, pairs=pairs, checkpointing=self.on_gpu
        ).total

    def _answers(self, model: str, kind: str, elsewhere: bool) -> str:
        """How many cases the tuned model answers as expected, and whether its weights ``elsewhere`` answer the same."""
        given = self.engine.ask_all([model] * len(self.cases), self.cases)
        right = sum(answer == row["messages"][-1]["content"] for answer, row in zip(given, self.cases, strict=True))
        if not elsewhere:
            return f"{right}/{len(given)} right"
        name = f"{self.base}-{kind}-{len(list((self.engine.home / 'models').iterdir()))}"
        began = time.monotonic()
        self.engine.unpack(model, self.engine.home / "models" / name, merged=kind != "full")
        seconds = time.monotonic() - began
        again = self.engine.ask_all([name] * len(self.cases), self.cases)
        same = sum(one == two for one, two in zip(given, again, strict=True))
        what = "whole" if kind == "full" else "merged"
        return f"{right}/{len(given)} right, {what} in {seconds:.1f} s, {same}/{len(given)} the same"

    def serving(self) -> None:
        self.meter.restart()
        self.engine.ask_all([self.base], self.cases[:1])
        parts = []
        for count in (1, 8, 16):
            began = time.monotonic()
            tokens = self.engine.tokens([self.base] * count, self.cases, 64)
            parts.append(f"{tokens / (time.monotonic() - began):.0f} tokens/s at {count}")
        self.report(f"serving {self.base}: {', '.join(parts)}")
        tuned = [run["model"] for method, run in self.runs.items() if method != "full"]
        if tuned:
            models = [[*tuned, self.base][index % (len(tuned) + 1)] for index in range(len(self.cases))]
            mixed = self.engine.ask_all(models, self.cases)
            alone = [self.engine.ask_all([model], [row])[0] for model, row in zip(models, self.cases, strict=True)]
            same = sum(one == two for one, two in zip(mixed, alone, strict=True))
            self.report(
                f"{len(tuned)} adapters and the base mixed in a batch: {same}/{len(mixed)} answers as one by one"
            )
        self.report(
            f"memory while serving: {self.meter.grown() / GIB:.2f} GiB more; after it: {self.meter.processes()}"
        )

    def two(self) -> None:
        engines = [self.start(f"two-{number}") for number in range(2)]
        self.meter.restart()
        began = time.monotonic()
        with ThreadPoolExecutor(2) as pool:
            jobs = list(pool.map(lambda engine: engine.wait(self.launch(engine, "lora")), engines))
        seconds = time.monotonic() - began
        ends = [engine.curve(job.id)[0][-1] for engine, job in zip(engines, jobs, strict=True)]
        for engine in engines:
            self.end(engine)
        alone = f"{self.runs['lora']['seconds']:.1f} s" if "lora" in self.runs else "not measured"
        self.report(
            f"two LoRA jobs at once: {seconds:.1f} s whole, one alone {alone}; training {ends[0]['seconds']:.1f} and "
            f"{ends[1]['seconds']:.1f} s, losses {ends[0]['train_loss']:.4f} and {ends[1]['train_loss']:.4f}; "
            f"{self.meter.grown() / GIB:.2f} GiB of the device"
        )

    def killed(self) -> None:
        methods = [method for method in self.options.methods if method != "dpo"] or ["lora"]
        engines = {method: self.start(f"killed-{method}") for method in methods}
        jobs = {method: self.launch(engine, method) for method, engine in engines.items()}
        with ThreadPoolExecutor(len(methods)) as pool:
            steps = dict(pool.map(lambda m: (m, engines[m].kill_after_checkpoint(jobs[m])), methods))
            self.report(f"memory after SIGKILL: {self.meter.processes()}")
            for engine in engines.values():
                engine.start()
            ended = dict(pool.map(lambda m: (m, engines[m].wait(jobs[m])), methods))
        for method in methods:
            resumed = engines[method].resumed_from(jobs[method])
            curve = {data["step"]: data["train_loss"] for data in engines[method].curve(jobs[method])[0]}
            line = f"{method}: killed at step {steps[method]}, resumed from {resumed}, ended at {max(curve)}"
            if method in self.runs:
                undisturbed = {data["step"]: data["train_loss"] for data in self.runs[method]["curve"]}
                off = max(abs(loss - undisturbed[step]) for step, loss in curve.items() if step > resumed)
                line += (
                    f", loss {curve[max(curve)]:.4f}, undisturbed {undisturbed[max(curve)]:.4f}; at most {off:.4f} off"
                )
            answer = engines[method].ask_all([ended[method].fine_tuned_model], self.cases[:1])[0]
            self.report(f"{line}; it answers {answer[:60]!r}")
            self.end(engines[method])

    def no_room(self) -> None:
        if not self.on_gpu:
            self.report("no-room: only on a GPU")
            return
        code = (
            "import sys, torch; free, _ = torch.cuda.mem_get_info()\n"
            "held = torch.empty(free - 3 * 2**29, dtype=torch.uint8, device='cuda')\n"
            "print('held', flush=True); sys.stdin.read()"
        )
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen([sys.executable, "-c", code], **pipes) as other:  # type: ignore[call-overload]
            assert other.stdout.readline().strip() == b"held"
            ended = self.engine.wait(self.launch(self.engine, "full"), "failed")
            answers = self.engine.ask_all([self.base], self.cases[:1])
            self.report(f"no room: {ended.error.code}: {ended.error.message[:300]}; serving answers {len(answers)}")
            other.stdin.close()
        if ended.error.code != "out_of_memory":
            raise RuntimeError("the reason is not named")

    def same(self) -> None:
        if not self.on_gpu:
            self.report("same: only on a GPU")
            return
        engines = [self.start("same-cpu", "cpu"), self.start("same-gpu")]
        with ThreadPoolExecutor(2) as pool:
            jobs = list(
                pool.map(
                    lambda engine: engine.wait(self.launch(engine, "lora", base="tiny-random-llama", n_epochs=1)),
                    engines,
                )
            )
        curves = [engine.curve(job.id)[0] for engine, job in zip(engines, jobs, strict=True)]
        off = max(abs(one["train_loss"] - two["train_loss"]) for one, two in zip(*curves, strict=True))
        ends = " and ".join(f"{curve[0]['train_loss']:.4f} → {curve[-1]['train_loss']:.4f}" for curve in curves)
        self.report(
            f"tiny model, LoRA, on the CPU and on the device: {ends}; at most {off:.4f} off in {len(curves[0])} steps"
        )
        for engine in engines:
            self.end(engine)


def chat_row(question: str, answer: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


def rows(count: int, padding: int, seed: int) -> list[dict[str, Any]]:
    """Requests and the queue that each belongs to, of lengths that differ."""
    draw, found = random.Random(seed), []
    for _ in range(count):
        queue = draw.choice(sorted(QUEUES))
        number = draw.randrange(10_000)
        text = f"Ticket {number}: {draw.choice(QUEUES[queue])}. {PADDING * draw.randint(0, padding)}Which queue?"
        found.append(chat_row(text, f"It belongs to {queue}."))
    return found


def as_pair(row: dict[str, Any]) -> dict[str, Any]:
    asked, answer = row["messages"]
    return {
        "input": {"messages": [asked]},
        "preferred_output": [answer],
        "non_preferred_output": [{"role": "assistant", "content": "Please ask somebody else."}],
    }


if __name__ == "__main__":
    sys.exit(main())
