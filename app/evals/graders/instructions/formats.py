"""Markdown, JSON and fixed forms."""

from app.core.instructions import kinds
from app.core.strict_json import StrictJsonError, parse
from app.evals.graders.base import quoted
from app.evals.graders.instructions.verdict import Pattern, Verdict, counted

BULLET = Pattern(r"(?m)^[ \t]*[*+-][ \t]+\S.*$")
RULE = Pattern(r"[ \t]*([*][ \t]*){3,}|[ \t]*([-][ \t]*){3,}")
HIGHLIGHT = Pattern(r"\*\*[^\s*](?:[^\n*]*[^\s*])?\*\*|\*[^\s*](?:[^\n*]*[^\s*])?\*")
TITLE = Pattern(r"<<[^\n]*[^\s<>][^\n]*>>")
OPTIONS = ("My answer is yes.", "My answer is no.", "My answer is maybe.")
FENCE = "```"


def number_bullet_lists(text: str, asked: kinds.NumberBulletLists) -> Verdict:
    """Lines that begin with *, - or + and a blank; a line of such marks alone is a rule and no point."""
    lines = [match.group(0) for match in BULLET.finditer(text)]
    count = sum(RULE.fullmatch(line) is None for line in lines)
    return Verdict(count == asked.num_bullets, counted(count, "bullet point"))


def number_highlighted_sections(text: str, asked: kinds.NumberHighlightedSections) -> Verdict:
    """*…* and **…** on one line, without blanks just inside, as Markdown has it."""
    count = sum(1 for _ in HIGHLIGHT.finditer(text))
    return Verdict(count >= asked.num_highlights, counted(count, "highlighted passage"))


def multiple_sections(text: str, asked: kinds.MultipleSections) -> Verdict:
    """The mark with a number after it, spelt as asked for, at least that often."""
    parts = text.split(asked.section_spliter.strip())[1:]
    count = sum(part.lstrip(" \t")[:1].isdecimal() for part in parts)
    return Verdict(count >= asked.num_sections, counted(count, "section"))


def json_format(text: str, _asked: kinds.JsonFormat) -> Verdict:
    """One JSON value and nothing else; a Markdown fence around it does not count."""
    try:
        parse(_unfenced(text.strip()))
    except StrictJsonError as error:
        return Verdict(False, f"is not JSON: {error}")
    return Verdict(True, "is JSON")


def _unfenced(text: str) -> str:
    if not (text.startswith(FENCE) and text.endswith(FENCE) and len(text) > 2 * len(FENCE)):
        return text
    inner = text[len(FENCE) : -len(FENCE)]
    return inner[4:] if inner[:4].lower() == "json" else inner


def title(text: str, _asked: kinds.Title) -> Verdict:
    """<<…>> with something in it, on one line."""
    found = TITLE.search(text)
    return Verdict(found is not None, f"has {quoted(found.group(0), 60)}" if found else "has no <<title>>")


def constrained_response(text: str, _asked: kinds.ConstrainedResponse) -> Verdict:
    """One of the three sentences stands in it, word for word."""
    found = [option for option in OPTIONS if option in text]
    if not found:
        return Verdict(False, "has none of the three")
    return Verdict(len(found) == 1, f"has {', '.join(quoted(option) for option in found)}")
