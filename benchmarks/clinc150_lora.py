"""Does tuning beat prompting? LoRA on the small model against its own base, on 12 intents of clinc150.

    python benchmarks/clinc150_lora.py [--data FILE] [--home DIR] [--train-per-intent 15] [--test-per-intent 20]

Starts an engine of its own and drives it with the stock ``openai`` client. The base is measured twice, with the
labels listed in the prompt and with examples besides, and the better of the two is the one to beat. An answer
counts as right when the first label named in it is the expected one, for all alike, which favours the chatty base.
Exit status 1 when the interval of the paired difference does not lie above 0.
"""

import argparse
import json
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from openai import OpenAI

from app.core.stats.paired import paired_difference

BASE = "smollm2-135m-instruct"
INTENTS = (
    "balance",
    "bill_balance",
    "bill_due",
    "pay_bill",
    "transactions",
    "transfer",
    "card_declined",
    "freeze_account",
    "report_fraud",
    "pin_change",
    "interest_rate",
    "credit_score",
)
SYSTEM = "You route messages of bank customers. Answer with exactly one of these labels and nothing else: "
ROOT = Path(__file__).parents[1]

Chat = list[dict[str, str]]


def main() -> int:
    options = parse()
    train, test = load(options.data, options.train_per_intent, options.test_per_intent, options.seed)
    print(f"{len(INTENTS)} intents, {len(train)} training examples, {len(test)} held-out cases")
    with engine(options.home) as client:
        zero_shot = evaluate(client, BASE, test, [])
        few_shot = evaluate(client, BASE, test, one_each(train))
        show("base, labels listed", zero_shot)
        show("base, labels listed and one example of each", few_shot)
        model, seconds, peak = tune(client, train)
        tuned = evaluate(client, model, test, [])
        show("tuned, labels listed", tuned)
    base = max(zero_shot, few_shot, key=sum)
    found = paired_difference(base, tuned)
    print(
        f"difference to the better base: {found.difference:+.3f}, "
        f"95 % interval [{found.low:+.3f}, {found.high:+.3f}] (Tango), p = {found.p_value:.2g}, n = {found.n}"
    )
    print(f"training: {seconds / 60:.1f} minutes, peak memory of its process {peak / 2**30:.2f} GiB")
    return 0 if found.low is not None and found.low > 0 and seconds <= 600 else 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = ROOT.parent / "shared/data/clinc150/data_full.json"
    parser.add_argument("--data", type=Path, default=default, help="clinc150's data_full.json")
    parser.add_argument("--home", type=Path, help="the engine's home (default: a temporary one)")
    parser.add_argument("--train-per-intent", type=int, default=15)
    parser.add_argument("--test-per-intent", type=int, default=20)
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


def load(path: Path, train: int, test: int, seed: int) -> tuple[list[list[str]], list[list[str]]]:
    """Pairs of text and intent: from clinc150's own training split, and from its own test split."""
    data = json.loads(path.read_text())
    draw = random.Random(seed)
    parts = []
    for split, count in (("train", train), ("test", test)):
        rows = [
            row for intent in INTENTS for row in draw.sample([pair for pair in data[split] if pair[1] == intent], count)
        ]
        draw.shuffle(rows)
        parts.append(rows)
    seen = {text.strip().lower() for text, _ in parts[0]}
    return parts[0], [row for row in parts[1] if row[0].strip().lower() not in seen]


def one_each(rows: list[list[str]]) -> list[list[str]]:
    return [next(row for row in rows if row[1] == intent) for intent in INTENTS]


def chat(text: str, examples: Sequence[Sequence[str]]) -> Chat:
    messages = [{"role": "system", "content": SYSTEM + ", ".join(INTENTS)}]
    for question, answer in examples:
        messages += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return [*messages, {"role": "user", "content": text}]


def evaluate(client: OpenAI, model: str, cases: list[list[str]], examples: list[list[str]]) -> list[int]:
    """1 for each case that was answered right, 0 for the others."""

    def passes(case: list[str]) -> int:
        answer = client.chat.completions.create(
            model=model,
            messages=chat(case[0], examples),  # type: ignore[arg-type]
            temperature=0,
            max_tokens=24,
        )
        return int(first_label(answer.choices[0].message.content or "") == case[1])

    with ThreadPoolExecutor(32) as pool:
        return list(pool.map(passes, cases))


def first_label(answer: str) -> str | None:
    """The label that an answer names first; of two at one place the longer (``bill_balance``, not ``balance``)."""
    text = re.sub(r"[\s_-]+", "_", answer.lower())
    places = [(text.find(label), -len(label), label) for label in INTENTS if label in text]
    return min(places)[2] if places else None


def training_lines(rows: list[list[str]]) -> list[dict[str, Chat]]:
    return [{"messages": [*chat(text, []), {"role": "assistant", "content": label}]} for text, label in rows]


def tune(client: OpenAI, rows: list[list[str]], **fields: Any) -> tuple[str, float, int]:
    """The tuned model's name, the training's seconds from launch to model, and its peak memory in bytes.

    ``fields`` go into the job, such as its method."""
    body = "\n".join(json.dumps(line) for line in training_lines(rows)).encode()
    file = client.files.create(file=("clinc150.jsonl", body), purpose="fine-tune")
    started = time.monotonic()
    job = client.fine_tuning.jobs.create(model=BASE, training_file=file.id, suffix="clinc150", seed=7, **fields)
    print(f"hyperparameters: {job.hyperparameters.to_dict()}, {job.adapter}")
    while job.status not in ("succeeded", "failed", "cancelled"):
        time.sleep(1)
        job = client.fine_tuning.jobs.retrieve(job.id)
    seconds = time.monotonic() - started
    if job.fine_tuned_model is None:
        sys.exit(f"The job {job.status}: {job.error}")
    metrics: list[Any] = [
        event.data for event in client.fine_tuning.jobs.list_events(job.id, limit=1000) if event.type == "metrics"
    ]
    return job.fine_tuned_model, seconds, max(int(data["peak_memory_bytes"]) for data in metrics)


def show(name: str, passes: list[int]) -> None:
    print(f"{name}: {sum(passes)}/{len(passes)} = {sum(passes) / len(passes):.3f}", flush=True)


@contextmanager
def engine(home: Path | None) -> Iterator[OpenAI]:
    """An engine on a free port, with the small model ready."""
    with tempfile.TemporaryDirectory(prefix="holdout-engine-") as temporary:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "app.engine", "--home", str(home or temporary), "--port", str(port)]
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})
        client = OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none", max_retries=0, timeout=600)
        try:
            wait(client, process)
            yield client
        finally:
            process.terminate()
            process.wait(30)


def wait(client: OpenAI, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            client.chat.completions.create(model=BASE, messages=[{"role": "user", "content": "Hello"}], max_tokens=1)
            return
        except Exception as error:
            if getattr(error, "status_code", 0) not in (0, 503):
                raise
            time.sleep(0.5)
    sys.exit("The engine did not start.")


if __name__ == "__main__":
    sys.exit(main())
