"""What each subcommand of ``holdout`` does (interfaces: docs/cli in the README)."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.run import fail, friendly, one_database, settings_for, settings_or_fail

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
user_app = typer.Typer(no_args_is_help=True, help="People.")
token_app = typer.Typer(no_args_is_help=True, help="API tokens.")
app.add_typer(user_app, name="user")
app.add_typer(token_app, name="token")


@app.callback()
def holdout() -> None:
    """Curate fine-tuning data, seal a held-out test set, and prove whether a fine-tune helped."""


@app.command()
def up(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port of the web pages.")] = None,
    no_engine: Annotated[bool, typer.Option("--no-engine", help="Without the local engine.")] = False,
    no_demo: Annotated[bool, typer.Option("--no-demo", help="Without the demo project.")] = False,
) -> None:
    """Everything on one machine: database, web, worker and local engine. Ctrl-C stops all of it."""
    from app.cli.up import run_everything

    run_everything(settings_for(host, port), engine=not no_engine, demo=not no_demo)


@app.command()
def web(
    host: Annotated[str | None, typer.Option()] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535)] = None,
) -> None:
    """One web process."""
    import uvicorn

    settings = settings_for(host, port)
    with one_database(settings):
        uvicorn.run(
            "app.main:create_app",
            factory=True,
            host=settings.host,
            port=settings.port,
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=10,
            forwarded_allow_ips=settings.trusted_proxies,
        )


@app.command()
def worker(concurrency: Annotated[int, typer.Option(min=1, max=64, help="Jobs at a time.")] = 8) -> None:
    """One worker process; run as many as you like."""
    from app.worker import main as work

    with one_database(settings_or_fail()):
        work(concurrency)


@app.command()
def engine(
    host: Annotated[str, typer.Option()] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(min=1, max=65535)] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    ray: Annotated[
        str | None, typer.Option(help="Train on this Ray cluster: the address of its dashboard, http://ray-head:8265.")
    ] = None,
) -> None:
    """The local training and inference server, here or on a GPU machine."""
    settings = settings_or_fail()
    from app.engine.main import serve

    with friendly():
        serve(
            host,
            port or settings.engine_port,
            device,
            settings.home / "engine",
            settings.engine_key,
            ray or settings.engine_ray,
            settings.engine_ray_cpus,
        )


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    from app.core import migrate as migrations

    with one_database(settings_or_fail()) as url, friendly():
        typer.echo(f"The database is at revision {migrations.migrate(url)}.")


@app.command()
def demo() -> None:
    """Create the demo project, or make it anew under a new name."""
    with one_database(settings_or_fail()), friendly():
        from app.cli.prepare import first_admin
        from app.core.db import transaction
        from app.demo.load import load_demo

        with transaction() as session:
            owner = first_admin(session).id
        typer.echo(f"The demo project is ready: /p/{load_demo(owner)}")


@app.command(hidden=True)
def prepare(
    no_demo: Annotated[bool, typer.Option("--no-demo")] = False,
    base_url: Annotated[str, typer.Option()] = "",
) -> None:
    """Migrate, seed providers, make the first person and the demo project; print a one-time sign-in link."""
    from app.cli.prepare import prepare_instance

    with one_database(settings_or_fail()) as url, friendly():
        typer.echo(prepare_instance(url, base_url, demo=not no_demo))


@user_app.command("add")
def user_add(
    email: str,
    role: Annotated[str, typer.Option(help="viewer, annotator, engineer or admin.")],
    project: Annotated[str | None, typer.Option(help="Slug; without it the whole instance (admin only).")] = None,
) -> None:
    """Give a person a role and print a one-time sign-in link. Again for the same person: a new link."""
    from app.cli.people import add_user

    settings = settings_or_fail()
    with one_database(settings), friendly():
        token = add_user(email, role, project)
    typer.echo(f"{settings.address}/sign-in/{token}")


@user_app.command("erase")
def user_erase(
    email: str,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase a person's account: name, address and every way in. What they did stays, under no name."""
    from app.cli.people import erase_user

    if not yes:
        typer.confirm(f"Erase the account {email} for good?", abort=True)
    with one_database(settings_or_fail()), friendly():
        erase_user(email)
    typer.echo("Erased. Where others' texts name this person: Settings → Erase a person's data.", err=True)


@token_app.command("create")
def token_create(
    email: Annotated[str, typer.Option()],
    name: Annotated[str, typer.Option()],
) -> None:
    """Print a new API token, once."""
    from app.cli.people import create_token

    with one_database(settings_or_fail()), friendly():
        secret = create_token(email, name)
    typer.echo(secret)


@app.command("import")
def import_files(
    project: str,
    files: list[Path],
    format: Annotated[str, typer.Option(help="auto: by content; the formats are listed in docs/formats.md.")] = "auto",
    mapping: Annotated[
        str | None, typer.Option(help='For tables: which column is what, as JSON: {"user": "question", …}.')
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the reports as JSON.")] = False,
) -> None:
    """Import files into a project; prints a report per file. Exit 1 if anything was refused."""
    from app.cli.data import import_all

    with one_database(settings_or_fail()), friendly():
        clean = import_all(project, files, format, mapping, as_json=json)
    raise typer.Exit(0 if clean else 1)


@app.command()
def export(
    project: str,
    version: str,
    format: Annotated[
        str, typer.Option(help="openai_chat, openai_preference, sharegpt, alpaca, trl, csv or parquet.")
    ] = "openai_chat",
    output: Annotated[Path | None, typer.Option("-o", "--output", help="File; without it, stdout.")] = None,
    objective: Annotated[
        str, typer.Option(help="supervised or dpo (pairs of answers); empty: dpo if every example has a pair.")
    ] = "",
    omit: Annotated[bool, typer.Option("--omit", help="Leave out what the format cannot hold, and say so.")] = False,
) -> None:
    """Write a dataset version (its number, like v2, or its id). openai_chat: the exact training bytes."""
    from app.cli.data import export_version

    with one_database(settings_or_fail()), friendly():
        wanted = {"format": format, "objective": objective or None, "omit": omit}
        left_out = export_version(project, version, wanted, output)
    if left_out:
        print(f"holdout: {left_out:,} examples left out: the format cannot hold them", file=sys.stderr)


@app.command()
def check(
    project: str,
    json: Annotated[bool, typer.Option("--json", help="Print what the API answers.")] = False,
    no_scan: Annotated[bool, typer.Option("--no-scan", help="Judge what is known, without scanning first.")] = False,
) -> None:
    """The readiness checklist. Exit 1 if the project is not ready to train on."""
    from app.cli.check import check as run_check

    with one_database(settings_or_fail()), friendly():
        ready = run_check(project, as_json=json, scan=not no_scan)
    raise typer.Exit(0 if ready else 1)


@app.command()
def gate(
    project: str,
    candidate: Annotated[str | None, typer.Option(help="Name or id; without it, the newest tuned candidate.")] = None,
    baseline: Annotated[str | None, typer.Option(help="Name or id; without it, the project's baseline.")] = None,
    test_set: Annotated[
        list[str] | None, typer.Option(help="Name or id, may be given more than once; without it, all that both have.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print what the API answers.")] = False,
) -> None:
    """The ship verdict by the project's gates. Exit 0: ship, 1: don't ship, 3: not enough evidence."""
    from app.cli.gate import gate as run_gate

    with one_database(settings_or_fail()), friendly():
        code = run_gate(project, candidate, baseline, test_set or [], as_json=json)
    raise typer.Exit(code)


def main() -> None:
    """Entry point. Whatever goes wrong in a known way is one line on stderr and exit 1."""
    arguments: Any = sys.argv[1:]
    try:
        app(arguments, prog_name="holdout")
    except KeyboardInterrupt:
        fail("Stopped.", code=130)
