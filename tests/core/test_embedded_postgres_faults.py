"""The embedded database when things go wrong: kills, full disks, other users, unreachable folders."""

import os
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from app.core.postgres import EmbeddedPostgres, EmbeddedPostgresError, attach

ROOT = Path(__file__).resolve().parents[2]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user or mount a small disk")

OWNER = """
import signal, sys, time, psycopg
from pathlib import Path
from app.core.postgres import EmbeddedPostgres
signal.signal(signal.SIGINT, signal.default_int_handler)  # tests that run in the background inherit it ignored
server = EmbeddedPostgres(Path(sys.argv[1]))
with psycopg.connect(server.start(), autocommit=True) as connection:
    connection.execute("create table if not exists kept (n int)")
    connection.execute("insert into kept values (1)")
    try:
        print(server.dsn, flush=True)
        time.sleep(600)
    except KeyboardInterrupt:
        print(connection.execute("select count(*) from kept").fetchone()[0], flush=True)
server.stop()
"""


@pytest.fixture
def owner(home: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Another process, leader of its own group, that runs the server; and the server's URL."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(home)], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    yield process, process.stdout.readline().strip()
    process.kill()
    process.wait()


def kept(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        row = connection.execute("select count(*) from kept").fetchone()
    assert row is not None
    return int(row[0])


def gone_within(seconds: float, serving: Callable[[], list[int]]) -> bool:
    end = time.monotonic() + seconds
    while serving() and time.monotonic() < end:
        time.sleep(0.02)
    return not serving()


def as_user(uid: int, action: Callable[[], object]) -> str:
    """Run ``action`` in a forked child with that user's rights; answers its result, or the error, as text.

    A fork, because another user may not be able to read this interpreter's files.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            text = str(action())
        except (EmbeddedPostgresError, psycopg.Error, OSError) as error:
            text = f"{type(error).__name__}: {error}"
        except BaseException:
            text = traceback.format_exc()
        os.write(writer, text.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as file:
        said = file.read()
    os.waitpid(child, 0)
    return said


def test_an_owner_killed_outright_takes_the_server_along_and_loses_nothing(
    home: Path, owner: tuple[subprocess.Popen[str], str], serving: Callable[[], list[int]]
) -> None:
    process, _ = owner
    assert serving()
    process.kill()
    process.wait()
    with EmbeddedPostgres(home) as server:  # at once: it waits for the old server to end
        assert kept(server.dsn) == 1
    assert gone_within(10, serving)
    assert attach(home) is None


def test_without_a_next_start_nothing_is_left_of_a_killed_owner(
    home: Path, owner: tuple[subprocess.Popen[str], str], serving: Callable[[], list[int]]
) -> None:
    owner[0].kill()
    assert gone_within(10, serving)
    assert attach(home) is None


def test_ctrl_c_reaches_the_owner_and_not_the_server(
    owner: tuple[subprocess.Popen[str], str], serving: Callable[[], list[int]]
) -> None:
    process, _ = owner
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    said, _ = process.communicate(timeout=30)
    assert said.strip() == "1"  # the server still answered after the signal
    assert process.returncode == 0
    assert serving() == []


@pytest.mark.parametrize("victims", ["postmaster", "all"])
def test_a_killed_server_comes_back_under_the_same_url(
    home: Path, serving: Callable[[], list[int]], victims: str
) -> None:
    with EmbeddedPostgres(home) as server:
        with psycopg.connect(server.dsn) as connection:
            connection.execute("create table kept (n int)")
            connection.execute("insert into kept values (1)")
        assert server.ensure_running() is False
        postmaster = int((server.layout.data / "postmaster.pid").read_text().split("\n", 1)[0])
        for pid in serving() if victims == "all" else [postmaster]:
            os.kill(pid, signal.SIGKILL)
        before = server.dsn
        end = time.monotonic() + 10
        while not server.ensure_running():
            assert time.monotonic() < end
        assert server.dsn == before
        assert kept(before) == 1


def test_a_stale_pid_file_that_names_a_living_stranger_is_not_believed(home: Path) -> None:
    with EmbeddedPostgres(home, durable=False) as server:
        data = server.layout.data
        text = (data / "postmaster.pid").read_text().split("\n", 1)[1]
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{text}")
    with EmbeddedPostgres(home, durable=False) as server:
        assert psycopg.connect(server.dsn).execute("select 1").fetchone() == (1,)


def test_the_short_socket_folder_is_used_again_after_a_kill(home: Path) -> None:
    home.chmod(0o755)
    deep = home / ("long-name-" * 12)
    command = [sys.executable, "-c", OWNER, str(deep)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    dsn = process.stdout.readline().strip()
    process.kill()
    process.wait()
    with EmbeddedPostgres(deep) as server:
        assert server.dsn == dsn
        assert kept(dsn) == 1


def test_a_server_that_cannot_start_says_why_in_one_line(home: Path) -> None:
    with EmbeddedPostgres(home, durable=False) as server:
        data = server.layout.data
    (data / "global" / "pg_control").unlink()
    with pytest.raises(EmbeddedPostgresError, match=r"^[^\n]*could not find the database system[^\n]*server\.log\.$"):
        EmbeddedPostgres(home, durable=False).start()
    assert attach(home) is None


@needs_root
@pytest.mark.parametrize("megabytes", [8, 60])  # too small for the programs; for the programs and not for the data
def test_a_full_disk_is_named(home: Path, megabytes: int) -> None:
    disk = home / "disk"
    disk.mkdir()
    home.chmod(0o755)
    options = f"size={megabytes}m,mode=0755"
    if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("this machine does not let root mount a small disk")
    try:
        with pytest.raises(EmbeddedPostgresError, match=f"The disk that holds {disk}/postgres is full") as raised:
            EmbeddedPostgres(disk).start()
        assert "\n" not in str(raised.value)
        subprocess.run(["mount", "-o", "remount,size=400m", disk], check=True)
        with EmbeddedPostgres(disk) as server:  # nothing half-made is in the way
            assert psycopg.connect(server.dsn).execute("select 1").fetchone() == (1,)
    finally:
        subprocess.run(["umount", disk], check=True)


@needs_root
def test_an_ordinary_user_runs_it_as_themselves(home: Path, serving: Callable[[], list[int]]) -> None:
    home.chmod(0o755)
    with EmbeddedPostgres(home / "warm", durable=False):  # what the child imports is loaded here
        shutil.chown(home, 65534)
    owners: set[int] = set()

    def use() -> object:
        with EmbeddedPostgres(home / "mine", durable=False) as server:
            owners.update(os.stat(f"/proc/{pid}").st_uid for pid in serving())
            row = psycopg.connect(server.app_dsn).execute("select current_user").fetchone()
        return owners, row, oct((home / "mine" / "postgres").stat().st_mode), serving()

    assert as_user(65534, use) == str(({65534}, ("holdout_app",), "0o40700", []))
    with pytest.raises(EmbeddedPostgresError, match="belongs to the user nobody"):  # root does not take it over
        EmbeddedPostgres(home / "mine").start()


@needs_root
def test_strangers_get_neither_at_the_files_nor_at_the_server(home: Path) -> None:
    with EmbeddedPostgres(home, durable=False) as server:
        home.chmod(0o755)
        postmaster = (server.layout.data / "postmaster.pid").read_text().split("\n", 1)[0]
        for uid in (65534, 1):  # other programs of the server's own user, and another user
            assert as_user(uid, lambda: os.listdir(server.layout.data)).startswith("PermissionError")
            assert as_user(uid, lambda: psycopg.connect(server.dsn)).startswith("OperationalError")
            assert as_user(uid, lambda: attach(home)).startswith("EmbeddedPostgresError")
            assert as_user(uid, lambda: os.readlink(f"/proc/{postmaster}/cwd")).startswith(
                "PermissionError"
            )  # no tracing


@needs_root
def test_the_server_itself_refuses_a_stranger_who_reaches_the_socket(home: Path) -> None:
    with EmbeddedPostgres(home, durable=False) as server:
        folder = Path(str(psycopg.conninfo.conninfo_to_dict(server.dsn)["host"]))
        for path in (home, server.layout.root, folder):
            path.chmod(0o755)
        (folder / ".s.PGSQL.5432").chmod(0o777)
        for uid in (65534, 1):
            for dsn in (server.dsn, server.app_dsn, server.dsn.replace("holdout_owner@", "postgres@")):
                assert "Peer authentication failed" in as_user(uid, lambda url=dsn: psycopg.connect(url))


@needs_root
def test_a_home_that_the_server_cannot_reach_is_named(home: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match=f"may not enter {home}: set HOLDOUT_HOME .*/var/lib/holdout"):
        EmbeddedPostgres(home / "below").start()
    assert not (home / "below" / "postgres" / "data").exists()
