"""What the web layer itself remembers."""

from datetime import datetime

from sqlalchemy import LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class SeenRequest(Base):
    """The first answer to a POST that carried an ``Idempotency-Key``."""

    __tablename__ = "seen_requests"
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)  # of the caller's token and the key
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
