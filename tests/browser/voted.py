"""Rounds of imported votes for the walk through the pages: one open, one closed."""

import json
import tempfile
from pathlib import Path

from sqlalchemy.orm import Session

from app.preferences import service as preferences
from app.preferences.imported import service
from app.preferences.imported.forms import NewImportRound
from app.preferences.models import PreferenceRound
from app.projects.access import Access
from tests.preferences.imported_factory import vote


def imported_round(session: Session, access: Access) -> PreferenceRound:
    round_ = service.open_round(session, access, NewImportRound(source="import", name="From elsewhere"))
    texts = {"output_a": "No.", "output_b": "I can check that for you."}
    people = (("Ana", "a"), ("Ben", "b"), ("Ben", "tie"), ("Cem", "b"))
    votes = [vote(**texts, reviewer=name, winner=winner, rationale="Kinder.") for name, winner in people]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "votes.jsonl"
        path.write_text("\n".join([*map(json.dumps, votes), "{}"]))
        service.import_votes(session, access, round_, path, "votes.jsonl")
    return round_


def closed_round(session: Session, access: Access) -> PreferenceRound:
    round_ = imported_round(session, access)
    preferences.close_round(session, access, round_)
    return round_
