"""Rows of which one worker at a time holds the work. Whoever takes one over adds one to ``lease`` and keeps
``lease_expires_at`` ahead of the database's clock; who held it before finds its number gone, and writes nothing."""

from dataclasses import dataclass

LEASE_SECONDS = 8.0


@dataclass(frozen=True)
class Leased:
    """The statements of one table. ``purposes``: those of its calls in the ledger."""

    held: str  # (id) → may it run, does somebody hold it
    take: str  # (seconds, id) → its lease
    end: str  # (status, error, status, id, lease)
    release: str  # (id, lease)
    purposes: tuple[str, ...]


def leased(table: str, purposes: tuple[str, ...], taking: str = "") -> Leased:
    """``taking``: what else is set when a row is taken, beginning with a comma."""
    return Leased(
        held=f"select status in ('queued', 'running'), lease_expires_at > clock_timestamp() from {table} "  # noqa: S608
        "where id = %s for update",
        take=f"update {table} set lease = lease + 1, status = 'running', error = null, "  # noqa: S608
        f"lease_expires_at = clock_timestamp() + make_interval(secs => %s){taking} where id = %s returning lease",
        end=f"update {table} set status = %s::text, error = %s, lease_expires_at = null, finished_at = "  # noqa: S608
        "case when %s::text in ('succeeded', 'failed', 'cancelled') then clock_timestamp() end "
        "where id = %s and lease = %s and status = 'running'",
        release=f"update {table} set lease_expires_at = null where id = %s and lease = %s",  # noqa: S608
        purposes=purposes,
    )
