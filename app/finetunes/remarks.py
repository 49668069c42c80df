"""One thing that the preflight has to say. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Remark:
    """``link`` is a page where something can be done about it."""

    key: str
    sentence: str
    link: str
    can_override: bool = False


Judged = tuple[bool, Remark]  # whether it blocks, and what it says
