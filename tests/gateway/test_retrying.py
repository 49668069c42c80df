"""When the next attempt may be made."""

from app.gateway.failures import MEANINGS, Failure, from_status, retry_after_seconds
from app.gateway.retrying import MAX_ATTEMPTS, wait_before_next

BUSY = Failure("rate_limited", "busy")


def test_only_failures_that_were_certainly_not_billed_are_tried_again() -> None:
    again = {kind for kind in MEANINGS if wait_before_next(Failure(kind, ""), 1, 0.5) is not None}
    assert again == {"unreachable", "rate_limited", "overloaded"}
    assert all(MEANINGS[kind].state == "failed" for kind in again)


def test_the_wait_doubles_is_jittered_and_ends() -> None:
    longest = [wait_before_next(BUSY, attempt, 1.0) for attempt in range(1, MAX_ATTEMPTS)]
    assert longest == [0.5, 1.0, 2.0, 4.0]
    assert wait_before_next(BUSY, 3, 0.0) == 0.2
    assert wait_before_next(BUSY, MAX_ATTEMPTS, 0.5) is None


def test_retry_after_is_obeyed_up_to_a_minute() -> None:
    assert wait_before_next(Failure("rate_limited", "", 7.0), 1, 0.0) == 7.05
    assert wait_before_next(Failure("rate_limited", "", 61.0), 1, 0.0) is None
    assert from_status(429, b"", {"retry-after": "2"}, "").retry_after == 2.0


def test_retry_after_is_read_with_care() -> None:
    hostile = ("", "x", "-1", "nan", "inf", "1e9", "Fri, 31 Dec 1999 23:59:59 GMT")
    assert [retry_after_seconds(text) for text in hostile] == [None] * 7
    assert retry_after_seconds("1.5") == 1.5


def test_an_empty_account_is_not_a_busy_one() -> None:
    assert from_status(429, b'{"error": {"code": "insufficient_quota"}}', {}, "").kind == "not_allowed"
    assert from_status(307, b"", {}, "").meaning.stops_run
