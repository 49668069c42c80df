"""Typed context of a preview."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.datasets import versions
from app.finetunes.preview import rules
from app.finetunes.preview.models import LaunchPreview
from app.finetunes.preview.rules import Seen
from app.gateway.queries import by_id
from app.projects.access import Access
from app.web.words import plural


@dataclass(frozen=True)
class Row:
    label: str
    segments: Sequence[Mapping[str, str]]
    figures: str


@dataclass(frozen=True)
class PreviewPage:
    """``pending``: the engine has not answered yet. ``text``: no tokens are known, only the text."""

    slug: str
    id: str
    back: str
    pending: bool
    error: str | None
    text: bool
    rows: Sequence[Row]
    summary: str
    problems: Sequence[str]
    answer: str
    title: str = "First batch as the model sees it"


def one(session: Session, access: Access, row: LaunchPreview) -> PreviewPage:
    version = versions.load(session, access.project.id, row.dataset_version_id)
    provider = by_id(session, row.provider_id)
    result = row.result or {}
    return PreviewPage(
        slug=access.project.slug,
        id=row.id,
        back=f"/p/{access.project.slug}/fine-tunes/new?dataset_version_id={version.id}&objective={row.objective}",
        pending=row.status in ("queued", "running"),
        error=row.error,
        text=bool(result.get("text")),
        rows=[_row(seen) for seen in rules.rows_of(result)],
        summary=_summary(result.get("counts") or {}, version.size),
        problems=[f"Row {one['row']}: {one['message']}" for one in result.get("problems") or ()],
        answer=f"v{version.number} {version.name}, for {row.base_model} on {provider.name}.",
    )


def _row(seen: Seen) -> Row:
    side = f", {seen.side}" if seen.side else ""
    counted = seen.total is not None and seen.trained is not None
    figures = f"{plural(seen.total or 0, 'token')}, {seen.trained:,} with loss" if counted else ""
    segments = [{"text": text, "mark": "carries loss" if trained else ""} for text, trained in seen.parts]
    return Row(f"Row {seen.row}{side}", segments, figures)


def _summary(counts: Mapping[str, Any], size: int) -> str:
    total, trained = counts.get("total_tokens"), counts.get("trained_tokens")
    if not total or trained is None:
        return ""
    rows = counts.get("rows") or 0
    of = "" if rows == size else f" of the first {rows:,} rows"
    return (
        f"One pass reads {total:,} tokens{of}, and {trained:,} of them carry loss ({trained / total:.0%}); the longest "
        f"row has {counts.get('longest_row') or 0:,}."
    )
