"""Every setting and every command stands in the README."""

import typer.main

from app.cli.commands import app
from app.core.settings import Settings
from app.web.static import ROOT

README = (ROOT / "README.md").read_text()


def test_every_setting_is_documented() -> None:
    names = {str(f.validation_alias or f"HOLDOUT_{name.upper()}") for name, f in Settings.model_fields.items()}
    assert {name for name in names if name not in README} == set()


def test_every_command_is_documented() -> None:
    group = typer.main.get_command(app)
    commands = group.commands  # type: ignore[attr-defined]
    missing = [name for name, command in commands.items() if not command.hidden and f"holdout {name}" not in README]
    assert missing == []
