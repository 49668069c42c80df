"""Packed files that attack: small ones that hold much, rows and pages too large, types and files that run code."""

import gzip
import io
import json
import os
import pickle
import subprocess
import time
import zipfile
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from app.examples.formats import NotThisFile
from app.examples.opening import open_file
from app.examples.unpacking import parent
from tests.examples.factories import Api, Jobs, chat, jsonl

SECONDS = 10
MEMORY = 512 * 1024  # kB


def table(columns: dict[str, Any], **options: Any) -> bytes:
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), buffer, **options)
    return buffer.getvalue()


def many_rows() -> bytes:
    """Three million rows of 300 bytes in a few kilobytes: one dictionary entry, repeated."""
    index = pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * 3_000_000, pyarrow.int32()), ["x" * 300])
    return table({"text": index}, compression="zstd", row_group_size=3_000_000)


def extension() -> bytes:
    kind = pyarrow.json_(pyarrow.string())
    return table({"text": pyarrow.ExtensionArray.from_storage(kind, pyarrow.array(["{}"]))})


def array_of_nothing() -> bytes:
    return gzip.compress(b"[" + b"{}," * 12_000_000 + b"{}]")


BOMBS = {
    "parquet, many rows": many_rows,
    "parquet, one long row": lambda: table(
        {"text": pyarrow.array(["x" * 450_000_000])}, compression="zstd", use_dictionary=False
    ),
    "gzip": lambda: gzip.compress(b"0" * 100_000_000),
    "gzip of an array": array_of_nothing,
    "yaml, aliases": lambda: "\n".join(
        ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
        + ["tests: [{vars: {q: *a9}}]"]
    ).encode(),
}


def _peak(pid: int) -> int:
    """The most memory that the process has had so far, in kB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's /proc")
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_time_and_in_bounds(tmp_path: Path, name: str, settings_env: None) -> None:
    path = tmp_path / "upload"
    path.write_bytes(BOMBS[name]())
    asked = parent._asked(path, "tests.yaml" if "yaml" in name else "", "auto", parent.LOOK_SECONDS)
    begun, peak = time.monotonic(), 0
    with subprocess.Popen(parent._command(asked), env=parent.environment(), stdout=subprocess.PIPE) as child:
        while child.poll() is None and time.monotonic() - begun < parent.LOOK_LIMIT:
            peak = max(peak, _peak(child.pid))
            time.sleep(0.01)
        child.kill()
        said = child.stdout.read() if child.stdout else b""
    assert time.monotonic() - begun < SECONDS
    assert "kinds" not in json.loads(said or b"{}")
    assert 0 < peak < MEMORY


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (os.system, ("touch /tmp/holdout-was-here",))


def saved_model() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("data.pkl", pickle.dumps(Evil()))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (extension(), "extension type"),
        (pickle.dumps(Evil()), "pickle"),
        (gzip.compress(pickle.dumps(Evil())), "pickle"),
        (saved_model(), "ZIP archive"),
        (b"\x93NUMPY\x01\x00", "NumPy"),
        (gzip.compress(gzip.compress(b'{"a":1}')), "compressed twice"),
        (gzip.compress(b'{"a":1}\n')[:-6], "gzip file is broken"),
        (gzip.compress(b""), "empty"),
        (table({f"c{n}": [1] for n in range(1_500)}), "1,500 columns"),
        (b"PAR1" + b"\xff" * 100 + b"PAR1", "parquet file cannot be read"),
        (b"[" * 100_000, "too deep"),
        (b'[{"a":' + b"9" * 5_000 + b"}]", "too many digits"),
        (b'[{"a":"' + b"x" * 17_000_000 + b'"}]', "longer than 16 MB"),
        (b'[{"a":"\xff"}]', "not UTF-8"),
    ],
    ids=lambda given: given if isinstance(given, str) else "file",  # gzip writes the time into it
)
def test_what_is_not_opened_is_refused_by_name(tmp_path: Path, content: bytes, reason: str, settings_env: None) -> None:
    path = tmp_path / "upload"
    path.write_bytes(content)
    with pytest.raises(NotThisFile, match=reason):
        open_file(path)
    assert not Path("/tmp/holdout-was-here").exists()


def test_yaml_makes_no_objects(tmp_path: Path, settings_env: None) -> None:
    path = tmp_path / "upload"
    path.write_bytes(b"tests: !!python/object/apply:os.system ['touch /tmp/holdout-was-here']\n")
    with pytest.raises(NotThisFile, match="YAML file cannot be read"):
        open_file(path, name="tests.yaml")
    assert not Path("/tmp/holdout-was-here").exists()


def test_the_child_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDOUT_SECRET_KEY", "canary" * 8)
    assert not any("canary" in value for value in parent.environment().values())


def test_a_bomb_by_the_api_is_a_plain_refusal(api: Api) -> None:
    answer = api.upload("/imports", gzip.compress(b"0" * 60_000_000), "rows.jsonl.gz")
    assert answer.status_code == 413
    assert "Unpacked, the file holds more than" in answer.json()["detail"]
    assert api.upload("/imports/preview", table({"a": [1]}, compression="zstd")[:60], "a.parquet").status_code == 422
    assert api.get("/imports").json()["items"] == []


def test_a_packed_import_reads_to_its_end_and_leaves_nothing(api: Api, run_jobs: Jobs) -> None:
    from app.core.settings import get_settings

    rows = [chat(f"Request {number}") for number in range(1_500)]
    report = api.imported(run_jobs, gzip.compress(jsonl(*rows, b"{")), "rows.jsonl.gz")
    assert (report["status"], report["imported"], report["rejected_count"]) == ("succeeded", 1_500, 1)
    assert (report["format"], report["container"]) == ("openai_chat", "gzip")
    assert report["progress"]["done"] == report["progress"]["total"]
    assert list(get_settings().uploads.iterdir()) == []


def test_a_file_that_takes_longer_is_looked_at_in_part_and_unpacked_by_the_worker(
    api: Api, run_jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parent, "LOOK_SECONDS", 0.000_001)
    rows = [chat(f"Request {number}") for number in range(2_000)]
    report = api.imported(run_jobs, gzip.compress(jsonl(*rows)), "rows.jsonl.gz")
    assert (report["status"], report["imported"], report["rejected_count"]) == ("succeeded", 2_000, 0)
