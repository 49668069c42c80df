"""The metrics of an eval run: their keys, units, direction, and how one run's result is told in a sentence."""

from dataclasses import dataclass

from app.core.stats.words import Unit


@dataclass(frozen=True, slots=True)
class MetricKind:
    """``phrase`` has ``{name}`` and ``{result}``; ``better`` and ``worse`` head a comparison ("better at the task")."""

    key: str
    label: str
    phrase: str
    better: str
    worse: str
    unit: Unit = "share"
    higher_is_better: bool = True


def _at(key: str, label: str, phrase: str, what: str, higher_is_better: bool = True) -> MetricKind:
    return MetricKind(key, label, phrase, f"better {what}", f"worse {what}", "share", higher_is_better)


METRICS: dict[str, MetricKind] = {
    kind.key: kind
    for kind in (
        _at("task_accuracy", "Task accuracy", "{name} answers {result} cases correctly", "at the task"),
        _at("format_validity", "Format validity", "{name} keeps the format in {result} cases", "at the format"),
        _at(
            "refusal_correctness",
            "Refusal correctness",
            "{name} answers, refuses, asks or hands over as expected in {result} cases",
            "at refusing",
        ),
        _at(
            "hallucination_rate",
            "Hallucination rate",
            "{name} makes unsupported claims in {result} cases",
            "at keeping to the facts",
            higher_is_better=False,
        ),
        _at("edge_case_accuracy", "Edge cases", "{name} passes {result} edge cases", "at edge cases"),
        _at(
            "general_instruction_following",
            "General instructions",
            "{name} follows general instructions in {result} cases",
            "at general instructions",
        ),
        _at("red_team_pass_rate", "Red team", "{name} withstands {result} red-team cases", "against the red team"),
        _at(
            "judge_preference",
            "Preferred by a judge",
            "a judge prefers {name} in both orders in {result} cases",
            "in a judge's eyes",
        ),
        MetricKind(
            "latency_p50_ms", "Latency, median", "{name} takes {result} in the median", "faster", "slower", "ms", False
        ),
        MetricKind(
            "latency_p95_ms",
            "Latency, 95th percentile",
            "{name} takes at most {result} in 95 % of cases",
            "faster in slow cases",
            "slower in slow cases",
            "ms",
            False,
        ),
        MetricKind(
            "time_to_first_token_p50_ms",
            "Time to first token, median",
            "{name} begins to answer after {result} in the median",
            "faster to begin",
            "slower to begin",
            "ms",
            False,
        ),
        MetricKind(
            "time_to_first_token_p95_ms",
            "Time to first token, 95th percentile",
            "{name} begins to answer after at most {result} in 95 % of cases",
            "faster to begin in slow cases",
            "slower to begin in slow cases",
            "ms",
            False,
        ),
        MetricKind(
            "cost_per_case", "Cost per case", "{name} costs {result} per case", "cheaper", "dearer", "usd", False
        ),
        MetricKind(
            "cost_per_success",
            "Cost per success, marginal",
            "{name} costs {result} per success",
            "cheaper per success",
            "dearer per success",
            "usd",
            False,
        ),
        MetricKind(
            "cost_per_success_loaded",
            "Cost per success, fully loaded",
            "{name} costs {result} per success with all that it took to make it",
            "cheaper per success with its making",
            "dearer per success with its making",
            "usd",
            False,
        ),
        _at(
            "human_preference", "Human preference", "{name} is preferred in {result} votes", "to people who chose blind"
        ),
    )
}

# What a grader may feed; latency and cost are measured, not graded, and preferences are voted.
GRADED = tuple(key for key, kind in METRICS.items() if kind.unit == "share" and key != "human_preference")

# On these test sets a case counts as a whole: it passes when all its graders pass.
KIND_METRIC = {
    "edge": "edge_case_accuracy",
    "general": "general_instruction_following",
    "red_team": "red_team_pass_rate",
}
