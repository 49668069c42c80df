"""Which device trains, and what a GPU machine may lack. No GPU is needed here: ``benchmarks/cuda.py`` is for one."""

import importlib.util
import os
import shutil
import sys
from pathlib import Path

import pytest

from app.engine import facts
from app.engine.train import show_one_device, spare_triton

pytestmark = pytest.mark.engine


@pytest.mark.parametrize(
    ("device", "given", "seen"),
    [
        ("auto", None, "0"),
        ("cuda", "2,3", "2"),
        ("cuda", "GPU-5e2,GPU-9c1", "GPU-5e2"),
        ("auto", "", ""),  # a scheduler gave it none
        ("cpu", None, ""),
        ("cpu", "0,1", ""),
    ],
)
def test_a_training_process_sees_one_gpu_at_most(
    monkeypatch: pytest.MonkeyPatch, device: str, given: str | None, seen: str
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given or "")
    if given is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    show_one_device(device)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == seen


@pytest.mark.parametrize("missing", ["compiler", "part of the compiler", "headers", None])
def test_triton_counts_as_absent_where_it_could_not_compile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, missing: str | None
) -> None:
    (tmp_path / "triton.py").touch()
    compiler = tmp_path / "gcc"
    compiler.write_text('#!/bin/sh\nfor a; do case "$a" in -I*) exec cat "${a#-I}/Python.h" ;; esac; done\n')
    compiler.chmod(0o755)
    if missing == "part of the compiler":
        compiler.write_text("#!/bin/sh\nexit 1\n")
    if missing != "headers":
        (tmp_path / "Python.h").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(sys.modules, "triton", None)  # put back afterwards as it was
    monkeypatch.delitem(sys.modules, "triton")
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: None if missing == "compiler" else str(compiler))
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    spare_triton()
    assert (importlib.util.find_spec("triton") is None) == (missing is not None)


@pytest.mark.parametrize(
    ("device", "build", "gpus"), [("auto", "2.13.0", 2), ("auto", "2.13.0+cpu", 0), ("cpu", "2.13.0", 0)]
)
def test_gpus_count_where_pytorch_can_use_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, device: str, build: str, gpus: int
) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'NVIDIA H100 80GB HBM3, 81559'\necho 'Tesla, T4, 15360'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(facts, "version", lambda name: build)
    found = facts.machine_facts(device, 2)
    assert found["device"] == ("cuda" if gpus else "cpu")
    assert [gpu["name"] for gpu in found["gpus"]] == ["NVIDIA H100 80GB HBM3", "Tesla, T4"][:gpus]
    assert not gpus or found["gpus"][0]["memory_bytes"] == 81_559 * 2**20
