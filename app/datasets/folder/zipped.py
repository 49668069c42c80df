"""A zip that is written as it is sent: the same bytes for the same content, and memory stays flat. Pure."""

import io
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any

EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip can name: no clock in the bytes


class _Sink(io.RawIOBase):
    """Takes what the zip writes; it cannot be wound back, so sizes follow each file."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._waiting += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._waiting)
        self._waiting.clear()
        return taken


def zipped(files: Iterable[tuple[str, Iterable[bytes]]]) -> Iterator[bytes]:
    """The archive of (name, pieces of content), asked for one after the other."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, pieces in files:
            info = zipfile.ZipInfo(name, EPOCH)
            info.compress_type, info.external_attr, info.create_system = zipfile.ZIP_DEFLATED, 0o644 << 16, 3
            with archive.open(info, "w", force_zip64=True) as entry:
                for piece in pieces:
                    entry.write(piece)
                    yield sink.take()
    yield sink.take()
