"""From a judged run over people's marks to the word that gates go by."""

import pytest
from sqlalchemy import select, text

from app.core.errors import Conflict, Invalid, NotFound
from app.evals import service as evals
from app.evals.blind import saw_outputs
from app.evals.calibration import drawing, marking, pages, queries, service
from app.evals.calibration.forms import NewMark, NewSample
from app.evals.calibration.models import CalibrationItem, CalibrationMark
from app.evals.forms import OutputFilter
from app.evals.models import EvalRun
from app.evals.pages import one as run_page
from app.projects.access import Access
from tests.evals import factories
from tests.evals.calibration.factories import draw, mark_all
from tests.evals.conftest import Bench
from tests.evals.judges.factories import labeller, scorer
from tests.factories import Factory


def judged_run(bench: Bench, size: int = 50, **fields: object) -> EvalRun:
    """Half of the outputs are good, and the judge says so."""
    bench.double.script.answers = {f"question {n}.": "a good answer" for n in range(0, size, 2)}
    return bench.run(size, graders=[scorer(bench, **fields), factories.LABEL], concurrency=16)


def say(output: str, _position: int) -> str:
    return "pass" if "good" in output else "fail"


def state(bench: Bench, run: EvalRun, name: str = "judge") -> service.State:
    raw = next(raw for raw in run.graders if raw["name"] == name)
    return service.state(bench.session, bench.project.id, raw, run.id)


def test_a_rule_needs_no_calibration_and_a_judge_does(bench: Bench) -> None:
    run = judged_run(bench, 4)
    assert state(bench, run, "label").status == "not_a_judge"
    assert state(bench, run, "label").can_gate
    assert not state(bench, run).can_gate
    assert "nobody has marked" in state(bench, run).why
    assert service.states(bench.session, run).keys() == {"judge"}


def test_agreement_on_marks_that_are_only_counted_calibrates(bench: Bench) -> None:
    run = judged_run(bench)
    sample = draw(bench.session, bench.user, bench.project, run, "judge", size=50)
    assert queries.part_sizes(bench.session, sample.id) == {"measure": 40, "rubric": 10}
    mark_all(bench.session, bench.user, bench.project, sample, say)
    found = state(bench, run)
    assert (found.status, found.kappa and found.kappa.n) == ("calibrated", 40)
    bench.project.judge_bound = 0.99
    bench.session.commit()
    assert "must reach 0.99" in state(bench, run).why


def test_marks_to_write_the_rubric_by_do_not_count(bench: Bench) -> None:
    run = judged_run(bench)
    sample = draw(bench.session, bench.user, bench.project, run, "judge", size=50)
    rubric = set(bench.session.scalars(select(CalibrationItem.position).where(CalibrationItem.part == "rubric")))
    swapped = {"pass": "fail", "fail": "pass"}
    mark_all(
        bench.session,
        bench.user,
        bench.project,
        sample,
        lambda output, n: swapped[say(output, n)] if n in rubric else say(output, n),
    )
    assert state(bench, run).status == "calibrated"
    page = pages.one(bench.session, Access(bench.user, bench.project, "engineer"), sample)
    assert len(page.apart) == len(rubric)  # and only of these is it shown who said what
    assert pages.one(bench.session, Access(bench.user, bench.project, "viewer"), sample).apart == ()


def test_people_who_disagree_with_the_judge_leave_it_uncalibrated(bench: Bench) -> None:
    run = judged_run(bench)
    sample = draw(bench.session, bench.user, bench.project, run, "judge", size=50, share=0)
    mark_all(bench.session, bench.user, bench.project, sample, lambda _, n: "pass" if n % 3 else "fail")
    found = state(bench, run)
    assert found.status == "uncalibrated"
    assert "must change" in found.why


@pytest.mark.parametrize("change", [{"model": "judge-other"}, {"range": [0, 5]}, {"sampling_params": {"seed": 1}}])
def test_any_change_of_the_judge_is_uncalibrated_until_the_marked_run_is_judged_anew(
    bench: Bench, change: dict[str, object]
) -> None:
    run = judged_run(bench)
    sample = draw(bench.session, bench.user, bench.project, run, "judge", size=50, share=0)
    mark_all(bench.session, bench.user, bench.project, sample, say)
    bench.double.script.judges["judge-other"] = "steady"
    changed = scorer(bench) | change
    found = service.state(bench.session, bench.project.id, changed)
    assert (found.status, found.can_gate) == ("uncalibrated", False)
    assert "not one was judged by this version" in found.why
    evals.regrade(bench.session, Access(bench.user, bench.project, "engineer"), run, [changed])
    bench.session.commit()
    bench.work()
    assert service.state(bench.session, bench.project.id, changed).status == "calibrated"
    page = pages.one(bench.session, Access(bench.user, bench.project, "engineer"), sample)
    assert page.judges == 2  # two judges were measured on the same marks, and the page says so


def test_a_threshold_is_part_of_the_verdict(bench: Bench) -> None:
    run = judged_run(bench)
    sample = draw(bench.session, bench.user, bench.project, run, "judge", size=50, share=0)
    mark_all(bench.session, bench.user, bench.project, sample, say)
    lenient = scorer(bench, pass_threshold=0.0)  # now the judge passes everything
    assert service.state(bench.session, bench.project.id, lenient).status == "uncalibrated"


def test_a_model_that_answers_under_another_name_is_not_the_calibrated_one(bench: Bench) -> None:
    run = judged_run(bench)
    sample = draw(bench.session, bench.user, bench.project, run, "judge", size=50, share=0)
    mark_all(bench.session, bench.user, bench.project, sample, say)
    later = bench.run(2, graders=[scorer(bench)])
    assert state(bench, later).status == "calibrated"
    bench.session.execute(text("update judgements set model_returned = 'newer' where run_id = :run"), {"run": later.id})
    assert "answered as newer" in state(bench, later).why
    assert state(bench, run).status == "calibrated"


def test_labels_are_compared_as_labels(bench: Bench) -> None:
    bench.double.script.answers = {f"question {n}.": "good" for n in range(0, 50, 2)}
    bench.double.script.default = "bad"
    run = bench.run(50, graders=[labeller(bench)], concurrency=16)
    sample = draw(bench.session, bench.user, bench.project, run, "judge", size=50, share=0)
    assert sample.choices == ["good", "bad"]
    with pytest.raises(Invalid, match="Choose one of"):
        mark_all(bench.session, bench.user, bench.project, sample, lambda *_: "pass")
    bench.session.rollback()
    mark_all(bench.session, bench.user, bench.project, sample, lambda output, _: output)
    assert state(bench, run).status == "calibrated"


def test_several_people_count_by_what_most_say(bench: Bench, factory: Factory) -> None:
    run = judged_run(bench)
    sample = draw(bench.session, bench.user, bench.project, run, "judge", size=50, share=0)
    for person in (bench.user, factory.user(), factory.user()):
        wrong = person is bench.user
        mark_all(bench.session, person, bench.project, sample, lambda o, n, wrong=wrong: "pass" if wrong else say(o, n))
    assert state(bench, run).status == "calibrated"
    page = pages.one(bench.session, Access(bench.user, bench.project, "engineer"), sample)
    assert [person.marks for person in page.people] == [50, 50, 50]
    assert "People among themselves" in [m.label for m in page.measures]


def test_what_is_still_to_be_marked_is_shown_without_the_judge(bench: Bench) -> None:
    run = judged_run(bench, 4)
    access = Access(bench.user, bench.project, "engineer")
    sample = draw(bench.session, bench.user, bench.project, run, "judge", size=2, share=0)

    def judged() -> int:
        page = run_page(bench.session, access, run, OutputFilter())
        return sum(any("judge" in grade.detail for grade in row.grades) for row in page.outputs)

    assert judged() == 2
    mark_all(bench.session, bench.user, bench.project, sample, say)
    assert judged() == 4


def test_marks_of_somebody_who_had_seen_the_run_are_counted_apart(bench: Bench, factory: Factory) -> None:
    run = judged_run(bench, 4)
    seen = factory.user()
    saw_outputs(bench.session, seen.id, run.id)
    bench.session.commit()
    sample = draw(bench.session, bench.user, bench.project, run, "judge", size=4)
    for person in (seen, bench.user):
        mark_all(bench.session, person, bench.project, sample, say)
    page = pages.one(bench.session, Access(bench.user, bench.project, "engineer"), sample)
    assert sorted(person.saw_run for person in page.people) == [0, 4]


def test_one_mark_a_person_and_output_until_it_is_taken_back(bench: Bench) -> None:
    run = judged_run(bench, 4)
    access = Access(bench.user, bench.project, "annotator")
    sample = draw(bench.session, bench.user, bench.project, run, "judge", size=4)
    first = marking.next_one(bench.session, sample, bench.user.id)
    assert first is not None
    new = NewMark(output_id=first[1].id, choice="pass")
    marking.mark(bench.session, access, sample, new)
    marking.mark(bench.session, access, sample, new)  # a second press of the key changes nothing
    with pytest.raises(Conflict, match="undo"):
        marking.mark(bench.session, access, sample, NewMark(output_id=first[1].id, choice="fail"))
    marking.take_back_last(bench.session, sample, bench.user.id)
    again = marking.next_one(bench.session, sample, bench.user.id)
    assert again is not None
    assert again[1].id == first[1].id
    marking.mark(bench.session, access, sample, NewMark(output_id=first[1].id))  # cannot be told
    assert bench.session.scalars(select(CalibrationMark.choice)).all() == [None]
    with pytest.raises(NotFound):
        marking.mark(bench.session, access, sample, NewMark(output_id=run.id, choice="pass"))


def test_more_is_drawn_until_nothing_is_left(bench: Bench) -> None:
    run = judged_run(bench, 5)
    sample = draw(bench.session, bench.user, bench.project, run, "judge", size=3)
    assert draw(bench.session, bench.user, bench.project, run, "judge", size=30).id == sample.id
    positions = bench.session.scalars(select(CalibrationItem.position).order_by(CalibrationItem.position)).all()
    assert positions == [1, 2, 3, 4, 5]
    access = Access(bench.user, bench.project, "engineer")
    with pytest.raises(Conflict, match="Every complete output"):
        drawing.draw(bench.session, access, NewSample(run_id=run.id, grader="judge"))
    with pytest.raises(Invalid, match="No judge of this run"):
        drawing.draw(bench.session, access, NewSample(run_id=run.id, grader="label"))
