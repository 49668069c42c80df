"""The job of previews."""

from app.jobs.coming_back import ComeBack
from app.jobs.queue import queue


@queue.task(name="finetunes.preview", retry=ComeBack())
async def preview(preview_id: str) -> None:
    from app.finetunes.preview.asking import run_preview  # the client of providers is loaded where it is used

    await run_preview(preview_id)
