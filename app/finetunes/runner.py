"""One stretch of a fine-tune's work: launch it if need be, then watch it for a while."""

import asyncio
import logging

from app.core.errors import NotFound
from app.finetunes import steps
from app.finetunes.launching import Again, Ended, ensure_job
from app.finetunes.provider import tuning_api
from app.finetunes.watching import TROUBLE_SECONDS, Watch
from app.gateway.budgets import OverBudget
from app.gateway.keys import UnreadableKey

log = logging.getLogger(__name__)
STRETCH_SECONDS = 10.0
BROKEN = "Something broke on our side, and the log of the worker has it. Trying again."


async def advance(fine_tune_id: str, seconds: float = STRETCH_SECONDS) -> bool:
    """Whether there is more to do. Never raises but for a database that is away, or when the worker is told to stop."""
    try:
        return await _advance(fine_tune_id, seconds)
    except (UnreadableKey, NotFound) as error:
        await asyncio.to_thread(steps.ask_a_person, fine_tune_id, f"{error} Mend it under Providers, then look again.")
        return False
    except OverBudget as error:
        await asyncio.to_thread(steps.ask_a_person, fine_tune_id, f"{error} Then look again.")
        return False
    except Exception:
        log.exception("fine-tune %s", fine_tune_id)
        await asyncio.to_thread(steps.note, fine_tune_id, BROKEN)
        await asyncio.sleep(TROUBLE_SECONDS)
        return True


async def _advance(fine_tune_id: str, seconds: float) -> bool:
    launch = await asyncio.to_thread(steps.load, fine_tune_id)
    if launch is None:
        return False
    connection = await asyncio.to_thread(steps.connection, fine_tune_id)
    async with tuning_api(connection, launch.dialect) as api:
        try:
            job_id = launch.job_id or await ensure_job(api, launch)
        except Ended:
            return False
        except Again:
            return True
        return await Watch(api, launch, job_id).run(seconds)
