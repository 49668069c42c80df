"""The real worker, impatient: one that was killed is given up after a second, so that experiments stay short.

The defaults (12 s without a heartbeat, 8 s of lease) are meant for machines that are busy, not for a hundred kills.
"""

import logging

from app import worker
from app.evals.runner import store
from app.jobs import worker as queue_worker

if __name__ == "__main__":
    queue_worker.HEARTBEAT_SECONDS = 0.3
    queue_worker.STALLED_SECONDS = 1.2
    queue_worker.RESCUE_SECONDS = 0.2
    store.LEASE_SECONDS = 1.2
    logging.disable(logging.WARNING)
    worker.main(4)
