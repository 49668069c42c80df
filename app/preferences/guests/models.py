"""Invitations of guests to one round."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id


class RoundInvitation(Base):
    """A link that reaches one round's voting page as one guest, until it ends or is revoked.

    The guest is a row of ``users`` that can never sign in: their votes belong to somebody with a name, and nothing
    but this row lets them in. Of the link's token only the hash is kept; a seat that was made with the round has none
    until a link is made for it.
    """

    __tablename__ = "round_invitations"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    round_id: Mapped[str] = mapped_column(ForeignKey("preference_rounds.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), unique=True)
    token_hash: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    created_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
