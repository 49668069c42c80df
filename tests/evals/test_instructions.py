"""The grader ``instructions``: each of the 25 kinds from its definition, the loose readings, refused arguments."""

import nupunkt
import pytest

from app.core.errors import Invalid
from app.core.instructions import KINDS, WrongInstruction, parse
from app.evals.graders import Sample, case_item, grade, parse_spec
from app.evals.graders.instructions import lengths
from app.evals.graders.instructions.checks import CHECKS, loose, readings, strict

GERMAN = "Vielen Dank für Ihre Anfrage. Wir kümmern uns gleich morgen früh darum."
HINDI = "आपका बहुत धन्यवाद। हम कल सुबह आपके खाते की जाँच करेंगे।"

# kind: [(arguments, texts that follow it, texts that do not)]
CASES = {
    "keywords:existence": [
        ({"keywords": ["refund", "Invoice"]}, ["REFUND the invoices.", "invoice\nrefund"], ["A refund only.", "none"]),
        ({"keywords": ["a+b", "c(d"]}, ["so a+b and c(d"], ["aab and cd"]),  # no patterns
        ({"keywords": ["straße"]}, ["DIE STRASSE"], ["die Gasse"]),
    ],
    "keywords:frequency": [
        ({"keyword": "go", "frequency": 3, "relation": "at least"}, ["Go, go, gone!"], ["go go"]),
        ({"keyword": "aa", "frequency": 2, "relation": "less than"}, ["aaa"], ["aaaa"]),  # none overlaps another
    ],
    "keywords:forbidden_words": [
        ({"forbidden_words": ["art", "über"]}, ["A party overüber"], ["Modern Art.", "art-house", "So über-all"]),
        ({"forbidden_words": ["can't"]}, ["I can, it is not a scan't"], ["I CAN'T."]),
        ({"forbidden_words": ["no"]}, ["none no_w"], ["none, no"]),  # found after a part of another word
    ],
    "keywords:letter_frequency": [
        ({"letter": "E", "let_frequency": 3, "let_relation": "at least"}, ["eEe"], ["ee"]),
        ({"letter": "#", "let_frequency": 2, "let_relation": "less than"}, ["# one", "none"], ["##"]),
    ],
    "language:response_language": [
        ({"language": "de"}, [GERMAN], [HINDI, "Thank you for writing to us about this.", "1234"]),
        ({"language": "hi"}, [HINDI], [GERMAN]),
        (
            {"language": "zh-cn"},
            ["谢谢您的来信，我们明天会处理您的退款申请。"],
            ["ありがとうございます。明日ご連絡します。"],
        ),
    ],
    "length_constraints:number_sentences": [
        (
            {"num_sentences": 3, "relation": "at least"},
            ["One. Two! Three?"],
            ["Dr. Lee paid $3.50 at 5 p.m. to Mr. Day. Two."],  # abbreviations and decimals end nothing
        ),
        ({"num_sentences": 2, "relation": "less than"}, ["Just one...", "no full stop"], ["One. Two."]),
    ],
    "length_constraints:number_paragraphs": [
        (
            {"num_paragraphs": 2},
            ["One\n\n***\n\nTwo", "***\nOne\n***\nTwo\n***", "One *** two"],
            ["One\n\nTwo", "a\n***\nb\n***\nc", "a\n***\n\n***\nb"],
        ),
    ],
    "length_constraints:number_words": [
        ({"num_words": 3, "relation": "at least"}, ["one two three", "well-known word"], ["one, two …"]),
        ({"num_words": 3, "relation": "less than"}, ["one two!"], ["I don't"]),  # don't is two
    ],
    "length_constraints:nth_paragraph_first_word": [
        (
            {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "Then"},
            ["First.\n\nthen, next", 'A\n\n\n\n"THEN" b', "a\nb\n\n**Then** c"],
            ["First.\n\nThenceforth", "Then\n\nx", "a\n\nthen\n\nc", "a\nthen"],
        ),
    ],
    "detectable_content:number_placeholders": [
        (
            {"num_placeholders": 2},
            ["[name] in [city], [date]", "[[a]] [b]"],
            ["[name] in [", "[] [ ] [a]", "[a\nb] [c]"],
        ),
    ],
    "detectable_content:postscript": [
        ({"postscript_marker": "P.S."}, ["Bye.\nP.S. more", "bye p. s. more", "**P.S** x"], ["Bye. PS: x", "P.P.S. x"]),
        ({"postscript_marker": "P.P.S"}, ["P.S. a\nP.P.S. b", "p. p. s. b"], ["P.S. a"]),
        ({"postscript_marker": "P.S."}, ["Buy the soap. P.S. x"], ["the top.s are"]),
    ],
    "detectable_format:number_bullet_lists": [
        (
            {"num_bullets": 2},
            ["Two:\n* a\n* b", "- a\n  - b", "* a\n---\n- b\n* * *"],
            ["* a", "* a\n* b\n* c", "**a**\n**b**", "1. a\n2. b", "• a\n• b"],
        ),
    ],
    "detectable_format:constrained_response": [
        (
            {},
            ["My answer is yes.", "Well: My answer is maybe. Because"],
            ["Yes.", "my answer is no.", "My answer is yes. My answer is no."],
        ),
    ],
    "detectable_format:number_highlighted_sections": [
        (
            {"num_highlights": 2},
            ["*one* and **two**", "* point *a b*\n* point ***c***"],
            ["*one*", "* one * two *", "** **", "*a\nb* *c"],
        ),
    ],
    "detectable_format:multiple_sections": [
        (
            {"section_spliter": "SECTION", "num_sections": 2},
            ["SECTION 1\na\nSECTION 2\nb", "## SECTION1\n**SECTION 2** x"],
            ["SECTION 1", "SECTION A\nSECTION B", "section 1\nsection 2"],
        ),
    ],
    "detectable_format:json_format": [
        (
            {},
            ['{"a": 1}', '```json\n{"a": [1]}\n```', '```\n"text"\n```'],
            ["{'a': 1}", 'Here: {"a": 1}', '{"a": NaN}', "```", '{"a": 1} {"b": 2}'],
        ),
    ],
    "detectable_format:title": [
        ({}, ["<<Spring>>\ntext", "a <<b c>>"], ["<Spring>", "<<>>", "<< >>", "<<a\nb>>"]),
    ],
    "combination:two_responses": [
        ({}, ["a\n******\nb", "******\na******b"], ["a", "a******a", "a******b******c", "a******", "a\n***\nb"]),
    ],
    "combination:repeat_prompt": [
        (
            {"prompt_to_repeat": "Why is it Blue? "},
            ["Why is it blue?\n\nBecause."],
            ["Because.", "Sure! Why is it blue?"],
        ),
    ],
    "startend:end_checker": [
        ({"end_phrase": "Any questions?"}, ["So. Any questions?", 'any QUESTIONS?" \n'], ["Any questions? No."]),
    ],
    "startend:quotation": [({}, ['"All of it."', ' "a" and "b" '], ['"', '"open', "'single'", "“curly”"])],
    "change_case:capital_word_frequency": [
        (
            {"capital_frequency": 2, "capital_relation": "at least"},
            ["I am HERE", "WELL-KNOWN NASA"],
            ["Hello There", "A1 b", "U.S.A. only"],
        ),
        ({"capital_frequency": 1, "capital_relation": "less than"}, ["none at All", "123"], ["one WORD"]),
    ],
    "change_case:english_capital": [
        ({}, ["THANK YOU FOR YOUR LETTER, WE WILL ANSWER TOMORROW."], ["THANK you.", GERMAN.upper(), "123"]),
    ],
    "change_case:english_lowercase": [
        ({}, ["thank you for your letter, we will answer tomorrow."], ["Thank you.", GERMAN.lower(), "123"]),
    ],
    "punctuation:no_comma": [({}, ["No commas; none."], ["One, two"])],
}
EACH = [
    (kind, kwargs, text, expected)
    for kind, cases in CASES.items()
    for kwargs, good, bad in cases
    for expected, texts in ((True, good), (False, bad))
    for text in texts
]


@pytest.mark.parametrize(("kind", "kwargs", "text", "expected"), EACH)
def test_each_kind_by_its_definition(kind, kwargs, text, expected):
    verdict = strict(text, parse([kind], [kwargs])[0])
    assert verdict.followed is expected, verdict.found
    assert verdict.found


def test_every_kind_has_a_check_and_cases_on_both_sides():
    assert list(CASES) == list(KINDS) == list(CHECKS)
    assert len(KINDS) == 25
    assert all(good and bad for cases in CASES.values() for _kwargs, good, bad in cases)


@pytest.mark.parametrize("kind", KINDS)
def test_a_blank_output_follows_nothing(kind):
    assert not strict(" \n", parse([kind], [CASES[kind][0][0]])[0]).followed


# --- the loose form ---


def test_the_eight_readings():
    assert list(readings("a\n*b*\nc")) == ["a\n*b*\nc", "a\nb\nc", "*b*\nc", "b\nc", "a\n*b*", "a\nb", "*b*", "b"]


@pytest.mark.parametrize(
    ("kind", "kwargs", "text"),
    [
        ("startend:quotation", {}, 'Sure, here you are:\n"All of it."'),
        ("startend:end_checker", {"end_phrase": "Bye."}, "Text. Bye.\nLet me know if you need more!"),
        ("detectable_format:json_format", {}, 'Here is the JSON:\n{"a": 1}\nHope this helps.'),
        ("combination:repeat_prompt", {"prompt_to_repeat": "Why so?"}, "**Why so?** Because."),
    ],
)
def test_loose_forgives_a_preamble_a_closing_line_and_emphasis(kind, kwargs, text):
    instruction = parse([kind], [kwargs])[0]
    assert not strict(text, instruction).followed
    assert loose(text, instruction)


def test_loose_does_not_forgive_what_stands_in_every_reading_and_a_single_line_is_not_emptied_into_a_pass():
    assert not loose("a, b\nc, d\ne, f", parse(["punctuation:no_comma"], None)[0])
    assert not loose("one, two", parse(["punctuation:no_comma"], None)[0])


# --- grades ---

ASKED = {
    "instruction_id_list": ["punctuation:no_comma", "length_constraints:number_words", "detectable_format:title"],
    "kwargs": [{}, {"relation": "at least", "num_words": 4}, {}],
}
SPEC = parse_spec({"type": "instructions"})


def graded(output, spec=SPEC, **case):
    return grade(spec, case_item({"messages": [{"role": "user", "content": "x"}], **case}), Sample(output))


def test_the_grade_says_of_each_instruction_whether_it_was_followed_and_why():
    given = graded("<<One>> two, three", expected=ASKED)
    assert given.score == pytest.approx(1 / 3)
    assert given.passed is False
    assert given.reason == (
        "1 of 3 instructions followed; not punctuation:no_comma (1 comma), length_constraints:number_words (3 words)"
    )
    rows = given.detail["instructions"]
    assert [row["followed"] for row in rows] == [False, False, True]
    assert rows[1] == {
        "id": "length_constraints:number_words", "asks": "at least 4 words", "found": "3 words",
        "followed": False, "loose": False,
    }  # fmt: skip
    assert graded("<<One>> two three four", expected=ASKED).passed is True


def test_both_forms_are_told_and_the_chosen_one_decides():
    asked = {"instruction_id_list": ["startend:quotation"], "kwargs": [{}]}
    output = 'Here:\n"quoted"'
    lenient = graded(output, parse_spec({"type": "instructions", "form": "loose"}), expected=asked)
    severe = graded(output, expected=asked)
    assert (lenient.passed, severe.passed) == (True, False)
    assert lenient.detail["instructions"] == severe.detail["instructions"]


def test_instructions_come_from_the_case_from_its_metadata_or_from_the_grader():
    assert graded("a b c d <<t>>", metadata=ASKED).passed is True
    own = parse_spec({"type": "instructions", "instruction_id_list": ["punctuation:no_comma"]})
    assert graded("no comma", own).passed is True
    assert own.metric == "general_instruction_following"
    assert parse_spec(own.snapshot()) == own
    assert graded("anything").passed is None
    assert "{{item.instruction_id_list}}" in graded("anything").reason


def test_a_case_with_instructions_that_cannot_be_read_is_not_gradable_whatever_came_back():
    broken = {"instruction_id_list": ["length_constraints:number_words"], "kwargs": [{"num_words": 3}]}
    for output in ("text", None):
        given = graded(output, metadata=broken)
        assert given.passed is None
        assert "kwargs.0.relation: is missing" in given.reason


def test_an_incomplete_output_fails_all_of_them():
    item = case_item({"messages": [], "expected": ASKED})
    assert grade(SPEC, item, Sample("<<a>> b c d", problem="cut off")).passed is False


# --- what is refused ---


@pytest.mark.parametrize(
    ("ids", "kwargs", "loc", "why"),
    [
        (None, None, "instruction_id_list", "must be a list"),
        ([], [], "instruction_id_list", "must be a list"),
        ("punctuation:no_comma", None, "instruction_id_list", "must be a list"),
        (["punctuation:no_comma"] * 51, None, "instruction_id_list", "at most 50"),
        (["punctuation:comma"], [{}], "instruction_id_list.0", "none of the 25 kinds"),
        ([7], [{}], "instruction_id_list.0", "none of the 25 kinds"),
        (["punctuation:no_comma"], [], "kwargs", "0 entries for 1 instructions"),
        (["punctuation:no_comma"], {}, "kwargs", "must be a list"),
        (["punctuation:no_comma"], ["x"], "kwargs.0", "must be an object"),
        (["punctuation:no_comma"], [{"n": 1}], "kwargs.0.n", "which takes none"),
        (["detectable_format:title", "length_constraints:number_words"], None, "kwargs.1.num_words", "is missing"),
        (["detectable_content:postscript"], [{"postscript_marker": " "}], "kwargs.0.postscript_marker", "blank"),
        (["keywords:existence"], [{"keywords": []}], "kwargs.0.keywords", "at least 1"),
        (["keywords:existence"], [{"keywords": ["a", " "]}], "kwargs.0.keywords", "blank"),
        (["language:response_language"], [{"language": "xx"}], "kwargs.0.language", "not the code"),
        (
            ["length_constraints:number_words"],
            [{"num_words": 3, "relation": "about"}],
            "kwargs.0.relation",
            "“less than” or “at least”",
        ),
        (["detectable_format:number_bullet_lists"], [{"num_bullets": "3"}], "kwargs.0.num_bullets", "whole number"),
        (["detectable_format:number_bullet_lists"], [{"num_bullets": True}], "kwargs.0.num_bullets", "whole number"),
        (["detectable_format:number_bullet_lists"], [{"num_bullets": 2.5}], "kwargs.0.num_bullets", "integer"),
        (["detectable_format:number_bullet_lists"], [{"num_bullets": 0}], "kwargs.0.num_bullets", "greater than"),
        (
            ["length_constraints:nth_paragraph_first_word"],
            [{"num_paragraphs": 2, "nth_paragraph": 3, "first_word": "a"}],
            "kwargs.0",
            "more than num_paragraphs",
        ),
    ],
)
def test_arguments_that_cannot_be_are_refused_by_field(ids, kwargs, loc, why):
    with pytest.raises(WrongInstruction) as refused:
        parse(ids, kwargs)
    assert refused.value.loc == loc
    assert why in refused.value.why
    if ids is not None:
        with pytest.raises(Invalid) as invalid:
            parse_spec({"type": "instructions", "instruction_id_list": ids, "kwargs": kwargs})
        assert invalid.value.errors[0].loc.startswith("grader.")


def test_nulls_stand_for_absent_arguments_as_in_files_that_write_every_name():
    given = {"num_words": 3, "relation": "at least", "language": None, "keywords": None}
    assert parse(["length_constraints:number_words"], [given])[0].kind.asks == "at least 3 words"


def test_kwargs_beside_no_list_are_refused():
    with pytest.raises(Invalid) as invalid:
        parse_spec({"type": "instructions", "kwargs": [{}]})
    assert invalid.value.errors[0].loc == "grader.instruction_id_list"


# --- outputs and arguments of anybody's ---


@pytest.mark.parametrize("unit", ["?!", "*", "[ ", "<<", "p.s", "a\n\n", "(((", '?"', "U.S.A. ", "\x00", "\ud800"])
def test_no_output_breaks_a_check(unit):
    asked = {"instruction_id_list": list(CASES), "kwargs": [cases[0][0] for cases in CASES.values()]}
    given = graded(unit * (6_000 // len(unit)), metadata=asked)
    assert len(given.detail["instructions"]) == 25


def test_sentences_are_parted_a_window_at_a_time_and_counted_as_in_one(monkeypatch):
    text = "This one is Dr. Lee's, and it goes on for a while. Short! " * 100 + "?!" * 5_000
    whole = len(nupunkt.sent_tokenize(text))
    seen = []
    spans = nupunkt.sent_spans
    monkeypatch.setattr(nupunkt, "sent_spans", lambda part: seen.append(len(part)) or spans(part))
    assert lengths.sentences(text) == whole
    assert max(seen) == lengths.WINDOW
