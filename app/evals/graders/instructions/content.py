"""Placeholders, postscripts, languages, and the beginnings and ends of an output."""

from app.core.instructions import kinds
from app.core.language import guess
from app.evals.graders.base import quoted
from app.evals.graders.instructions.verdict import Pattern, Verdict, counted

PLACEHOLDER = Pattern(r"\[[^\]\n]*[^\]\s][^\]\n]*\]")
QUOTE = '"'


def number_placeholders(text: str, asked: kinds.NumberPlaceholders) -> Verdict:
    """[…] with something in it, on one line."""
    count = sum(1 for _ in PLACEHOLDER.finditer(text))
    return Verdict(count >= asked.num_placeholders, counted(count, "placeholder"))


def postscript(text: str, asked: kinds.Postscript) -> Verdict:
    """The marker stands somewhere, in any case; a blank may follow its full stops, the last of which may be missing.
    “P.S.” within “P.P.S.” or within a word is not it."""
    squeezed = text.casefold().replace(". ", ".")
    marker = asked.postscript_marker.casefold().replace(". ", ".").strip().removesuffix(".")
    at = squeezed.find(marker)
    while at >= 0:
        before = squeezed[max(0, at - 3) : at]
        of_another = before.endswith("p.") and not before[:-2].isalnum()
        if not (before[-1:].isalnum() or of_another):
            return Verdict(True, f"has {quoted(squeezed[at : at + 40].upper(), 40)}")
        at = squeezed.find(marker, at + 1)
    return Verdict(False, "has no such postscript")


def response_language(text: str, asked: kinds.ResponseLanguage) -> Verdict:
    """The most likely language of the whole text is the one asked for."""
    found = guess(text)
    if found is None:
        return Verdict(False, "has no words that a language could be told by")
    return Verdict(found.code == kinds.base_language(asked.language), f"looks like {found.code}")


def end_checker(text: str, asked: kinds.EndChecker) -> Verdict:
    """The phrase is the very end, in any case; blanks and quotation marks around the whole do not count."""
    end = text.strip().strip(QUOTE).rstrip().casefold()
    followed = end.endswith(asked.end_phrase.strip().strip(QUOTE).casefold())
    return Verdict(followed, f"ends with {quoted(text.strip()[-60:], 60)}")


def quotation(text: str, _asked: kinds.Quotation) -> Verdict:
    """The first and the last character are straight double quotation marks."""
    whole = text.strip()
    followed = len(whole) > 1 and whole[0] == whole[-1] == QUOTE
    return Verdict(followed, f"begins with {quoted(whole[:1])} and ends with {quoted(whole[-1:])}")


def repeat_prompt(text: str, asked: kinds.RepeatPrompt) -> Verdict:
    """The output begins with the request, in any case."""
    followed = text.strip().casefold().startswith(asked.prompt_to_repeat.strip().casefold())
    return Verdict(followed, f"begins with {quoted(text.strip()[:60], 60)}")


def two_responses(text: str, _asked: kinds.TwoResponses) -> Verdict:
    """Two parts between ******, different and not empty; a divider at the very beginning or end parts nothing."""
    parts = [part.strip() for part in text.split("******")]
    if parts and not parts[-1]:
        parts.pop()
    if parts and not parts[0]:
        parts.pop(0)
    if len(parts) == 2 and parts[0] == parts[1]:
        return Verdict(False, "the two are the same")
    return Verdict(len(parts) == 2 and all(parts), counted(sum(map(bool, parts)), "answer"))


def no_comma(text: str, _asked: kinds.NoComma) -> Verdict:
    count = text.count(",")
    return Verdict(count == 0, counted(count, "comma"))
