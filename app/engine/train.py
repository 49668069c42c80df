"""The training process: ``python -m app.engine.train JOBDIR``.

Reads ``spec.json``; writes events, checkpoints, ``model/`` and, last of all, ``result.json`` — or
``failure.json``. Ends with 0, with 75 when it was paused, with 1 when it failed.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.engine.child import die_with_engine
from app.engine.encoding import encode_file
from app.engine.pause import PAUSED, PauseFlag
from app.engine.rows import BadFile
from app.engine.storage import read_json, write_json

#: How long a process of the same job, left behind by a cluster, is given to end.
LOCK_SECONDS = 120.0


def check_unchanged(spec: dict[str, Any]) -> None:
    """What is trained on must be the bytes that were uploaded."""
    for field, file in spec["files"].items():
        with Path(file["path"]).open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != file["sha256"]:
                raise BadFile(field, f"The {field.replace('_', ' ')} is not what was uploaded: its hash differs.")


def show_one_device(device: str) -> None:
    """Before PyTorch is imported: one GPU at most is there for it. trl refuses to train where it sees several."""
    visible = "" if device == "cpu" else os.environ.get("CUDA_VISIBLE_DEVICES", "0")
    os.environ["CUDA_VISIBLE_DEVICES"] = visible.split(",")[0]


def spare_triton() -> None:
    """On a GPU trl computes its loss by kernels that Triton compiles when they are first used, which takes a C compiler
    and Python's headers. Where these do not do, Triton counts as not installed: trl then does the same in PyTorch."""
    if not _compiles():
        sys.modules.setdefault("triton", None)  # type: ignore[arg-type]


def _compiles() -> bool:
    compiler = os.environ.get("CC") or shutil.which("gcc") or shutil.which("clang")
    if not compiler:
        return False
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "tried.c")
        program.write_text("#include <Python.h>\n")
        command = [compiler, str(program), "-shared", "-fPIC", f"-I{sysconfig.get_path('include')}"]
        done = subprocess.run([*command, "-o", f"{folder}/tried.so"], capture_output=True, check=False)  # noqa: S603
        return done.returncode == 0


def run(folder: Path, pause: PauseFlag) -> int:
    """Train; answers the exit status."""
    spec = read_json(folder / "spec.json")
    check_unchanged(spec)
    show_one_device(spec["device"])
    if spec["device"] != "cpu":
        spare_triton()
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(spec["base"])
    if not tokenizer.chat_template:
        raise ValueError(f"{spec['model']} has no chat template, so it cannot be tuned on chats.")
    examples = {
        field: encode_file(Path(file["path"]), tokenizer, spec["context"], field, spec["method"])
        for field, file in spec["files"].items()
    }
    if pause.requested:
        return PAUSED
    from app.engine.trainer import train

    return 0 if train(folder, spec, tokenizer, examples, pause) else PAUSED


def main() -> int:
    die_with_engine()
    folder = Path(sys.argv[1])
    pause = PauseFlag(folder)
    os.nice(5)  # answering requests goes before training
    try:
        with alone(folder):
            return run(folder, pause)
    except BadFile as error:
        write_failure(folder, f"invalid_{error.field}", str(error), error.field)
    except MemoryError:
        write_failure(folder, "out_of_memory", "Memory ran out: try a smaller batch_size or shorter rows.")
    except Exception as error:
        traceback.print_exc()
        # torch's for the GPU; where a library of CUDA has asked for memory, a plain RuntimeError
        if type(error).__name__ == "OutOfMemoryError" or "CUDA error: out of memory" in str(error):
            write_failure(folder, "out_of_memory", f"GPU memory ran out: try a smaller batch_size. {error}")
        else:
            write_failure(folder, "training_failed", f"Training failed: {type(error).__name__}: {error}")
    return 1


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """At most one process trains a job: one that a cluster has lost sight of may still be about."""
    with (folder / "train.lock").open("a") as lock:
        until = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise RuntimeError("another process is still training this job") from None
                time.sleep(0.5)
        yield


def write_failure(folder: Path, code: str, message: str, param: str | None = None) -> None:
    write_json(folder / "failure.json", {"code": code, "message": message[:4000], "param": param})


if __name__ == "__main__":
    sys.exit(main())
