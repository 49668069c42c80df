"""Does DPO from 60 votes move the reward margin? The small model, pairs that prefer one short label to a chatty answer.

    python -m benchmarks.dpo [--data FILE] [--home DIR] [--pairs 60] [--validation 12]

Starts an engine and drives it with the stock ``openai`` client. A pair prefers the expected label of a clinc150 message
to a polite sentence that names another one. Printed: the margin and the share of pairs ordered rightly on validation
pairs before and after training. Exit status 1 unless both the loss fell and the margin rose.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.clinc150_lora import BASE, INTENTS, ROOT, chat, engine, load


def main() -> int:
    options = parse()
    train, test = load(options.data, -(-options.pairs // len(INTENTS)), -(-options.validation // len(INTENTS)), 7)
    with engine(options.home) as client:
        files = [
            client.files.create(
                file=("pairs.jsonl", "\n".join(map(json.dumps, map(pair, rows))).encode()), purpose="fine-tune"
            ).id
            for rows in (train[: options.pairs], test[: options.validation])
        ]
        started = time.monotonic()
        job = client.fine_tuning.jobs.create(
            model=BASE,
            training_file=files[0],
            validation_file=files[1],
            method={"type": "dpo", "dpo": {"hyperparameters": {"n_epochs": options.epochs, "batch_size": 4}}},
            seed=7,
        )
        while job.status not in ("succeeded", "failed", "cancelled"):
            time.sleep(1)
            job = client.fine_tuning.jobs.retrieve(job.id)
        if job.status != "succeeded":
            sys.exit(f"The job {job.status}: {job.error}")
        events = list(client.fine_tuning.jobs.list_events(job.id, limit=1000))[::-1]
    metrics: list[Any] = [event.data for event in events if event.type == "metrics"]
    validations = [data for data in metrics if "learning_rate" not in data]
    for data in validations:
        print(
            f"step {data['step']:3}: validation loss {data['valid_loss']:.3f}, "
            f"reward margin {data['valid_reward_margin']:+.3f}, ordered rightly {data['valid_reward_accuracy']:.2f}"
        )
    first, last = validations[0], validations[-1]
    minutes, peak = (time.monotonic() - started) / 60, metrics[-1]["peak_memory_bytes"] / 2**30
    print(f"{options.pairs} pairs, {options.epochs} epochs, {minutes:.1f} minutes, {peak:.2f} GiB at most")
    moved = last["valid_reward_margin"] > first["valid_reward_margin"] and last["valid_loss"] < first["valid_loss"]
    return int(not moved)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared/data/clinc150/data_full.json")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--validation", type=int, default=12)
    parser.add_argument("--epochs", type=int, default=2)
    return parser.parse_args()


def pair(row: list[str]) -> dict[str, Any]:
    text, label = row
    other = INTENTS[(INTENTS.index(label) + 1) % len(INTENTS)]
    chatty = f"Thank you for your message! It sounds like this is about {other.replace('_', ' ')}."
    return {
        "input": {"messages": chat(text, [])},
        "preferred_output": [{"role": "assistant", "content": label}],
        "non_preferred_output": [{"role": "assistant", "content": chatty}],
    }


if __name__ == "__main__":
    sys.exit(main())
