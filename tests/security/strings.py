"""Hostile text: a committed handful, and the big list where it lies beside the checkout."""

import json
from pathlib import Path

OWN = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ ''.__class__.__mro__ }}",
    "' OR 1=1; drop table users; --",
    "%_\\",
    "\u202eright to left \u2066x\u2069",
    "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324A\u0334LGO",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 \ufeff\u00ad",
    '=HYPERLINK("http://evil.example","x")',
    "line\r\nSet-Cookie: a=b",
    "\x00nul",
    "\x1b[31mred",
    "../../../etc/passwd",
    "1e999",
    "NaN",
    "[" * 3000,
    "a" * 100_000,
    "-" * 10 + "\t\n\v\f",
]
BIG_LIST = Path(__file__).resolve().parents[3] / "shared/data/blns/blns.json"


def hostile(limit: int | None = None) -> list[str]:
    """All of ours, and up to ``limit`` of the big list, evenly drawn."""
    more = json.loads(BIG_LIST.read_text()) if BIG_LIST.is_file() else []
    step = max(1, len(more) // limit) if limit else 1
    return OWN + [text for text in more[::step] if text]
