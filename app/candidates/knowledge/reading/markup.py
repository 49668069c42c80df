"""Markdown and HTML: text in Markdown, and the path of headings over each part of it."""

import re
from itertools import pairwise

from app.candidates.knowledge.reading.documents import Document, Kind, decoded, plain

UNSEEN = ["script", "style", "noscript", "template", "svg", "iframe", "nav"]
MAX_TITLE = 120
FRONT_MATTER = re.compile(r"---\n(.*?)\n---\n", re.DOTALL)


def of_text(name: str, dated: str, kind: Kind, raw: bytes) -> Document:
    """A document of any kind but PDF. Raises Unreadable for what is not UTF-8."""
    if kind == "text":
        return Document(name, dated, kind, decoded(raw))
    title, text = ("", from_html(raw)) if kind == "html" else without_front_matter(decoded(raw))
    return Document(name, dated, kind, text, headings(text, title))


def from_html(raw: bytes) -> str:
    """HTML as Markdown; what no reader sees, pictures and addresses of links left out. The encoding is found."""
    from bs4 import BeautifulSoup
    from markdownify import MarkdownConverter

    soup = BeautifulSoup(raw, "html.parser")
    for element in soup(UNSEEN):
        element.decompose()
    title = soup.title.extract().get_text(" ", strip=True) if soup.title else ""
    body = soup.body or soup
    converter = MarkdownConverter(heading_style="ATX", strip=["a", "img"])
    text = plain(str(converter.convert_soup(body))).strip()
    return f"# {title}\n\n{text}" if title and not soup.find("h1") else text


def without_front_matter(text: str) -> tuple[str, str]:
    """(title that stands in it, or nothing; the text after it)."""
    import yaml

    matter = FRONT_MATTER.match(text)
    if matter is None:
        return "", text
    try:
        fields = yaml.safe_load(matter.group(1))
    except yaml.YAMLError:
        return "", text
    title = fields.get("title") if isinstance(fields, dict) else None
    return _words(str(title or "")), text[matter.end() :]


def headings(text: str, title: str = "") -> list[tuple[int, str]]:
    """(offset, path of headings from there on, like "Refunds › Exceptions"); ``title`` stands over all of them."""
    from markdown_it import MarkdownIt

    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    tokens = MarkdownIt("commonmark").parse(text)
    above = [(0, title)]
    found = [(0, title)]
    for token, inline in pairwise(tokens):
        if token.type != "heading_open" or token.map is None or token.level:
            continue
        level = int(token.tag[1:])
        above = [one for one in above if one[0] < level]
        above.append((level, _words("".join(part.content for part in inline.children or ()))))
        found.append((starts[token.map[0]], " › ".join(title for _level, title in above if title)))
    return found


def _words(title: str) -> str:
    return " ".join(title.split())[:MAX_TITLE]
