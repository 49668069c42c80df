"""Outputs of a second run over the same items are named by their lines, and nothing else is."""

from typing import Any

from app.examples.models import Revision
from tests.evals.test_run_items import output_item
from tests.examples.factories import Api, Jobs, jsonl

FIRST = [output_item(0, "Markets"), output_item(1, "Sports")]
SECOND = [output_item(0, "Weather", "evalrun_2", model="gpt-4o"), output_item(1, "Sports", "evalrun_2")]


def counts(report: dict[str, Any]) -> tuple[int, int, int, int]:
    return report["rows_read"], report["imported"], report["duplicates"], report["rejected_count"]


def test_the_output_of_a_second_run_is_not_lost_in_silence(api: Api, run_jobs: Jobs) -> None:
    """In the same file or in a later one; the first run's stand with the examples."""
    report = api.imported(run_jobs, jsonl(*FIRST, *SECOND))
    assert counts(report) == (4, 2, 0, 2)
    assert [one["line"] for one in report["rejected"]] == [3, 4]
    reason = report["rejected"][0]["reason"]
    assert "the output of gpt-4o in evalrun_2 is not kept" in reason
    assert "upload the file as the outputs of an eval run" in reason
    rows = api.get(f"/imports/{report['id']}/rejections?format=csv").text
    assert "Weather" in rows
    third = api.imported(run_jobs, jsonl(output_item(0, "Rain", "evalrun_3"), *FIRST, *FIRST))
    assert counts(third) == (5, 0, 4, 1)


def test_the_same_file_again_holds_duplicates_and_nothing_that_was_left_out(api: Api, run_jobs: Jobs) -> None:
    samples = [
        {"item": {"question": "Which?", "answer": "Team"}, "sample": {"output_text": said}} for said in ("A", "B")
    ]
    assert counts(api.imported(run_jobs, jsonl(*FIRST, *samples))) == (4, 3, 0, 1)
    assert counts(api.imported(run_jobs, jsonl(*FIRST, samples[0]))) == (3, 0, 3, 0)
    plain = {"item": {"input": "Headline number 0", "ground_truth": "Markets"}}
    assert counts(api.imported(run_jobs, jsonl(plain, plain))) == (2, 1, 1, 0)


def test_outputs_that_are_the_answers_to_judge_are_examples_of_their_own(api: Api, run_jobs: Jobs) -> None:
    """Where no answer is expected, two models' outputs differ as examples do."""
    rows = [{"item": {"question": "Which plan?"}, "sample": {"output_text": said}} for said in ("Team", "Solo")]
    assert counts(api.imported(run_jobs, jsonl(*rows))) == (2, 2, 0, 0)


def test_what_is_kept_stays_as_it_was(api: Api, run_jobs: Jobs, session: Any) -> None:
    """A revision is never written to: what a frozen version holds does not change by an import."""
    api.imported(run_jobs, jsonl(*FIRST))
    api.imported(run_jobs, jsonl(*SECOND))
    runs = {row.extra["openai_evals"]["run_id"] for row in session.query(Revision)}
    assert runs == {"evalrun_1"}
