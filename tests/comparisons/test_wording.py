"""Lines of the tables: one direction for better, relative changes, repeats."""

from app.comparisons.rules import Row
from app.comparisons.wording import detail, metric_lines, passed, resource_lines, tone
from app.core.stats.results import Estimate
from app.core.stats.words import Unit, Verdict


def row(key: str, before: float, after: float, verdict: Verdict, *, unit: Unit = "share", rising: bool = False) -> Row:
    change = after - before
    return Row(
        key=key, label=key, unit=unit, baseline=Estimate(before, None, None, 50),
        candidate=Estimate(after, None, None, 50), difference=change,
        low=min(change * 1.5, change * 0.5), high=max(change * 1.5, change * 0.5),
        p_value=0.01, p_value_raw=0.01, n=50, higher_is_better=rising, minimum_detectable_difference=0.1,
        verdict=verdict, sentence=f"{key}.",
    )  # fmt: skip


def test_better_is_right_of_zero_also_where_less_is_better() -> None:
    (line,) = metric_lines([row("hallucination_rate", 0.5, 0.25, "better")], {"hallucination_rate": "/there"})
    assert line.mark is not None
    assert line.mark.x_zero is not None
    assert line.mark.x_zero < line.mark.x_low < line.mark.x_point < line.mark.x_high
    assert (line.difference, line.interval_text, line.could_show) == ("−25.0", "−37.5 to −12.5, p = 0.010", "10.0")
    assert (line.tone, line.url) == ("good", "/there")


def test_latency_and_cost_are_told_relative_to_the_baseline() -> None:
    slower, free = resource_lines(
        [
            row("latency_p50_ms", 400.0, 500.0, "worse", unit="ms"),
            row("cost_per_case", 0.0, 0.5, "worse", unit="usd"),
        ]
    )
    assert (slower.baseline, slower.difference, slower.interval_text) == ("400 ms", "+25 %", "+12 to +38 %, p = 0.010")
    assert slower.mark is not None
    assert slower.mark.x_zero is not None
    assert slower.mark.x_point < slower.mark.x_zero
    assert (free.difference, free.mark) == ("–", None)


def test_the_statement_is_about_the_answers() -> None:
    slower = row("latency_p50_ms", 400, 500, "worse", unit="ms")
    unshown = row("task_accuracy", 0.5, 0.6, "no_difference_shown")
    assert (tone([unshown, slower]), detail([unshown, slower])) == ("neutral", "task_accuracy.")
    better, worse = row("task_accuracy", 0.5, 0.9, "better"), row("format_validity", 0.9, 0.5, "worse")
    assert (tone([better, worse]), detail([better, worse])) == ("warn", "task_accuracy. format_validity.")
    assert (tone([worse]), detail([worse])) == ("bad", "format_validity.")
    assert detail([]) == ""


def test_passed() -> None:
    assert [passed(1, 1), passed(0, 1), passed(2 / 3, 3)] == ["passed", "not passed", "passed in 2 of 3"]
