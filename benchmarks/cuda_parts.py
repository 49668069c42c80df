"""What ``cuda.py`` drives and looks through: engine processes, the GPU's memory, and a report as it goes."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
import traceback
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import psutil
from openai import OpenAI

ROOT = Path(__file__).parents[1]
GIB = 2**30


class Report:
    """Lines to the screen and to a file, as they come."""

    def __init__(self, out: TextIO) -> None:
        self.out = out
        self.failed: list[str] = []

    def __call__(self, line: str) -> None:
        print(line, flush=True)
        self.out.write(line + "\n")
        self.out.flush()

    @contextmanager
    def guard(self, what: str, logs: Callable[[], str]) -> Iterator[None]:
        """A failure is told, and does not end the rest."""
        try:
            yield
        except Exception:
            self.failed.append(what)
            self(f"FAILED {what}\n{traceback.format_exc()}{logs()}")


def device_facts(wanted: str) -> tuple[str, str, str]:
    """(device, number format, words), found by a process of its own: asking takes memory of a GPU."""
    code = (
        "import json, torch; from app.engine.precision import training_dtype\n"
        f"gpu = {wanted!r} != 'cpu' and torch.cuda.is_available()\n"
        "about = f'{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}' if gpu else 'CPU'\n"
        "print(json.dumps(['cuda' if gpu else 'cpu', str(training_dtype(gpu)), about]))"
    )
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    device, dtype, about = json.loads(said.strip().splitlines()[-1])
    return device, dtype, f"{about}, {os.cpu_count()} cores, Python {sys.version.split()[0]}"


def make_random(folder: Path, shape: Sequence[int]) -> None:
    """A Llama of this shape with random weights and the tiny model's tokenizer; in a process of its own, to end it."""
    hidden, inner, layers, heads, keys, vocabulary = shape
    code = (
        "import sys, torch; from pathlib import Path\n"
        "from transformers import LlamaConfig, LlamaForCausalLM\n"
        "from app.engine.convert import TEMPLATE; from app.engine.tiny import make_tiny\n"
        "folder = Path(sys.argv[1]); folder.mkdir(parents=True)\n"
        "make_tiny(folder, TEMPLATE.read_text()); torch.manual_seed(0)\n"
        f"config = LlamaConfig(hidden_size={hidden}, intermediate_size={inner}, num_hidden_layers={layers},\n"
        f"  num_attention_heads={heads}, num_key_value_heads={keys}, vocab_size={vocabulary}, dtype='bfloat16',\n"
        "  max_position_embeddings=8192, tie_word_embeddings=True, bos_token_id=1, eos_token_id=2, pad_token_id=2)\n"
        "LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)"
    )
    subprocess.run([sys.executable, "-c", code, str(folder)], cwd=ROOT, check=True)


class Engine:
    """One engine process on a free port."""

    def __init__(self, home: Path, device: str) -> None:
        self.home, self.device = home, device
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self.client = OpenAI(base_url=self.url, api_key="none", max_retries=0, timeout=300)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "app.engine", "--home", str(self.home), "--port", str(self.port)]
        path = os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH")) if part)
        environment = os.environ | {"HOLDOUT_ENGINE_PREPARE": "0", "PYTHONPATH": path}
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "engine.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--device", self.device], cwd=ROOT, env=environment, stdout=log, stderr=log
            )
        wait_for(self._answers, 60)

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, "the engine ended"
        try:
            self.client.models.list()
        except Exception:
            return False
        return True

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()

    def upload(self, lines: list[dict[str, Any]]) -> str:
        body = "\n".join(json.dumps(line) for line in lines).encode()
        return self.client.files.create(file=("rows.jsonl", body), purpose="fine-tune").id

    def create(self, **fields: Any) -> str:
        return self.client.fine_tuning.jobs.create(**fields).id

    def wait(self, id: str, status: str = "succeeded") -> Any:
        def ended() -> Any:
            job = self.client.fine_tuning.jobs.retrieve(id)
            return job if job.status in ("succeeded", "failed", "cancelled") else None

        job = wait_for(ended, 600)
        if job.status != status:
            raise RuntimeError(f"the job {job.status}: {job.error}")
        return job

    def _events(self, id: str) -> list[Any]:
        """Oldest first."""
        return list(self.client.fine_tuning.jobs.list_events(id, limit=100))[::-1]

    def curve(self, id: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """What was told after steps (of a repeated one the last), and after validations."""
        metrics = [event.data for event in self._events(id) if event.type == "metrics"]
        steps = {data["step"]: data for data in metrics if "learning_rate" in data}
        return [steps[step] for step in sorted(steps)], [data for data in metrics if "learning_rate" not in data]

    def resumed_from(self, id: str) -> int:
        said = [event.message for event in self._events(id) if event.message.startswith("Resuming from")]
        assert len(said) == 1, said
        return int(said[0].rstrip(".").rpartition("-")[2])

    def kill_after_checkpoint(self, id: str) -> int:
        """SIGKILL to the engine a few steps after a checkpoint; the step that was told last. Its children are gone."""
        wait_for(lambda: list(self.client.fine_tuning.jobs.checkpoints.list(id)), 300)
        step = next(iter(self.client.fine_tuning.jobs.checkpoints.list(id))).step_number
        wait_for(lambda: self.curve(id)[0][-1]["step"] > step + 1, 300)
        assert self.process is not None
        children = psutil.Process(self.process.pid).children(recursive=True)
        assert children, "no training process"
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(20)
        _gone, left = psutil.wait_procs(children, 20)
        assert not left, f"left behind: {left}"
        lines = (self.home / "jobs" / id / "events.jsonl").read_text().splitlines()
        told = [data["step"] for line in lines if "learning_rate" in (data := json.loads(line).get("data") or {})]
        return max(told)

    def preview(self, model: str, kind: str, lines: list[dict[str, Any]], pairs: bool = False) -> dict[str, Any]:
        body = {"model": model, "method": {"type": "dpo" if pairs else "supervised"}, "rows": lines, "show": 0}
        data = json.dumps(body | {"adapter": {"type": kind}}).encode()
        request = urllib.request.Request(
            f"{self.url}/fine_tuning/preview", data, {"Content-Type": "application/json"}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=300) as answer:
            found: dict[str, Any] = json.load(answer)
        assert not found["problems"], found["problems"]
        return found

    def ask_all(self, models: list[str], cases: list[dict[str, Any]]) -> list[str]:
        """Each case by its model, all at once."""
        with ThreadPoolExecutor(len(models)) as pool:
            answers = pool.map(lambda model, row: self._ask(model, row, 24), models, cases)
            return [answer.choices[0].message.content or "" for answer in answers]

    def tokens(self, models: list[str], cases: list[dict[str, Any]], most: int) -> int:
        with ThreadPoolExecutor(len(models)) as pool:
            answers = pool.map(lambda model, row: self._ask(model, row, most), models, cases)
            return sum(answer.usage.completion_tokens for answer in answers)

    def _ask(self, model: str, row: dict[str, Any], most: int) -> Any:
        return self.client.chat.completions.create(
            model=model, messages=row["messages"][:1], temperature=0, max_tokens=most
        )

    def unpack(self, model: str, folder: Path, merged: bool) -> None:
        """The archive that the engine gives of a model, as a base of its own."""
        address = f"{self.url}/models/{model}/archive" + ("?merged=true" if merged else "")
        temporary = folder.with_name(f".{folder.name}")
        with (
            urllib.request.urlopen(address, timeout=300) as answer,
            tarfile.open(fileobj=answer, mode="r|") as tar,
        ):
            tar.extractall(temporary, filter="data")
        next(temporary.iterdir()).rename(folder)
        temporary.rmdir()


class Meter:
    """The memory of the first GPU that is taken by anyone, looked at five times a second; nothing without a GPU."""

    def __init__(self, on_gpu: bool) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._now = self._most = self._first = 0
        if on_gpu and shutil.which("nvidia-smi"):
            query = [*_QUERY, "--query-gpu=memory.used", "-lms", "200"]
            self._process = subprocess.Popen(query, stdout=subprocess.PIPE, text=True)
            threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        assert self._process is not None
        for line in self._process.stdout or ():
            if line.strip().isdecimal():
                self._now = int(line) * 2**20
                self._most = max(self._most, self._now)

    def restart(self) -> None:
        self._first = self._most = self._now

    def grown(self) -> int:
        """Bytes by which it has grown at most since then."""
        return self._most - self._first

    def processes(self) -> str:
        if self._process is None:
            return "no GPU"
        query = [*_QUERY, "--query-compute-apps=pid,used_memory"]
        said = subprocess.run(query, capture_output=True, text=True, check=False).stdout.split("\n")
        return f"{self._now / GIB:.2f} GiB in all; MiB by process: {'; '.join(filter(None, said)) or 'not told'}"

    def close(self) -> None:
        if self._process is not None:
            self._process.terminate()


_QUERY = ("nvidia-smi", "-i", "0", "--format=csv,noheader,nounits")


def wait_for(found: Callable[[], Any], seconds: float) -> Any:
    """The first true answer of ``found``."""
    until = time.monotonic() + seconds
    while not (answer := found()):
        if time.monotonic() > until:
            raise TimeoutError("it did not happen in time")
        time.sleep(0.1)
    return answer
