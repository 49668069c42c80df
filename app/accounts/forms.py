"""What people may say of themselves."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from app.web.forms import StrictModel


class SignIn(StrictModel):
    email: str = Field(max_length=254)
    password: str = Field(max_length=4096)
    next: str = "/"


class PasswordChange(StrictModel):
    password: str


class NewToken(StrictModel):
    name: str = Field(min_length=1, max_length=120)
    role: Literal["viewer", "annotator", "engineer", "admin"] | None = None
    project: str | None = None
    expires_at: datetime | None = None
