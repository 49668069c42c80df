"""Why an example is not sent to a model, or a model's answer not used."""

from app.core.errors import HoldoutError


class NotSent(Exception):
    """The example must not go to a model (any more): it was held out, deleted, or changed. ``str`` says which."""


class Refused(Exception):
    """The model's answer cannot be used; ``str`` says why, in words for the page."""


class CannotStart(HoldoutError):
    """The batch cannot ask its provider; the message says what to do."""
