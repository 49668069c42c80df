"""Who am I, by the API."""

from pydantic import BaseModel

from app.accounts.access import SignedIn
from app.web.idempotency import api_router

router = api_router("accounts")


class Me(BaseModel):
    email: str
    name: str


@router.get("/me")
def me(identity: SignedIn) -> Me:
    return Me(email=identity.user.email, name=identity.user.name)
