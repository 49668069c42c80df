"""Jobs of preference rounds."""

from app.core.db import transaction
from app.jobs.queue import job


@job("preferences.results")
def results(round_id: str) -> None:
    """Once the round is closed, so that nobody waits for it who opens them first."""
    from app.preferences.models import PreferenceRound
    from app.preferences.results.service import kept, work_out  # arithmetic is loaded where it is used

    with transaction() as session:
        round_ = session.get(PreferenceRound, round_id)
        if round_ is not None and kept(session, round_) is None:
            work_out(session, round_)


@job("preferences.order")
def order(round_id: str) -> None:
    from app.preferences.models import PreferenceRound
    from app.preferences.ordering import order_anew  # arithmetic is loaded where it is used

    with transaction() as session:
        round_ = session.get(PreferenceRound, round_id)
        if round_ is not None:
            order_anew(session, round_)
