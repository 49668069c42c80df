"""What happens before the first command runs: finding a Python, lock files, the stamp, and failures in one line."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"
LOCKS = sorted(ROOT.glob("requirements*.lock"))

sys.path.insert(0, str(SCRIPTS))
from setup_errors import explain  # noqa: E402 (a script's module: not a package)


def run(*command: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, env=environment or None)


def fake_python(folder: Path, name: str, version: str, *, new_enough: bool) -> None:
    folder.mkdir(exist_ok=True)
    answer = f'[ "$1" = --version ] && echo "Python {version}" && exit 0\nexit {0 if new_enough else 1}\n'
    (folder / name).write_text(f"#!/bin/sh\n{answer}")
    (folder / name).chmod(0o755)


def test_an_old_python_is_passed_over_for_a_newer_one(tmp_path: Path) -> None:
    fake_python(tmp_path, "python3", "3.9.2", new_enough=False)
    fake_python(tmp_path, "python3.12", "3.12.1", new_enough=True)
    found = run("/bin/sh", SCRIPTS / "find-python.sh", PATH=str(tmp_path))
    assert found.stdout.strip() == str(tmp_path / "python3.12")


def test_the_named_python_comes_first(tmp_path: Path) -> None:
    fake_python(tmp_path, "python3", "3.11.2", new_enough=True)
    fake_python(tmp_path / "mine", "python9", "3.13.0", new_enough=True)
    mine = str(tmp_path / "mine" / "python9")
    assert run("/bin/sh", SCRIPTS / "find-python.sh", PATH=str(tmp_path), PYTHON=mine).stdout.strip() == mine


def test_only_an_old_python_gets_one_line(tmp_path: Path) -> None:
    fake_python(tmp_path, "python3", "3.9.2", new_enough=False)
    found = run("/bin/sh", SCRIPTS / "find-python.sh", PATH=str(tmp_path))
    assert found.returncode == 1
    assert found.stderr.count("\n") == 1
    assert "3.11 or newer and found Python 3.9.2" in found.stderr
    assert "apt install python3.11" in found.stderr


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A copy of what setting up needs, in a path with a space, with nothing installed."""
    folder = tmp_path / "a clone"
    shutil.copytree(SCRIPTS, folder / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    for path in ROOT.glob("requirements*"):
        shutil.copy(path, folder)
    return folder


def setup(clone: Path, *options: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    return run(python, "-I", "-S", clone / "scripts" / "setup.py", *options)


def test_without_the_venv_module_debians_package_is_named(clone: Path) -> None:
    script = clone / "scripts" / "setup.py"
    hide = "import importlib.util\nfind = importlib.util.find_spec\n"
    hide += "importlib.util.find_spec = lambda name: None if name == 'ensurepip' else find(name)\n"
    text = script.read_text()
    at = text.index("import fcntl")
    script.write_text(text[:at] + hide + text[at:])
    done = setup(clone)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "apt install python3-venv" in done.stderr
    assert not (clone / ".venv").exists()


def test_a_part_counts_as_installed_until_what_it_was_made_from_changes(clone: Path) -> None:
    assert setup(clone, "--check").returncode == 1
    make_stamped_venv(clone)
    assert setup(clone, "--check").returncode == 0
    assert setup(clone, "--check", "--test").returncode == 1  # another part
    with (clone / "requirements.lock").open("a") as lock:
        lock.write("# a change\n")
    assert setup(clone, "--check").returncode == 1


def test_a_stamp_from_another_folder_does_not_count(clone: Path) -> None:
    make_stamped_venv(clone)
    moved = clone.rename(clone.with_name("moved"))
    assert setup(moved, "--check").returncode == 1


def make_stamped_venv(clone: Path) -> None:
    """A venv whose stamp says that the core is installed, written by the script's own functions."""
    (clone / ".venv" / "bin").mkdir(parents=True)
    (clone / ".venv" / "bin" / "python").symlink_to(sys.executable)
    code = "import setup; setup.remember('requirements.lock', setup.checksum_of(setup.CORE_LOCK))"
    subprocess.run([sys.executable, "-c", code], cwd=clone / "scripts", check=True)


def test_the_command_runs_by_the_python_beside_it(clone: Path) -> None:
    """From a path with a space, and by a link from elsewhere."""
    (clone / ".venv" / "bin").mkdir(parents=True)
    (clone / ".venv" / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
    python = clone / ".venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\necho "mine: $2"\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (clone / "app").mkdir()
    (clone / "app" / "__init__.py").touch()  # else the real one, installed beside this Python, would win
    (clone / "app" / "cli.py").write_text("import sys\ndef main(): print(sys.argv[1:]); return 3\n")
    subprocess.run([sys.executable, "-c", "import setup; setup.install_project()"], cwd=clone / "scripts", check=True)
    link = clone / "elsewhere"
    link.symlink_to(clone / ".venv" / "bin" / "holdout")
    done = run(link, "one", "two words", PYTHONPATH=str(clone), PATH=os.environ["PATH"])
    assert done.stdout == "mine: one\n['one', 'two words']\n"
    assert done.returncode == 3
    [path_file] = clone.glob(".venv/lib/python3.11/site-packages/holdout.pth")
    assert path_file.read_text() == f"{clone}\n"


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("error: Failed to write to `x.whl`: No space left on device (os error 28)", "disk is full"),
        ("error: Failed to fetch: x\n  cause: dns error: failed to lookup address", "could not be fetched"),
        (
            "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError'\n"
            "ERROR: No matching distribution found for anyio==4.16.0",
            "could not be fetched",
        ),
        ("error: command 'gcc' failed: No such file or directory", "build-essential"),
        ("error: unable to execute 'x86_64-linux-gnu-gcc': No such file or directory", "build-essential"),
        ("ERROR: No matching distribution found for torch==2.13.0", "no torch==2.13.0 for this Python"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "does not match its checksum"),
        ("[Errno 13] Permission denied: '/srv/clone/.venv/bin/python'", "The first one: /srv/clone/.venv/bin/python"),
        ("something else\nthe last words\n", "Setting up failed: the last words"),
        ("", "no reason given"),
    ],
)
def test_a_failure_is_one_line_that_says_what_to_do(output: str, expected: str) -> None:
    said = str(explain(output, Path("/srv/clone"), Path("/srv/clone/.venv/setup.log")))
    assert expected in said
    assert "\n" not in said


def test_locks_pin_every_package_by_checksum_and_name_no_place() -> None:
    assert [lock.name for lock in LOCKS] == ["requirements-setup.lock", "requirements-test.lock", "requirements.lock"]
    for lock in LOCKS:
        text = lock.read_text()
        packages = re.split(r"^(?=[a-z0-9])", text, flags=re.M)[1:]
        assert packages
        for package in packages:
            assert re.match(r"[\w.-]+==\S+", package), package
            assert "--hash=sha256:" in package, package
        assert not re.search(r"://|--(extra-)?index-url|--find-links|@ |/\w+/", text)


def test_locks_hold_what_the_project_asks_for_and_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    core, test = (pins(ROOT / name) for name in ("requirements.lock", "requirements-test.lock"))
    assert core.items() <= test.items()
    for wanted, lock in ((project["dependencies"], core), (project["optional-dependencies"]["test"], test)):
        names = {re.split(r"[\[<>=~!; ]", requirement)[0] for requirement in wanted}
        assert names <= lock.keys()


def pins(lock: Path) -> dict[str, set[str]]:
    """Versions by name; a package may have one for each Python."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9.-]+)==(\S+)", lock.read_text(), flags=re.M):
        found.setdefault(name, set()).add(version)
    return found


def test_the_engines_requirements_are_those_of_its_extra() -> None:
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["engine"]
    lines = (ROOT / "requirements-engine.txt").read_text().splitlines()
    assert sorted(extra) == sorted(line for line in lines if not line.startswith("#"))
