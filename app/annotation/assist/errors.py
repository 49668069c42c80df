"""Why an example is not sent to a model, or a model's answer not used."""


class NotSent(Exception):
    """The example must not go to a model (any more): it was held out, deleted, or changed. ``str`` says which."""


class Refused(Exception):
    """The model's answer cannot be used; ``str`` says why, in words for the page."""
