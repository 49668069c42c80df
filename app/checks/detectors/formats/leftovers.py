"""What should not have been left in a text: placeholders, a model's talk of itself, broken characters. Pure."""

import re
from collections.abc import Iterator

import re2

_GATE = re2.compile(
    r"(?i)\{[a-z{ ]|\[[^\]]|<[a-z]|\bTODO\b|\bTBD\b|\bXXX|lorem ipsum|\bAI\b|language model|\x{fffd}|Ã|â€|Â|_{4}"
    r"|\$\{|%[a-z(]"
)
_WORD = (
    r"(?:insert|enter|add|your|my|customer|client|user|company|name|first|last|full|order|invoice|account"
    r"|number|no|id|date|time"
    r"|day|month|year|address|e-?mail|phone|amount|price|product|item|city|country|state|street|zip|code|link"
    r"|url|title|position"
    r"|department|signature|reason|details?|website|agent|representative|contact|support|team|person|recipient"
    r"|sender|business"
    r"|organi[sz]ation|store|service|ticket|case|reference|tracking|subscription|plan|version|currency|refund"
    r"|payment|method"
    r"|shipping|delivery|placeholder|here|fill|specific|relevant|topic|example|location|event|school|university"
    r"|brand|x{1,3})"
)
_PLACEHOLDERS = (
    # {{Order Number}}, ${name}, {customer_name}
    re.compile(r"\{\{ ?[^\W\d_][^{}\n]{0,60}\}\}|\$\{ ?[a-zA-Z_][\w. ]{0,40}\}"),
    re.compile(rf"(?<![\w{{\"'$\\]){{{_WORD}(?:[ _-]?{_WORD}){{0,4}}}}", re.I),
    # [NAME], [Your Name], <insert date here>, <order number>
    re.compile(rf"\[(?:{_WORD})(?:['’]s)?(?:[ _/-]+(?:{_WORD}|of|the|a|or|and|for|to)(?:['’]s)?){{0,6}}\](?!\()", re.I),
    re.compile(rf"<(?:insert|enter|add|your|customer|order|name of)\b[^<>\n]{{0,50}}>|<{_WORD}[ _-]{_WORD}>", re.I),
    re.compile(r"\blorem ipsum\b(?: dolor)?(?: sit)?(?: amet)?", re.I),
    re.compile(r"(?<![\w#])(?:TODO|TBD|FIXME)(?![\w])(?::[^\n]{0,60})?|(?<![\w-])X{3,8}(?![\w-])"),
)
_MASKS = re.compile(
    r"\[(?:EMAIL|PHONE|CARD|IBAN|IP ADDRESS|MAC ADDRESS|SSN|TAX NUMBER|NATIONAL ID|ID DOCUMENT|DATE OF BIRTH"
    r"|ADDRESS|WALLET"
    r"|SECRET|PERSON|PLACE|ORGANISATION)\]"
)
_SELF = re.compile(
    r"\bas an? (?:large |helpful |advanced )?(?:AI|artificial intelligence|language)(?: language)?(?: model"
    r"| assistant)?\b"
    r"|\bI(?:'m| am) (?:just |only )?an? (?:AI|artificial intelligence|(?:large )?language model)\b"
    r"|\bmy (?:knowledge cut-?off|training data)\b|\bI was (?:trained|created|developed) by (?:OpenAI|Anthropic"
    r"|Google|Meta)\b"
    r"|\bals (?:eine )?KI(?:-Modell| Sprachmodell)?\b|\ben tant qu['’]IA\b|\bcomo (?:una )?IA\b",
    re.I,
)
# UTF-8 that was read as Latin-1 or Windows-1252, once: two or three characters where there was one
_MOJIBAKE = re.compile(
    r"\ufffd+|(?:Ã[\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc‚„…†‡‰‹›‘’“”•–—™€])+"
    r"|â€[\u0080-\u00bf\u02dc™œžŸ¦“”˜]?|Â[\u00a0-\u00bf]"
)


def find_leftovers(text: str) -> Iterator[tuple[str, int, int]]:
    """(code, start, stop): ``placeholder``, ``self_reference``, ``mojibake``. Spans of a code do not overlap."""
    if not _GATE.search(text.encode("utf-8", "replace").decode()):
        return
    taken: list[tuple[int, int]] = []
    for pattern in _PLACEHOLDERS:
        for match in pattern.finditer(text):
            free = all(match.end() <= start or match.start() >= stop for start, stop in taken)
            if free and not _MASKS.fullmatch(match[0]):
                taken.append(match.span())
                yield "placeholder", *match.span()
    for code, pattern in (("self_reference", _SELF), ("mojibake", _MOJIBAKE)):
        for match in pattern.finditer(text):
            yield code, *match.span()
