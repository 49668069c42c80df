"""PostgreSQL without installing PostgreSQL. Why it is built so: docs/decisions/embedded-postgres.md."""

from app.core.postgres.binaries import wheel_binaries
from app.core.postgres.errors import EmbeddedPostgresError
from app.core.postgres.server import EmbeddedPostgres, attach

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError", "attach", "wheel_binaries"]
