"""A file of votes as it comes over the wire: in a form, or as the whole body. Straight to disk, never in memory."""

from fastapi import Request
from python_multipart.multipart import parse_options_header
from starlette.concurrency import run_in_threadpool

from app.core.errors import Invalid
from app.examples.import_service import max_upload_bytes, new_upload, too_large
from app.examples.unpacking.parent import remove
from app.examples.uploads import Received, receive

OPENAPI = {
    "requestBody": {
        "required": True,
        "description": "JSON lines: `prompt` (text or messages) or `case_id`, `candidate_a`, `candidate_b`, `winner` "
        "(`a`, `b`, `tie`, `both_bad`), `reviewer`; optional `output_a`, `output_b`, `rationale`, `seconds`, "
        "`criteria` (name to `a`, `b` or `tie`) and `tags`.",
        "content": {
            "application/jsonl": {"schema": {"type": "string"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
        },
    }
}


async def receive_votes(request: Request) -> Received:
    """The caller removes the file. Raises TooLarge beyond the upload limit, Invalid for a form without a file."""
    kind, _options = parse_options_header(request.headers.get("content-type", ""))
    if kind in (b"multipart/form-data", b"application/x-www-form-urlencoded"):
        return await receive(request)
    received = Received([(new_upload(), "votes.jsonl")], {})
    size = 0
    try:
        with received.path.open("wb") as file:
            async for chunk in request.stream():
                size += len(chunk)
                if size > max_upload_bytes():
                    raise too_large()
                await run_in_threadpool(file.write, chunk)
        if not size:
            raise Invalid.field("file", "Send the votes as JSON lines, or as a form with a part named `file`.")
    except BaseException:
        remove(received.path)
        raise
    return received
