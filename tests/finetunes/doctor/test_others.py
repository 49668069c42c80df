"""Worse at instructions, overconfident, outdated: found on whole intervals, and never without evidence."""

from app.core.stats.paired import paired_difference
from app.core.stats.rates import rate
from app.finetunes.doctor import general, outdated, overconfident
from app.finetunes.doctor.findings import Finding, by_interval, headline
from app.finetunes.doctor.overconfident import Sides
from tests.finetunes.doctor.given import case, passage, trained


def sides(before: list[float], after: list[float]) -> Sides:
    return rate(before), rate(after), paired_difference(before, after)


def test_a_drop_in_following_instructions_is_found_on_its_whole_interval() -> None:
    dropped = general.examine(sides([1.0] * 60 + [0.0] * 20, [1.0] * 20 + [0.0] * 60), [])
    assert dropped.state == "found"
    assert "25.0 % of 80" in dropped.sentence
    same = [1.0, 0.0] * 200
    assert general.examine(sides(same, same), []).state == "not_found"
    few = general.examine(sides([1.0, 0.0] * 8, [0.0, 1.0] * 8), [])
    assert few.state == "cannot_tell"
    assert "16 cases leave the change between" in few.missing
    assert "no sealed set of kind “general”" in general.examine(None, []).missing


def test_answering_where_a_question_was_expected_is_overconfident() -> None:
    happy = [case(n, behavior="clarify", observed="answer", observed_base="clarify") for n in range(20)]
    found = overconfident.examine(happy, None, [trained(1, "Done.", behavior="answer")])
    assert found.state == "found"
    assert "0 of 20 cases" in found.sentence
    assert found.rows[0].words == "Expected to clarify, and it answers; the base did clarify."
    assert found.beside == ["0 of 1 training examples have an answer that asks, hands over or refuses."]
    as_before = [case(n, behavior="escalate", observed="answer", observed_base="answer") for n in range(20)]
    assert overconfident.examine(as_before, None, []).state == "found"


def test_holding_back_is_not_overconfident() -> None:
    careful = [case(n, behavior="clarify", observed="escalate", observed_base="answer") for n in range(30)]
    assert overconfident.examine(careful, None, []).state == "not_found"
    half = [case(n, behavior="refuse", observed=("answer", "refuse")[n % 2], observed_base="answer") for n in range(10)]
    assert overconfident.examine(half, None, []).state == "cannot_tell"
    assert overconfident.examine([case(1)], None, []).missing == overconfident.NO_CASES


def test_more_unsupported_claims_than_the_base_are_overconfident() -> None:
    found = overconfident.examine([], sides([0.0] * 40, [1.0] * 20 + [0.0] * 20), [])
    assert found.state == "found"
    assert "unsupported claims in 50.0 % of 40 cases" in found.sentence.replace("50 %", "50.0 %")
    assert overconfident.examine([], sides([1.0, 0.0] * 20, [0.0, 1.0] * 20), []).state == "cannot_tell"


OLD, NEW = "The Harbour plan costs $19 per month.", "The Harbour plan costs $27 per month."
ASKED = "What does the Harbour plan cost?"


def test_a_stale_price_out_of_training_is_found_against_the_newest_document() -> None:
    lesson = [trained(1, OLD, ASKED), trained(2, "Restart the router first.")]
    dated = [passage(1, OLD, dated="2025-01-01", current=False), passage(2, NEW, dated="2026-02-01")]
    cases = [case(n, tuned="It is $19 per month for the Harbour plan.", request=ASKED) for n in range(4)]
    found = outdated.examine(cases, lesson, dated)
    assert found.state == "found"
    row = found.rows[0]
    assert (row.examples, row.passage_id) == (("example-1",), "passage-2")
    start, stop = row.spans[0]
    assert (cases[0].tuned or "")[start:stop] == "$19"
    assert "2026-02-01" in row.words
    assert list(found.training) == ["example-1"]


def test_a_stale_price_is_found_against_the_right_answer_too() -> None:
    cases = [case(n, tuned=OLD, expected=NEW, request=ASKED) for n in range(3)]
    found = outdated.examine(cases, [trained(1, OLD, ASKED)], [])
    assert found.state == "found"
    assert found.rows[0].passage_id is None


def test_two_prices_that_end_alike_are_two_prices() -> None:
    old, new = OLD.replace("$19", "$19.99"), NEW.replace("$27", "$27.99")
    found = outdated.examine([case(n, tuned=old, request=ASKED) for n in range(4)], [trained(1, old, ASKED)],
                             [passage(1, new)])  # fmt: skip
    assert found.state == "found"
    same = outdated.examine([case(1, tuned="The Harbour plan costs $1,240.00 per month.", request=ASKED)],
                            [trained(1, "The Harbour plan costs $1240 per month.", ASKED)],
                            [passage(1, "The Harbour plan costs $1,240 per month.")])  # fmt: skip
    assert same.state == "not_found"


def test_two_stale_outputs_are_found_where_the_training_is_stale_too() -> None:
    """Too few of the outputs to tell by themselves: most say a third price, which nothing taught."""
    stale = [case(n, tuned=OLD, request=ASKED) for n in range(2)]
    others = [case(n, tuned="The Harbour plan costs $88 per month.", request=ASKED) for n in range(2, 30)]
    wrong = [trained(n, OLD, ASKED) for n in range(4)]
    assert outdated.examine([*stale, *others], wrong, [passage(1, NEW)]).state == "found"
    assert outdated.examine([*stale[:1], *others], wrong, [passage(1, NEW)]).state == "cannot_tell"
    right = [trained(n, NEW, ASKED) for n in range(4, 60)]
    assert outdated.examine([*stale, *others], [*wrong[:1], *right], [passage(1, NEW)]).state == "cannot_tell"


def test_what_still_holds_is_not_outdated() -> None:
    dated = [passage(1, OLD, dated="2025-01-01", current=False), passage(2, NEW)]
    right = [case(n, tuned=NEW, request=ASKED) for n in range(5)]
    assert outdated.examine(right, [trained(1, NEW, ASKED)], dated).state == "not_found"
    invented = [case(n, tuned="The Harbour plan costs $88 per month.", request=ASKED) for n in range(5)]
    assert outdated.examine(invented, [trained(1, NEW, ASKED)], dated).state == "not_found"
    another = [case(n, tuned="The Meadow plan costs $19 per month.", request="And the Meadow plan?") for n in range(5)]
    assert outdated.examine(another, [trained(1, "Restart it.")], dated).state == "not_found"
    plain = outdated.examine([case(1)], [trained(1, "Restart the router.")], [])
    assert (plain.state, plain.sentence) == ("not_found", "No training answer states a fact that changes.")


def test_without_a_document_it_cannot_be_told_and_says_what_is_missing() -> None:
    found = outdated.examine([case(1, tuned=OLD, request=ASKED)], [trained(1, OLD, ASKED)], [])
    assert found.state == "cannot_tell"
    assert found.missing == (
        "facts that change stand in 1 training answer and come back in 1 output, and nothing says what holds now: "
        "upload the dated documents to a knowledge collection"
    )


def test_the_headline_names_what_went_wrong_or_what_is_not_known() -> None:
    fine = Finding("memorised", "not_found", "")
    bad = Finding("overconfident", "found", "")
    open_ = Finding("outdated_facts", "cannot_tell", "", "no document.")
    assert headline([fine]) == "Nothing of the four was found."
    assert headline([bad, open_]) == "Overconfident: it answers where it should ask, hand over or refuse."
    assert headline([fine, open_]) == "Nothing of the four was found. Cannot tell about outdated facts: no document."
    assert headline([open_]) == "Cannot tell yet. Outdated facts: no document."
    assert [by_interval(*one, 0.1) for one in ((0.2, 0.5), (0.0, 0.05), (0.0, 0.5), (None, None))] == [
        "found",
        "not_found",
        "cannot_tell",
        "cannot_tell",
    ]
