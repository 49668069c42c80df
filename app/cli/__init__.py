"""The ``holdout`` command. Imports are inside the commands: ``holdout up`` must start fast and stay small."""

from app.cli.commands import main

__all__ = ["main"]
