"""Ray's official job client, as far as the engine needs it. Ray is imported when the first job is handed over."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from typing import Any

ENDED = ("SUCCEEDED", "STOPPED", "FAILED")
CALL_SECONDS = 20.0
ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONUNBUFFERED": "1",
}
INSTALL = "Training on a Ray cluster needs the extra: pip install 'holdout[ray]'."


class Away(Exception):
    """The cluster cannot be asked now."""


@dataclass(frozen=True)
class Seen:
    """A submission as the cluster describes it; ``exit_code`` only where its process ended by itself."""

    status: str
    message: str
    exit_code: int | None

    @property
    def ended(self) -> bool:
        return self.status in ENDED


def installed() -> bool:
    return find_spec("ray") is not None


class Cluster:
    """The head of a Ray cluster, by the address of its dashboard."""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")

    @cached_property
    def _client(self) -> Any:
        from ray.job_submission import JobSubmissionClient

        class Client(JobSubmissionClient):  # type: ignore[misc]
            def _do_request(self, *arguments: Any, **options: Any) -> Any:
                return super()._do_request(*arguments, **{"timeout": CALL_SECONDS} | options)

        return Client(self.address)

    def find(self, id: str) -> Seen | None:
        """None where the cluster has no such submission. Raises Away."""
        with self._asking():
            try:
                found = self._client.get_job_info(id)
            except RuntimeError as error:
                if "status code 404" in str(error):
                    return None
                raise
        return Seen(str(found.status.value), str(found.message or ""), found.driver_exit_code)

    def submit(
        self,
        id: str,
        command: str,
        *,
        program: Callable[[Callable[[str], Any]], Any],
        cpus: float,
        gpus: int,
        metadata: dict[str, str],
    ) -> None:
        """Raises Away. One that is there already under this id stays the only one."""

        def submit(folder: str) -> None:
            self._client.submit_job(
                entrypoint=command,
                submission_id=id,
                runtime_env={"working_dir": folder, "env_vars": ENVIRONMENT | {"OMP_NUM_THREADS": f"{cpus:g}"}},
                entrypoint_num_cpus=cpus,
                entrypoint_num_gpus=gpus or None,
                metadata=metadata,
            )

        with self._asking():
            program(submit)

    def stop(self, id: str) -> None:
        with self._asking():
            self._client.stop_job(id)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Whatever the client raises says that the cluster could not be asked, and why."""
        try:
            yield
        except Exception as error:
            why = str(error).strip().splitlines()
            said = why[0][:300] if why else type(error).__name__
            raise Away(f"The Ray cluster at {self.address} does not answer: {said}") from error
