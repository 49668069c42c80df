"""The embedded database in ordinary use: start, stop, attach, roles, copies for tests."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from app.core.postgres import EmbeddedPostgres, EmbeddedPostgresError, attach

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def server(home: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(home, durable=False) as running:
        yield running


def one(dsn: str, query: str) -> object:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(query).fetchone()
    return row and row[0]


def python(code: str, home: Path) -> str:
    """Run code in another process of the same user; ``home`` is defined there. Answers what it printed."""
    prelude = f"from pathlib import Path; from app.core.postgres import *; home = Path({str(home)!r})\n"
    done = subprocess.run([sys.executable, "-c", prelude + code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_data_survive_a_restart_and_nothing_runs_after_stop(home: Path, serving: Callable[[], list[int]]) -> None:
    server = EmbeddedPostgres(home)
    with psycopg.connect(server.start()) as connection:
        connection.execute("create table kept (n int)")
        connection.execute("insert into kept values (7)")
    assert serving()
    server.stop()
    server.stop()  # harmless
    assert serving() == []
    assert attach(home) is None
    assert one(server.start(), "select n from kept") == 7
    server.stop()


def test_a_durable_server_has_every_durability_setting_on(home: Path) -> None:
    with EmbeddedPostgres(home) as server:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert one(server.dsn, f"show {setting}") == "on"
    with EmbeddedPostgres(home, durable=False) as server:
        assert one(server.dsn, "show fsync") == "off"


def test_owner_role_migrates_and_may_take_the_restricted_role(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.dsn, autocommit=True) as owner:
        owner.execute("create extension pg_trgm")
        owner.execute("create table sealed (n int)")
        owner.execute("grant select on sealed to holdout_app")
        owner.execute("create role holdout_more")
        owner.execute("set role holdout_app")
        assert owner.execute("select current_user").fetchone() == ("holdout_app",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            owner.execute("insert into sealed values (1)")


@pytest.mark.parametrize(
    "statement",
    [
        "create table t (n int)",
        "create role r",
        "create database d",
        "set role holdout_owner",
        "alter table sealed add m int",
    ],
)
def test_restricted_role_logs_in_by_itself_and_can_do_little(server: EmbeddedPostgres, statement: str) -> None:
    with psycopg.connect(server.dsn) as owner:
        owner.execute("create table sealed (n int)")
    with psycopg.connect(server.app_dsn, autocommit=True) as app:
        app.execute("reset role")
        assert app.execute("select session_user, current_user").fetchone() == ("holdout_app", "holdout_app")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute(statement)


def test_text_is_handled_beyond_ascii(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.dsn, autocommit=True) as owner:
        owner.execute("create extension pg_trgm")
        row = owner.execute("select cardinality(show_trgm('日本é')), lower('ÉÑ'), 'a' < 'B'").fetchone()
    assert row is not None
    assert row[0] >= 3  # the plain C locale would find no letter here
    assert row[1:] == ("éñ", False)  # C.UTF-8 folds case, and sorts by code point


def test_another_process_attaches_and_leaves_the_server_running(server: EmbeddedPostgres, home: Path) -> None:
    assert python("print(attach(home))", home) == server.dsn
    seen = python("with EmbeddedPostgres(home) as p: print(p.dsn, p.app_dsn, p.is_owner)", home)
    assert seen == f"{server.dsn} {server.app_dsn} False"
    assert server.is_owner
    assert one(server.dsn, "select 1") == 1


def test_of_two_that_start_at_once_one_owns_and_the_other_attaches(home: Path) -> None:
    code = (
        "from pathlib import Path; from app.core.postgres import *\n"
        f"p = EmbeddedPostgres(Path({str(home)!r}), durable=False); p.start()\n"
        "print(p.is_owner, flush=True); input(); p.stop()"
    )
    both = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdin=-1, stdout=-1, text=True) for _ in range(2)]
    said = [process.stdout.readline().strip() for process in both if process.stdout]
    for process in both:
        process.communicate("\n")
    assert sorted(said) == ["False", "True"]
    assert [process.returncode for process in both] == [0, 0]


def test_nothing_to_attach_to(home: Path) -> None:
    assert attach(home) is None
    assert list(home.iterdir()) == []  # asking leaves no trace


def test_copies_for_tests_start_as_the_template_and_go_away(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.dsn) as owner:
        owner.execute("create table seen (n int)")
        owner.execute("insert into seen values (1)")
    copy = server.create_test_database()
    with psycopg.connect(copy) as connection:
        connection.execute("insert into seen values (2)")
    assert one(copy, "select count(*) from seen") == 2
    assert one(server.dsn, "select count(*) from seen") == 1
    with psycopg.connect(copy):  # an open connection does not keep it
        server.drop_test_database(copy)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(copy)


def test_a_home_too_long_for_a_socket_gets_a_short_private_folder(home: Path) -> None:
    deep = home / ("long name, " * 12)
    deep.mkdir()
    home.chmod(0o755)
    server = EmbeddedPostgres(deep, durable=False)
    folder = Path(str(psycopg.conninfo.conninfo_to_dict(server.start())["host"]))
    assert len(str(folder)) < 80
    assert folder.stat().st_mode & 0o777 == 0o700
    assert attach(deep) == server.dsn
    assert one(server.dsn, "select 1") == 1
    server.stop()
    assert not folder.exists()


def test_statements_and_values_stay_out_of_the_log(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.dsn, autocommit=True) as owner:
        owner.execute("create table once (text text primary key)")
        owner.execute("insert into once values ('canary-5c1f')")
        with pytest.raises(psycopg.errors.UniqueViolation, match="canary-5c1f"):
            owner.execute("insert into once values ('canary-5c1f')")
    log = server.log.read_text()
    assert "duplicate key value" in log
    assert "canary-5c1f" not in log


def test_an_interrupted_first_start_leaves_nothing_that_is_taken_for_data(home: Path) -> None:
    half = home / "postgres" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")
    with EmbeddedPostgres(home, durable=False) as server:
        assert one(server.dsn, "select 1") == 1
    assert not half.exists()


def test_starting_from_another_thread_is_refused(home: Path) -> None:
    raised: list[BaseException] = []

    def start() -> None:
        try:
            EmbeddedPostgres(home).start()
        except EmbeddedPostgresError as error:
            raised.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "main thread" in str(raised[0])


def test_a_data_directory_of_another_major_version_is_refused_with_the_way_out(home: Path) -> None:
    with EmbeddedPostgres(home, durable=False) as server:
        data = server.layout.data
    (data / "PG_VERSION").write_text("15\n")
    with pytest.raises(EmbeddedPostgresError) as raised:
        EmbeddedPostgres(home, durable=False).start()
    for part in (
        "PostgreSQL 15",
        "brings 18",
        "docs/decisions/embedded-postgres.md",
        "HOLDOUT_DATABASE_URL",
        str(data),
    ):
        assert part in str(raised.value)
    assert "\n" not in str(raised.value)
