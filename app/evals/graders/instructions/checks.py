"""The check of each kind, and the loose reading of an output."""

from collections.abc import Callable, Iterator
from typing import Any

from app.core.instructions import Instruction
from app.evals.graders.instructions import content, formats, keywords, lengths, letter_case
from app.evals.graders.instructions.verdict import Verdict

CHECKS: dict[str, Callable[[str, Any], Verdict]] = {
    "keywords:existence": keywords.existence,
    "keywords:frequency": keywords.frequency,
    "keywords:forbidden_words": keywords.forbidden_words,
    "keywords:letter_frequency": keywords.letter_frequency,
    "language:response_language": content.response_language,
    "length_constraints:number_sentences": lengths.number_sentences,
    "length_constraints:number_paragraphs": lengths.number_paragraphs,
    "length_constraints:number_words": lengths.number_words,
    "length_constraints:nth_paragraph_first_word": lengths.nth_paragraph_first_word,
    "detectable_content:number_placeholders": content.number_placeholders,
    "detectable_content:postscript": content.postscript,
    "detectable_format:number_bullet_lists": formats.number_bullet_lists,
    "detectable_format:constrained_response": formats.constrained_response,
    "detectable_format:number_highlighted_sections": formats.number_highlighted_sections,
    "detectable_format:multiple_sections": formats.multiple_sections,
    "detectable_format:json_format": formats.json_format,
    "detectable_format:title": formats.title,
    "combination:two_responses": content.two_responses,
    "combination:repeat_prompt": content.repeat_prompt,
    "startend:end_checker": content.end_checker,
    "startend:quotation": content.quotation,
    "change_case:capital_word_frequency": letter_case.capital_word_frequency,
    "change_case:english_capital": letter_case.english_capital,
    "change_case:english_lowercase": letter_case.english_lowercase,
    "punctuation:no_comma": content.no_comma,
}


def strict(text: str, instruction: Instruction) -> Verdict:
    """Whether the output follows the instruction as it stands. An output of blanks follows none."""
    return CHECKS[instruction.id](text, instruction.kind) if text.strip() else Verdict(False, "the output is blank")


def loose(text: str, instruction: Instruction) -> bool:
    """Whether it does in one of its eight readings (Zhou et al. 2023, section 2.2)."""
    return any(strict(reading, instruction).followed for reading in readings(text))


def readings(text: str) -> Iterator[str]:
    """As it stands, without its first line (a preamble), without its last (a closing remark), without both; and each
    of the four without asterisks (Markdown's emphasis)."""
    lines = text.split("\n")
    for part in (lines, lines[1:], lines[:-1], lines[1:-1]):
        reading = "\n".join(part).strip()
        yield reading
        yield reading.replace("*", "")
