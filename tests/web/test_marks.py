"""The marks are built by hand: what stands in them is escaped, and the words of the product keep their tones."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from markupsafe import Markup

from app.web import marks

HOSTILE = '"><script>alert(1)</script>'


@pytest.mark.parametrize(
    "html",
    [
        marks.tag(HOSTILE),
        marks.tag(HOSTILE, HOSTILE),
        marks.pill(HOSTILE),
        marks.pill("open", HOSTILE),
        marks.icon(HOSTILE),
        marks.icon("check", HOSTILE),
    ],
)
def test_nothing_gets_out_of_a_mark(html: str) -> None:
    assert "<script" not in html
    assert "&#34;&gt;&lt;script&gt;alert(1)" in html


def test_a_word_of_ours_has_its_tone_and_a_person_can_choose_another() -> None:
    assert marks.pill("needs_work") == '<span class="pill pill-warn">needs work</span>'
    assert 'pill-neutral">held out' in marks.pill("held out")
    assert 'pill-bad">approved' in marks.pill("approved", "bad")
    assert "<svg" in marks.pill("ship", with_icon=True)


def test_a_time_is_exact_in_its_title_and_short_where_it_is_read() -> None:
    moment = datetime(2026, 3, 9, 8, 5, 1, 123, tzinfo=timezone(timedelta(hours=2)))
    assert marks.when(moment, relative=False) == (
        '<time datetime="2026-03-09T08:05:01.000123+02:00" title="2026-03-09 08:05:01+02:00">9 Mar 2026, 08:05</time>'
    )
    assert "data-relative>just now</time>" in marks.when(datetime.now(UTC))
    assert marks.when(None) == '<span class="muted">–</span>'


def test_what_is_remembered_is_made_once_for_each_key() -> None:
    made: list[str] = []

    def macro(said: str) -> Markup:
        made.append(said)
        return Markup(said)

    assert [marks.remembered(macro, key, key) for key in ("a", "b", "a")] == ["a", "b", "a"]
    assert made == ["a", "b"]
