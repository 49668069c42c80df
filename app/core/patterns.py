"""Patterns that come from users. RE2 takes time in proportion to the text, whatever the pattern."""

from typing import Any


def compiled(pattern: str, ignore_case: bool) -> Any:
    """The pattern for RE2. Raises ``ValueError`` with RE2's own reason."""
    import re2

    options = re2.Options()
    options.case_sensitive = not ignore_case
    options.log_errors = False
    options.max_mem = 8 << 20
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        detail = error.args[0]
        reason = detail.decode() if isinstance(detail, bytes) else str(detail)
        raise ValueError(f"not a pattern that RE2 can search for: {reason}") from None
