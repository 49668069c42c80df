"""The kinds and their arguments, under the names that IFEval's files have for them."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from app.core import language

Relation = Literal["less than", "at least"]
Phrase = Annotated[str, Field(min_length=1, max_length=20_000)]
Words = Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(min_length=1, max_length=100)]


def _number(value: Any) -> Any:
    if isinstance(value, str | bool):
        raise ValueError("must be a whole number")
    return value


Count = Annotated[int, BeforeValidator(_number), Field(ge=1, le=100_000)]


FEWER = [(name, "less than") for name in ("relation", "let_relation", "capital_relation")]  # as people say it


class Kind(BaseModel):
    """One kind's arguments. ``asks`` says in a few words what is asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    asks_for: ClassVar[str] = ""

    @property
    def asks(self) -> str:
        named = self.model_dump()
        said = {name: "fewer than" if (name, value) in FEWER else value for name, value in named.items()}
        return self.asks_for.format_map(said)

    @field_validator("*")
    @classmethod
    def _not_blank(cls, value: Any) -> Any:
        """A blank phrase would be found in every text."""
        phrases = value if isinstance(value, list) else [value]
        if any(isinstance(phrase, str) and not phrase.strip() for phrase in phrases):
            raise ValueError("must not be blank")
        return value


def quoted(phrases: list[str]) -> str:
    return ", ".join(f"“{phrase[:60]}…”" if len(phrase) > 60 else f"“{phrase}”" for phrase in phrases)


class Existence(Kind):
    keywords: Words

    @property
    def asks(self) -> str:
        return f"the words {quoted(self.keywords)}"


class Frequency(Kind):
    keyword: Annotated[str, Field(min_length=1, max_length=200)]
    frequency: Count
    relation: Relation
    asks_for = "“{keyword}” {relation} {frequency} times"


class ForbiddenWords(Kind):
    forbidden_words: Words

    @property
    def asks(self) -> str:
        return f"none of the words {quoted(self.forbidden_words)}"


class LetterFrequency(Kind):
    letter: Annotated[str, Field(min_length=1, max_length=1)]
    let_frequency: Count
    let_relation: Relation
    asks_for = "the letter “{letter}” {let_relation} {let_frequency} times"


class ResponseLanguage(Kind):
    language: str
    asks_for = "everything in the language {language}"

    @field_validator("language")
    @classmethod
    def _known(cls, value: str) -> str:
        if base_language(value) not in language.codes():
            raise ValueError("is not the code of a language that can be told (such as de, hi or sw)")
        return value


def base_language(code: str) -> str:
    """``zh-cn`` → ``zh``: the detector does not tell scripts and countries apart."""
    return code.split("-")[0].lower()


class NumberSentences(Kind):
    num_sentences: Count
    relation: Relation
    asks_for = "{relation} {num_sentences} sentences"


class NumberParagraphs(Kind):
    num_paragraphs: Count
    asks_for = "exactly {num_paragraphs} paragraphs with *** between them"


class NumberWords(Kind):
    num_words: Count
    relation: Relation
    asks_for = "{relation} {num_words} words"


class NthParagraphFirstWord(Kind):
    num_paragraphs: Count
    nth_paragraph: Count
    first_word: Annotated[str, Field(min_length=1, max_length=200)]
    asks_for = (
        "exactly {num_paragraphs} paragraphs with blank lines between them, "
        "number {nth_paragraph} beginning with “{first_word}”"
    )

    @model_validator(mode="after")
    def _there_is_one(self) -> "NthParagraphFirstWord":
        if self.nth_paragraph > self.num_paragraphs:
            raise ValueError("nth_paragraph: is more than num_paragraphs")
        return self


class NumberPlaceholders(Kind):
    num_placeholders: Count
    asks_for = "at least {num_placeholders} placeholders in square brackets"


class Postscript(Kind):
    postscript_marker: Annotated[str, Field(min_length=1, max_length=50)]
    asks_for = "a postscript beginning with {postscript_marker}"


class NumberBulletLists(Kind):
    num_bullets: Count
    asks_for = "exactly {num_bullets} Markdown bullet points"


class NumberHighlightedSections(Kind):
    num_highlights: Count
    asks_for = "at least {num_highlights} *highlighted* passages"


class MultipleSections(Kind):
    section_spliter: Annotated[str, Field(min_length=1, max_length=200)]  # spelt as in the files
    num_sections: Count
    asks_for = "{num_sections} sections that begin with {section_spliter} and a number"


class RepeatPrompt(Kind):
    prompt_to_repeat: Phrase
    asks_for = "the request repeated word for word, then the answer"


class EndChecker(Kind):
    end_phrase: Phrase

    @property
    def asks(self) -> str:
        return f"the last words {quoted([self.end_phrase])}"


class CapitalWordFrequency(Kind):
    capital_frequency: Count
    capital_relation: Relation
    asks_for = "{capital_relation} {capital_frequency} words in capitals"


class ConstrainedResponse(Kind):
    asks_for = "“My answer is yes.”, “My answer is no.” or “My answer is maybe.”"


class JsonFormat(Kind):
    asks_for = "everything as JSON"


class Title(Kind):
    asks_for = "a title in <<double angular brackets>>"


class TwoResponses(Kind):
    asks_for = "two different answers with ****** between them"


class EnglishCapital(Kind):
    asks_for = "English in capital letters only"


class EnglishLowercase(Kind):
    asks_for = "English in lowercase letters only"


class Quotation(Kind):
    asks_for = "everything within double quotation marks"


class NoComma(Kind):
    asks_for = "no comma"


KINDS: dict[str, type[Kind]] = {
    "keywords:existence": Existence,
    "keywords:frequency": Frequency,
    "keywords:forbidden_words": ForbiddenWords,
    "keywords:letter_frequency": LetterFrequency,
    "language:response_language": ResponseLanguage,
    "length_constraints:number_sentences": NumberSentences,
    "length_constraints:number_paragraphs": NumberParagraphs,
    "length_constraints:number_words": NumberWords,
    "length_constraints:nth_paragraph_first_word": NthParagraphFirstWord,
    "detectable_content:number_placeholders": NumberPlaceholders,
    "detectable_content:postscript": Postscript,
    "detectable_format:number_bullet_lists": NumberBulletLists,
    "detectable_format:constrained_response": ConstrainedResponse,
    "detectable_format:number_highlighted_sections": NumberHighlightedSections,
    "detectable_format:multiple_sections": MultipleSections,
    "detectable_format:json_format": JsonFormat,
    "detectable_format:title": Title,
    "combination:two_responses": TwoResponses,
    "combination:repeat_prompt": RepeatPrompt,
    "startend:end_checker": EndChecker,
    "startend:quotation": Quotation,
    "change_case:capital_word_frequency": CapitalWordFrequency,
    "change_case:english_capital": EnglishCapital,
    "change_case:english_lowercase": EnglishLowercase,
    "punctuation:no_comma": NoComma,
}
