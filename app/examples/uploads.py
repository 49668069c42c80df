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
    """The uploaded files where they lie now, with their names, and the form's text fields (of one name, all)."""

    files: list[tuple[Path, str]]
    fields: dict[str, list[str]]

    @property
    def path(self) -> Path:
        return self.files[0][0]

    @property
    def file_name(self) -> str:
        return self.files[0][1]

    def text(self, name: str, default: str = "") -> str:
        return self.fields.get(name, [default])[-1].strip() or default

    def tags(self) -> list[str]:
        return [tag.strip() for text in self.fields.get("tags", ()) for tag in text.split(",") if tag.strip()]

    def discard(self) -> None:
        for path, _name in self.files:
            remove(path)


@dataclass
class _Form:
    """What the parser calls. Parts named ``file`` go to disk, ``most`` at most, the others are kept as text."""

    limit: int  # bytes of all files together
    most: int
    files: list[tuple[Path, str]] = field(default_factory=list)
    fields: dict[str, list[str]] = field(default_factory=dict)
    _file: BinaryIO | None = None
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
        if self._parts > MAX_PARTS + self.most:
            raise Invalid(f"The form has more than {MAX_PARTS + self.most} parts.")

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = parse_options_header(self._value)[1]
        self._header = self._value = b""

    def headers_finished(self) -> None:
        name = self._disposition.get(b"filename", b"").decode("utf-8", "replace")
        if self._disposition.get(b"name") != b"file" or not name:  # no name: a browser's field with nothing chosen
            self._text = bytearray()
        elif len(self.files) == self.most:
            few = "One file at a time." if self.most == 1 else f"At most {self.most} files at a time."
            raise Invalid.field("file", few)
        else:
            path = new_upload()
            self.files.append((path, name))
            self._file = path.open("wb")

    def part_data(self, data: bytes, start: int, end: int) -> None:
        if self._text is None:
            self._file_size += end - start
            if self._file_size > self.limit:
                raise too_large()
            if self._file is not None:
                self._file.write(data[start:end])
        else:
            self._text_size += end - start
            if self._text_size > MAX_TEXT:
                raise Invalid("The text fields of the form are too long.")
            self._text += data[start:end]

    def part_end(self) -> None:
        self.close()
        if self._text is not None:
            name = self._disposition.get(b"name", b"").decode("utf-8", "replace")
            try:
                self.fields.setdefault(name, []).append(self._text.decode())
            except UnicodeDecodeError as error:
                raise Invalid.field(name, "This is not UTF-8 text.") from error

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None


async def receive(request: Request, most: int = 1) -> Received:
    """Read the upload to its end. Raises TooLarge beyond the limit, Invalid for anything that is not such a form, and
    for one with no file or more than ``most``.

    The caller owns the files and removes those that are not kept.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise Invalid.field("file", "Send multipart/form-data with a part named `file`.")
    form = _Form(max_upload_bytes(), most)
    try:
        await _feed(request, MultipartParser(options[b"boundary"], form.callbacks()))  # type: ignore[arg-type]
        if not form.files:
            raise Invalid.field("file", "Choose a file.")
    except BaseException:
        Received(form.files, {}).discard()
        raise
    finally:
        form.close()
    return Received(form.files, form.fields)


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
