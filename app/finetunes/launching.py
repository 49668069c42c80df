"""From the frozen bytes to one job at the provider: at most one, whatever crashes.

A request to create the job is written down as sent before it leaves. Where no answer is known, nothing is created
until the provider's own list has been asked for a job that carries our marks (docs/decisions/fine-tunes.md).
"""

import asyncio
from dataclasses import replace
from random import random
from time import monotonic
from typing import NoReturn

from app.finetunes import rules, steps
from app.finetunes.answers import JobState
from app.finetunes.provider import TuningApi
from app.finetunes.steps import Call, Launch
from app.gateway.failures import CallFailed, Failure
from app.gateway.retrying import wait_before_next

SETTLE_SECONDS = {"local_engine": 3.0}  # how long a request that was sent may still be on its way
OTHERS_SETTLE = 30.0
ASK_SECONDS = 60.0  # how long a provider that cannot be asked is asked again
TRY_SECONDS = 120.0  # how long a provider that cannot be reached is tried again
LOCAL_ATTEMPTS = 3
PAUSE = 1.0
# the provider may have made the job although it did not say so
AMBIGUOUS = ("server_error", "unreadable", "error_body", "empty", "too_large")


class Ended(Exception):
    """The launch has come to an end, or to a person: nothing is left to do now."""


class Again(Exception):
    """Nothing was made: begin anew with what the database says now."""


async def ensure_job(api: TuningApi, launch: Launch) -> str:
    """The id of the provider's job, made if need be. Raises Ended or Again."""
    call = await asyncio.to_thread(steps.next_call, launch.id)
    if call.state in ("sent", "unknown"):
        return await _resolve(api, launch, call)
    if launch.cancelled:
        await _end(launch, "cancelled")
    launch = replace(launch, file_id=launch.file_id or await _upload(api, launch, "training"))
    if launch.validated:
        file_id = launch.validation_file_id or await _upload(api, launch, "validation")
        launch = replace(launch, validation_file_id=file_id)
    return await _create(api, launch, call)


async def _upload(api: TuningApi, launch: Launch, part: str) -> str:
    """Send the training or the validation file; answers its id."""
    file, size, problem = await asyncio.to_thread(steps.write_file, launch.id, part)
    with file:
        if problem:
            await _end(launch, "failed", problem)
        name = rules.file_name(launch.token, part)
        until = monotonic() + TRY_SECONDS
        while True:
            try:
                file_id = await _file_there(api, name, size) or await api.upload(file, name, size)
                break
            except CallFailed as error:
                await _try_again_or_end(launch, error.failure, until)
                file.seek(0)
    await asyncio.to_thread(steps.store_file_id, launch.id, part, file_id)
    return file_id


async def _file_there(api: TuningApi, name: str, size: int) -> str | None:
    """A file of this launch that an earlier worker uploaded. A second file would cost nothing, so not every provider
    has to be able to list."""
    try:
        return await api.find_file(name, size)
    except CallFailed as error:
        if error.failure.kind in ("rejected", "not_allowed", "unreadable", "server_error"):
            return None
        raise


async def _create(api: TuningApi, launch: Launch, call: Call) -> str:
    body = launch.dialect.body(launch.order())
    if call.attempt > 1:
        # an earlier attempt may have come through late
        found = await _look(api, launch)
        if found is not None and await asyncio.to_thread(steps.mark_sent, call.id):
            return await _adopt(launch, call, found)
    if not await asyncio.to_thread(steps.mark_sent, call.id):
        raise Ended  # another worker has sent it
    try:
        job = await api.create(body, call.id, launch.token)
    except CallFailed as error:
        return await _after_failure(api, launch, call, error.failure)
    return await _adopt(launch, call, job)


async def _after_failure(api: TuningApi, launch: Launch, call: Call, failure: Failure) -> str:
    kind, message = failure.kind, failure.message
    if failure.meaning.state == "unknown" or kind in AMBIGUOUS:
        await asyncio.to_thread(steps.settle_call, call.id, "unknown", kind, message)
        return await _resolve(api, launch, Call(call.id, call.attempt, "unknown", 0.0), message)
    await asyncio.to_thread(steps.settle_call, call.id, "failed", kind, message)
    # nothing was made; a provider that is not there, or is too busy, is tried again
    wait = wait_before_next(failure, call.attempt, random())  # noqa: S311 (jitter)
    if wait is None:
        await _end(launch, "failed", message)
    await asyncio.to_thread(steps.note, launch.id, f"{rules.sentence(message)} Trying again.")
    await asyncio.sleep(wait)
    raise Again


async def _resolve(api: TuningApi, launch: Launch, call: Call, why: str = "The answer never came.") -> str:
    """A request was sent and its fate is not known: find its job, or leave it to a person."""
    settle = SETTLE_SECONDS.get(launch.kind, OTHERS_SETTLE)
    until = monotonic() + max(0.0, settle - call.age)
    while True:
        found = await _look(api, launch, why)
        if found is not None:
            return await _adopt(launch, call, found)
        if monotonic() >= until:
            break
        await asyncio.sleep(PAUSE)
    if launch.cancelled:
        await asyncio.to_thread(steps.settle_call, call.id, "failed", "not_made", "The provider has no such job.")
        await _end(launch, "cancelled")
    if launch.kind == "local_engine":
        # its list is whole and at once, and its training costs nothing: by this policy it is asked again
        await asyncio.to_thread(steps.settle_call, call.id, "failed", "not_made", "The engine has no such job.")
        if call.attempt < LOCAL_ATTEMPTS:
            raise Again
        await _end(launch, "failed", f"The engine did not take the job: {why}")
    none = f"{launch.provider} lists no job with the suffix {launch.suffix}, so probably none was made."
    return await _ask(launch, f"{rules.sentence(why)} {none}")


async def _look(
    api: TuningApi, launch: Launch, why: str = "An earlier request may have come through late."
) -> JobState | None:
    """Our job at the provider. Where the provider cannot be asked, a person is."""
    until = monotonic() + ASK_SECONDS
    while True:
        try:
            return await api.find_job(launch.marks, launch.created_at)
        except CallFailed as error:
            failure = error.failure
            if failure.meaning.stops_run or monotonic() >= until:
                unasked = f"{launch.provider} could not be asked whether it has made the job: {failure.message}"
                await _ask(launch, f"{rules.sentence(why)} {unasked}")
            await asyncio.to_thread(steps.note, launch.id, f"{rules.sentence(failure.message)} Asking again.")
            await asyncio.sleep(PAUSE)


async def _adopt(launch: Launch, call: Call, job: JobState) -> str:
    if not await asyncio.to_thread(steps.adopt, launch.id, call.id, job):
        raise Ended
    return job.id


async def _try_again_or_end(launch: Launch, failure: Failure, until: float) -> None:
    """Before anything that costs: wait and return, or end the launch with the provider's words."""
    passing = failure.meaning.retry or failure.meaning.state == "unknown" or failure.kind in AMBIGUOUS
    if not passing or monotonic() >= until:
        await _end(launch, "failed", failure.message)
    await asyncio.to_thread(steps.note, launch.id, f"{rules.sentence(failure.message)} Trying again.")
    await asyncio.sleep(min(failure.retry_after or 3.0, 30.0))


async def _ask(launch: Launch, sentence: str) -> NoReturn:
    said = f"{rules.sentence(sentence)} Look at the provider's own list of jobs, then choose."
    await asyncio.to_thread(steps.ask_a_person, launch.id, said)
    raise Ended


async def _end(launch: Launch, status: str, error: str | None = None) -> NoReturn:
    await asyncio.to_thread(steps.end, launch.id, status, error)
    raise Ended
