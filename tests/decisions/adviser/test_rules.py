"""What is proposed from which evidence, and what the counts and measurements recommend."""

from typing import Any

import pytest

from app.decisions.adviser import facts
from app.decisions.adviser.causes import Cause
from app.decisions.adviser.recommending import Advice, Count, Facts, Measured, advise
from app.decisions.adviser.rules import Failed, FailedGrade, patterns, proposals, propose

ASKED = [
    {"role": "system", "content": "You are brief."},
    {"role": "user", "content": "How long do I have to return it?"},
]
WRONG = FailedGrade("answer", "text_similarity", "task_accuracy", "0.2 of 0.8")
SCHEMA = FailedGrade("form", "json_schema", "format_validity", "no “label”")


def behavior(expected: str, observed: str) -> FailedGrade:
    return FailedGrade("behavior", "behavior", "refusal_correctness", "", {"expected": expected, "observed": observed})


def failed(*grades: FailedGrade, **fields: Any) -> Failed:
    return Failed("c", True, grades, **fields)


@pytest.mark.parametrize(
    ("one", "cause"),
    [
        (failed(behavior("refuse", "answer")), "safety"),
        (failed(behavior("escalate", "answer"), dispute="2 annotators differ."), "safety"),
        (failed(behavior("answer", "refuse")), None),
        (failed(WRONG, red_team=True), "safety"),
        (failed(WRONG, dispute="2 annotators differ."), "unclear_requirement"),
        (failed(SCHEMA), "format"),
        (failed(FailedGrade("words", "instructions", "task_accuracy", "too long")), "format"),
        (failed(WRONG, changing=["a price"], unknown=["a name"]), "changing_fact"),
        (failed(WRONG, unknown=["a name"]), "missing_document"),
        (failed(SCHEMA, unknown=["a name"]), "format"),
        (failed(behavior("answer", "refuse"), unknown=["a name"]), None),
        (failed(FailedGrade("grounded", "groundedness", "hallucination_rate", "1 of 2")), "missing_document"),
        (failed(WRONG), None),
        (Failed("c", False, [WRONG], red_team=True), None),
    ],
)
def test_the_cause_that_the_evidence_speaks_for(one: Failed, cause: Cause | None) -> None:
    assert propose(one, ()).cause == cause


def test_all_evidence_is_shown_in_the_order_of_the_causes() -> None:
    one = failed(
        SCHEMA, WRONG, behavior("refuse", "answer"), changing=["a price"], unknown=["a name"], dispute="differ"
    )
    assert [signal.cause for signal in propose(one, ()).signals] == [
        "safety", "unclear_requirement", "format", "changing_fact", "missing_document",
    ]  # fmt: skip


def test_cases_that_fail_alike_are_a_pattern_from_three_and_a_third_of_them() -> None:
    tag = "the tag “refund”"
    rows = [Failed(str(n), True, [WRONG], alike=[tag, f"the label “{n}”"]) for n in range(3)]
    found = proposals(rows, {tag: 9} | {f"the label “{n}”": 1 for n in range(3)})
    assert {one.cause for one in found.values()} == {"ignored_pattern"}
    assert found["0"].signals[0].words == "3 of 9 cases with the tag “refund” fail “answer”."
    sizes = {tag: 10} | {f"the label “{n}”": 1 for n in range(3)}
    assert {one.cause for one in proposals(rows, sizes).values()} == {None}
    assert all(not told for told in patterns(rows[:2], {tag: 2, "the label “0”": 1, "the label “1”": 1}).values())


def test_ten_failures_of_one_check_are_a_pattern_where_a_label_is_expected() -> None:
    rows = [Failed(str(n), True, [WRONG], closed=True) for n in range(10)]
    assert {one.cause for one in proposals(rows, {}).values()} == {"ignored_pattern"}
    assert {one.cause for one in proposals(rows[:9], {}).values()} == {None}
    open_ones = [Failed(str(n), True, [WRONG]) for n in range(10)]
    assert {one.cause for one in proposals(open_ones, {}).values()} == {None}


def test_facts_that_change() -> None:
    expected = "You can return it within 30 days for a full refund."
    missed = facts.changing(ASKED, expected, "You can return it within 14 days for a full refund.")
    assert "30 days" in missed[0]
    assert "misses" in missed[0]
    assert "14 days" in missed[1]
    assert facts.changing(ASKED, expected, "Within 30 days, with a refund.") == []
    assert facts.changing(ASKED, "Please tell me your order number.", "Sure.") == []


def test_facts_that_nothing_given_holds() -> None:
    expected = "Write to returns@larkstead.example and name order 55-B."
    found = facts.unknown(ASKED, expected, "Just send it back.")
    assert any("returns@larkstead.example" in words for words in found)
    given = [{"role": "system", "content": "Returns: returns@larkstead.example, order 55-B."}, *ASKED]
    assert facts.unknown(given, expected, "Just send it back.") == []
    assert facts.unknown(ASKED, expected, "Write to returns@larkstead.example about 55-B.") == []


def counted(options: tuple[Measured, ...] = (), persistent: int | None = None, **causes: tuple[int, int]) -> Facts:
    counts: Any = {cause: Count(*pair) for cause, pair in causes.items()}
    known = sum(count.all for count in counts.values())
    return Facts(200, known + 3, 1, 2, counts, options, persistent, 500, 200)


def better(name: str, kind: Any, verdict: str = "better", cost: float | None = None) -> Measured:
    return Measured(name, kind, verdict, f"{name} was measured.", 0.8, cost)


def test_few_failures_say_nothing() -> None:
    found = advise(counted(format=(4, 3)))
    assert found.approach is None
    assert found.headline.startswith("Too few failures to say: 9 of 200 cases failed, and 10 are needed.")
    assert found.headline.endswith("1 more have no whole answer.")
    assert advise(Facts(50, 0, 0, 0, {}, (), None, 0, 200)).headline.startswith("Nothing to repair here")


def test_without_causes_people_are_asked_first() -> None:
    found = advise(Facts(200, 40, 0, 35, {"format": Count(5, 0)}, (), None, 0, 200))
    assert found.headline.startswith("Say why cases failed first: 5 of 40 failures have a cause")


def test_no_lead_beyond_chance_is_said_and_the_cheapest_comes_first() -> None:
    found = advise(counted(format=(0, 8), missing_document=(0, 7)))
    assert found.headline.startswith("No cause stands out: 8 ignore a pattern or the format, 7 lack a document")
    assert (found.approach, found.make) == ("prompting", "prompted")


def test_facts_call_for_retrieval_measured_or_not() -> None:
    found = advise(counted(missing_document=(5, 9), changing_fact=(1, 5), format=(0, 2)))
    assert found.headline == (
        "Next: retrieval. 20 of 22 failures with a cause lack a document or hang on a changing fact (6 confirmed). "
        "Not measured yet."
    )
    assert (found.approach, found.make) == ("retrieval", "retrieval")
    assert "Most causes are only proposed" in found.cautions[0]
    measured = advise(counted((better("With documents", "retrieval"),), missing_document=(20, 0)))
    assert measured.headline.endswith("Measured, and better than the baseline.")
    assert (measured.favoured, measured.make, measured.cautions) == ("With documents", None, [])
    unshown = advise(counted((better("Docs", "retrieval", "no_difference_shown"),), missing_document=(20, 0)))
    assert unshown.headline.endswith("Measured once, without an improvement that is shown.")
    assert unshown.favoured is None


def test_behaviour_calls_for_prompting_first_and_fine_tuning_only_after_it() -> None:
    assert advise(counted(ignored_pattern=(20, 0))).approach == "prompting"
    tried = better("Prompt 2", "prompted", "no_difference_shown")
    found = advise(counted((tried,), 15, ignored_pattern=(20, 0)))
    assert (found.approach, found.make) == ("fine_tuning", "tuned")
    assert "15 of these failures go on under the best prompt" in found.reasons[0]
    assert advise(counted((tried,), 9, ignored_pattern=(20, 0))).approach == "prompting"


def test_avoid_when() -> None:
    tried = better("Prompt 2", "prompted", "no_difference_shown")
    known = counted((tried,), 40, ignored_pattern=(40, 0), changing_fact=(12, 0))
    few = Facts(*[getattr(known, name) for name in Facts.__slots__][:-3], 20, 200)  # type: ignore[misc]
    found: Advice = advise(few)
    assert found.approach == "fine_tuning"
    assert any("facts change often: 12" in words for words in found.cautions)
    assert any("20 are approved, 200 are a start" in words for words in found.cautions)


@pytest.mark.parametrize(("cause", "approach"), [("unclear_requirement", "requirement"), ("safety", "guardrails")])
def test_what_no_prompt_repairs(cause: str, approach: str) -> None:
    found = advise(counted(**{cause: (12, 0)}))
    assert (found.approach, found.make) == (approach, None)


def test_the_cheapest_of_several_that_are_better() -> None:
    options = (better("Tuned", "tuned", cost=0.002), better("Prompt", "few_shot", cost=0.004))
    found = advise(counted(options, 0, format=(20, 0)))
    assert found.favoured == "Tuned"
    assert "“Tuned” costs least per success. Between them no difference was tested here" in found.reasons[-1]
    unpriced = advise(counted((better("Tuned", "tuned"), options[1]), 0, format=(20, 0)))
    assert unpriced.favoured is None
