"""Uploaded files: a JSON record and the bytes beside it, under ids that we made."""

import hashlib
import re
import threading
from pathlib import Path
from typing import Any, BinaryIO

from app.engine.config import EngineConfig
from app.engine.errors import EngineError, not_found
from app.engine.storage import new_id, now, read_json, sync_folder, write_json

PURPOSES = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")
_ID = re.compile(r"file-[0-9a-f]{24}")
_CHUNK = 1 << 20


class FileStore:
    """The files of one engine. Records are kept in memory and written through to disk."""

    def __init__(self, config: EngineConfig) -> None:
        self.folder, self.max_bytes = config.files, config.max_file_bytes
        self._lock = threading.Lock()
        self._records: dict[str, dict[str, Any]] = {}
        for path in self.folder.glob("file-*.json"):
            record = read_json(path)
            self._records[record["id"]] = record
        for path in self.folder.glob("file-*.bin"):
            if path.stem not in self._records:
                path.unlink()  # an upload that a crash cut off

    def add(self, stream: BinaryIO, *, filename: str, purpose: str) -> dict[str, Any]:
        """Store a stream; answers OpenAI's file object plus the ``sha256`` of the bytes.

        Raises EngineError when the file is empty or over the size limit; nothing stays behind then.
        """
        id = new_id("file-")
        path = self.folder / f"{id}.bin"
        try:
            size, digest = self._write(path, stream)
        except EngineError:
            path.unlink(missing_ok=True)
            raise
        except OSError as error:
            path.unlink(missing_ok=True)
            raise EngineError(f"The file could not be stored: {error.strerror}.", status=507) from error
        record = {
            "id": id,
            "object": "file",
            "bytes": size,
            "created_at": now(),
            "filename": filename,
            "purpose": purpose,
            "status": "processed",
            "status_details": None,
            "expires_at": None,
            "sha256": digest,
        }
        write_json(self.folder / f"{id}.json", record)
        with self._lock:
            self._records[id] = record
        return record

    def _write(self, path: Path, stream: BinaryIO) -> tuple[int, str]:
        size, digest = 0, hashlib.sha256()
        with path.open("wb") as file:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                if size > self.max_bytes:
                    raise EngineError(f"The file is larger than {self.max_bytes:,} bytes.", status=413, param="file")
                digest.update(chunk)
                file.write(chunk)
        if size == 0:
            raise EngineError("The file is empty.", param="file")
        return size, digest.hexdigest()

    def get(self, id: str, param: str | None = None) -> dict[str, Any]:
        with self._lock:
            record = self._records.get(id)
        if record is None:
            raise not_found("File object", id, param)
        return record

    def path(self, id: str) -> Path:
        """Where the bytes of a file that exists lie."""
        if not _ID.fullmatch(id):
            raise not_found("File object", id)
        return self.folder / f"{self.get(id)['id']}.bin"

    def all(self) -> list[dict[str, Any]]:
        """Every record, newest first."""
        with self._lock:
            records = list(self._records.values())
        return sorted(records, key=lambda record: (record["created_at"], record["id"]), reverse=True)

    def delete(self, id: str) -> None:
        path = self.path(id)
        with self._lock:
            self._records.pop(id, None)
        path.with_suffix(".json").unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        sync_folder(self.folder)
