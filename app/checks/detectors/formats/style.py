"""The style that an answer is written in: JSON, Markdown or plain text. Pure."""

import re

_MARKDOWN = re.compile(
    r"^(?:#{1,6} \S|```|\s{0,3}[-*+] \S|\s{0,3}\d{1,3}[.)] \S|> \S|\|.+\|\s*$)|\*\*\S[^*\n]{0,300}\*\*"
    r"|\[[^\]\n]{1,200}\]\(https?:",
    re.M,
)
NAMES = {"json": "JSON", "markdown": "Markdown", "plain": "plain text"}


def style_of(text: str) -> str:
    """``json`` by how the text begins and ends, whether or not it parses; ``markdown`` by its marks; else ``plain``."""
    stripped = text.strip()
    if stripped[:1] in ("{", "[") and (stripped[-1:] in ("}", "]") or re.match(r'[{\[]\s*["{\[]', stripped)):
        return "json"
    return "markdown" if _MARKDOWN.search(stripped) else "plain"
