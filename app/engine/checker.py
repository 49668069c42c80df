"""Checks the files of new jobs, apart from the training queue, so that a bad one is known at once."""

import queue
import threading
from collections.abc import Callable

from app.engine.files import FileStore
from app.engine.job import Job
from app.engine.jobs import JobStore
from app.engine.pairs import PARSERS
from app.engine.rows import BadFile, check_file


class FileChecker:
    """A thread that takes jobs from ``validating_files`` to ``queued`` or ``failed``."""

    def __init__(self, jobs: JobStore, files: FileStore) -> None:
        self.jobs, self.files = jobs, files
        self._ids: queue.SimpleQueue[str] = queue.SimpleQueue()

    def start(self, fail: Callable[[str, str, str, str | None], None], queued: Callable[[], None]) -> None:
        """``fail(id, message, code, param)`` marks a job as failed; ``queued()`` wakes the training queue."""
        for job in reversed(self.jobs.all()):
            if job.status == "validating_files":
                self.check(job.id)
        threading.Thread(target=self._loop, args=(fail, queued), name="file-checks", daemon=True).start()

    def check(self, id: str) -> None:
        """Check a job's files soon."""
        self._ids.put(id)

    def _loop(self, fail: Callable[[str, str, str, str | None], None], queued: Callable[[], None]) -> None:
        while True:
            job = self.jobs.get(self._ids.get())
            try:
                self._check(job)
            except BadFile as error:
                fail(job.id, str(error), f"invalid_{error.field}", error.field)
            except Exception as error:  # an unreadable disk, say
                fail(job.id, f"The files could not be checked: {error}", "file_check_failed", None)
            queued()

    def _check(self, job: Job) -> None:
        for field, id in (("training_file", job.training_file), ("validation_file", job.validation_file)):
            if id is None:
                continue
            rows = check_file(self.files.path(id), field, PARSERS[job.settled.method])
            self.jobs.say(job.id, f"Checked {field.replace('_', ' ')}: {rows:,} rows.")
        if self.jobs.change(job.id, ("validating_files",), status="queued"):
            self.jobs.say(job.id, "Files are valid; the job is queued.")
