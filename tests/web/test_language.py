"""The language of a text for its ``lang`` attribute: right, or none at all."""

import pytest

from app.web.language import lang_of
from app.web.render import environment


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("هل يمكنني استرداد المبلغ الذي دفعته الشهر الماضي؟", "ar"),
        ("האם אפשר לקבל החזר על המנוי השנתי שלי?", "he"),
        ("آیا می‌توانم پول خود را پس بگیرم؟ اشتراک من لغو شده است.", "fa"),
        ("Kann ich meine Rechnung korrigieren lassen?", "de"),
        ("年間プランの返金は可能でしょうか。", "ja"),
        ("Can you refund my annual plan? I forgot to cancel.", "en"),
        ("Bonjour, nous avons résilié il y a deux semaines.", "fr"),
        ('{"route": "refunds", "reply": "Wir erstatten den Betrag innerhalb von 14 Tagen."}', "de"),
        ("שלום", "he"),
        ("Refund", None),
        ("ok thanks", None),
        ("مرحبا", None),  # Arabic, but as short as this it could be Persian
        ("Hi", None),
        ("12345 — 67.89 €", None),
        ("def f(x):\n    return x + 1", None),
        ("", None),
        (None, None),
    ],
)
def test_right_or_none(text: str | None, lang: str | None) -> None:
    assert lang_of(text) == lang


def test_messages_carry_direction_and_language() -> None:
    source = '{% from "components/conversation.html" import words %}{{ words(hebrew) }}{{ words("ok") }}'
    rendered = environment().from_string(source).render(hebrew="האם אפשר לקבל החזר על המנוי?")
    hebrew, short = rendered.split("</div>")[:2]
    assert 'dir="auto"' in hebrew
    assert 'lang="he"' in hebrew
    assert "lang=" not in short
    assert 'dir="auto"' in short
