"""Receiving a file in pieces: multipart/form-data straight into the uploads folder, never as a whole in memory."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from app.core.errors import HoldoutError, Invalid
from app.examples.formats import FORMATS
from app.examples.import_service import max_upload_bytes, new_upload, too_large
from app.examples.unpacking.parent import remove

MAX_PARTS = 50
MAX_TEXT = 1_000_000  # bytes of all text fields together
OPENAPI: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "format": {
                            "type": "string",
                            "default": "auto",
                            "enum": ["auto", *FORMATS],
                            "description": "By content where it is `auto`. Each may be packed by gzip; JSON may be "
                            "lines or one document, promptfoo's tests YAML. See docs/formats.md.",
                        },
                        "mapping": {
                            "type": "string",
                            "description": "For tables, JSON: the columns `user`, `assistant`, `label`, `behavior`, "
                            "`group` and (a list) `tags`; `system` is the text of a system message. Needed for csv, "
                            "parquet and json_table; openai_evals, label_studio, argilla and promptfoo go by the "
                            "columns' names without it.",
                        },
                        "tags": {"type": "string", "description": "Tags for every example, separated by commas."},
                    },
                }
            }
        },
    }
}


@dataclass
class Received:
    """The uploaded file where it lies now, and the form's text fields (of several with one name, all)."""

    path: Path
    file_name: str
    fields: dict[str, list[str]]

    def text(self, name: str, default: str = "") -> str:
        return self.fields.get(name, [default])[-1].strip() or default

    def tags(self) -> list[str]:
        return [tag.strip() for text in self.fields.get("tags", ()) for tag in text.split(",") if tag.strip()]

    def discard(self) -> None:
        remove(self.path)


@dataclass
class _Form:
    """What the parser calls. The part named ``file`` goes to disk, the others are kept as text."""

    file: BinaryIO
    limit: int
    file_name: str | None = None
    fields: dict[str, list[str]] = field(default_factory=dict)
    _header: bytes = b""
    _value: bytes = b""
    _disposition: dict[bytes, bytes] = field(default_factory=dict)
    _text: bytearray | None = None
    _parts: int = 0
    _file_size: int = 0
    _text_size: int = 0

    def callbacks(self) -> dict[str, Any]:
        names = (
            "part_begin",
            "header_field",
            "header_value",
            "header_end",
            "headers_finished",
            "part_data",
            "part_end",
        )
        return {f"on_{name}": getattr(self, name) for name in names}

    def part_begin(self) -> None:
        self._parts += 1
        self._disposition, self._text = {}, None
        if self._parts > MAX_PARTS:
            raise Invalid(f"The form has more than {MAX_PARTS} parts.")

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = parse_options_header(self._value)[1]
        self._header = self._value = b""

    def headers_finished(self) -> None:
        if self._disposition.get(b"name") != b"file":
            self._text = bytearray()
        elif self.file_name is not None:
            raise Invalid.field("file", "One file at a time.")
        else:
            self.file_name = self._disposition.get(b"filename", b"").decode("utf-8", "replace")

    def part_data(self, data: bytes, start: int, end: int) -> None:
        if self._text is None:
            self._file_size += end - start
            if self._file_size > self.limit:
                raise too_large()
            self.file.write(data[start:end])
        else:
            self._text_size += end - start
            if self._text_size > MAX_TEXT:
                raise Invalid("The text fields of the form are too long.")
            self._text += data[start:end]

    def part_end(self) -> None:
        if self._text is not None:
            name = self._disposition.get(b"name", b"").decode("utf-8", "replace")
            try:
                self.fields.setdefault(name, []).append(self._text.decode())
            except UnicodeDecodeError as error:
                raise Invalid.field(name, "This is not UTF-8 text.") from error


async def receive(request: Request) -> Received:
    """Read the upload to its end. Raises TooLarge beyond the limit, Invalid for anything that is not such a form.

    The caller owns the file and removes it if it is not kept.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise Invalid.field("file", "Send multipart/form-data with a part named `file`.")
    path = new_upload()
    try:
        with path.open("wb") as file:
            form = _Form(file, max_upload_bytes())
            await _feed(request, MultipartParser(options[b"boundary"], form.callbacks()))  # type: ignore[arg-type]
        if not form.file_name:
            raise Invalid.field("file", "Choose a file.")
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Received(path, form.file_name, form.fields)


async def _feed(request: Request, parser: MultipartParser) -> None:
    refusal: HoldoutError | None = None
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > max_upload_bytes() + 2 * MAX_TEXT:
        refusal = too_large()
    try:
        unread = 4 * max_upload_bytes()
        async for chunk in request.stream():
            if refusal is not None:  # a browser shows the answer only after it could send what it has
                unread -= len(chunk)
                if unread < 0:
                    break
                continue
            try:
                await run_in_threadpool(parser.write, chunk)
            except HoldoutError as error:
                refusal = error
        if refusal is None:
            parser.finalize()
    except FormParserError as error:
        raise Invalid("The form could not be read: it is not multipart/form-data as announced.") from error
    except ClientDisconnect as error:
        raise Invalid("The upload broke off.") from error
    if refusal is not None:
        raise refusal
