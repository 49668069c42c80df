"""What a run of another console answered to an item that the project has already.

Two runs over one item make the same example, and an example keeps the output that it came with. The other one is not
passed over in silence: it is refused by its line, with the way to bring it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.examples.formats import Row
from app.examples.formats.base import excerpt
from app.examples.formats.openai_evals import output_text
from app.examples.formats.turns import fields, text

if TYPE_CHECKING:  # the process that reads a file starts without the database
    from sqlalchemy.orm import Session

WITH_OUTPUTS = ("openai_evals", "parquet")
NAME = 60  # characters of a model or run that a reason shows


@dataclass(frozen=True, slots=True)
class RunOutput:
    """``key`` tells outputs to one request apart; ``row`` is the line as one that is refused."""

    fingerprint_unit: str
    content_hash: str
    key: str
    row: Row


def output_in(row: Row) -> RunOutput | None:
    """The output that an example came with, if it did."""
    kept = fields(row.example.extra.get("openai_evals")) if row.example else {}
    key = _key(kept)
    if row.example is None or key is None:
        return None
    sample = fields(kept["sample"])
    names = [text(one)[:NAME] for one in (sample.get("model"), kept.get("run_id")) if one]
    reason = (
        "the line: its request and expected answer stand in the project already, with another output; the output of "
        f"{' in '.join(names) or 'this run'} is not kept with them: upload the file as the outputs of an eval run"
    )
    said = Row(row.line, row.end, None, reason, excerpt(output_text(sample)))
    return RunOutput(row.example.fingerprint_unit, row.example.content_hash, key, said)


def _key(kept: Any) -> str | None:
    """Its id, or else what was said by which model; None where nothing was."""
    if not isinstance(kept, Mapping) or not isinstance(kept.get("sample"), dict):
        return None
    if isinstance(kept.get("id"), str):
        return f"id {kept['id']}"
    said = output_text(kept["sample"])
    return f"said {text(kept['sample'].get('model'))}\n{said}" if said else None


def left_out(session: "Session", project_id: str, outputs: Sequence[RunOutput]) -> list[Row]:
    """Of outputs whose examples are stored or known by now, those that stand with none."""
    if not outputs:
        return []
    from app.examples.import_queries import kept_outputs

    units = sorted({one.fingerprint_unit for one in outputs})
    kept = {(content, _key(found)) for content, found in kept_outputs(session, project_id, units)}
    return [one.row for one in outputs if (one.content_hash, one.key) not in kept]
