"""Sample content for ``/_patterns``, the page that shows every component in every state. Nothing of anybody's."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from app.web import charts, grids
from app.web.forms import FormState
from app.web.words import signed


@dataclass(frozen=True)
class Step:
    label: str
    state: str
    note: str
    url: str | None = None
    tone: str | None = None
    current: bool = False


@dataclass(frozen=True)
class Check:
    word: str
    label: str
    measured: str
    more: str | None = None


@dataclass(frozen=True)
class Segment:
    text: str
    mark: str | None = None


@dataclass(frozen=True)
class Message:
    role: str
    content: str
    note: str | None = None
    segments: tuple[Segment, ...] = ()
    tool_calls: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Metric:
    label: str
    baseline: str
    candidate: str
    difference: str
    mark: charts.IntervalMark | None
    interval_text: str
    n: int
    could_show: str
    verdict: str
    tone: str
    url: str | None = None


@dataclass(frozen=True)
class CurvePoint:
    step: int
    train_loss: float | None
    valid_loss: float | None


@dataclass(frozen=True)
class PatternsPage:
    form: FormState
    refused: FormState
    moment: datetime
    steps: Sequence[Step]
    checks: Sequence[Check]
    metrics: Sequence[Metric]
    rate_mark: charts.IntervalMark | None
    messages: Sequence[Message]
    spark: charts.Sparkline | None
    gaps: charts.Sparkline | None
    bars: Sequence[charts.Bar]
    histogram: charts.Histogram | None
    confusion: grids.Confusion
    calibration: grids.Calibration | None
    curve: Sequence[CurvePoint]
    pair: tuple[str, str]
    behaviours: Sequence[tuple[str, str]]
    methods: Sequence[tuple[str, str, str]]
    hostile: str
    title: str = "Patterns"
    tones: Sequence[str] = field(default=("neutral", "info", "good", "warn", "bad"))


STEPS = (
    Step("Curate", "part", "187 approved · 27 to review", "#path", None, True),
    Step("Test set", "done", "120 sealed · used 4×", "#path"),
    Step("Baseline", "done", "52 of 120 right", "#path"),
    Step("Tune", "done", "LoRA r16 · 3 min", "#path"),
    Step("Compare", "done", "+15.8 points", "#path", "good"),
    Step("Blind review", "part", "96 of 160 votes", "#path"),
    Step("Decide", "todo", "not decided"),
)
CHECKS = (
    Check("pass", "Realistic requests", "signed by Ana"),
    Check("fail", "Refusals and escalations", "no escalation example"),
    Check("look", "Deduplicated", "11 near-duplicates", "Merge them or say why both stay."),
    Check("open", "Format at least 99 %", "100 % of 120 [96.9, 100]", "needs about 380 cases without a miss"),
)
# measure, base %, tuned %, difference, low, high (points), n, could show, verdict
COMPARED: tuple[tuple[str, str, str, float, float, float, int, str, str], ...] = (
    ("Task accuracy", "43.3 %", "59.2 %", 15.8, 6.3, 25.4, 120, "13.6", "better"),
    ("Refusal correctness", "75.0 %", "53.3 %", -21.7, -34.8, -8.5, 60, "18.8", "worse"),
    ("Edge cases", "38.9 %", "50.0 %", 11.1, -5.8, 27.9, 36, "24.0", "not shown"),
    ("General instructions", "61.3 %", "60.1 %", -1.2, -6.4, 4.0, 168, "7.4", "not shown"),
)
MESSAGES = (
    Message("system", "You are a concise support assistant for a B2B SaaS billing team."),
    Message(
        "user",
        "Can you refund my annual plan? I forgot to cancel. You can reach me at ana.keller@northwind.example.",
        segments=(
            Segment("Can you refund my annual plan? I forgot to cancel. You can reach me at "),
            Segment("ana.keller@northwind.example", "e-mail address"),
            Segment("."),
        ),
    ),
    Message("assistant", "", "calls a tool", tool_calls=(("find_invoice", '{"account": "northwind", "year": 2026}'),)),
    Message("tool", '{"invoice": "2231", "paid": true}', "find_invoice"),
    Message("user", "متى يُعاد المبلغ؟"),
    Message(
        "assistant",
        "I can help check that. Please share the invoice number. If the renewal is inside the refund window I will "
        "route it for approval; if not, I can still ask billing to review the case.",
    ),
)
PAIR = (
    "I am sorry about the double charge. I have both invoice numbers. Please confirm the account email so that I can "
    "ask billing to review them today; I will tell you before Friday whether a refund or a credit is issued.",
    "Duplicate charges are refunded automatically within 3 to 5 business days, so there is nothing you need to do.",
)
REFUSED = FormState(
    {"name": "Billing support", "email": "ana at northwind", "behavior": "refuse", "goal": "classification"},
    {"email": "This is not an e-mail address.", "notes": "Say in a line what it is for.", "behavior": "Choose one."},
    "Please mend the marked fields.",
)
LATENCIES = [180 + (index * 37 % 240) + (index % 7) ** 3 * 2.0 for index in range(120)]
BEHAVIOURS = (("answer", "Answer"), ("refuse", "Refuse"), ("clarify", "Clarify"), ("escalate", "Escalate"))


def _metrics() -> list[Metric]:
    axis = charts.difference_axis(bound for row in COMPARED for bound in (row[4], row[5]))
    tones = {"better": "good", "worse": "bad"}
    return [
        Metric(
            label,
            base,
            tuned,
            signed(point),
            charts.interval_mark(axis, low, point, high, tones.get(verdict, "neutral")),
            f"{signed(low)} to {signed(high)}",
            n,
            could_show,
            verdict,
            tones.get(verdict, "neutral"),
            "#metrics",
        )
        for label, base, tuned, point, low, high, n, could_show, verdict in COMPARED
    ]


def _curve() -> list[CurvePoint]:
    steps = range(1, 61)
    return [
        CurvePoint(s, round(0.6 + 2.4 / s**0.6, 4), round(0.9 + 2 / s**0.5, 4) if s % 10 == 0 else None) for s in steps
    ]


def _charts() -> dict[str, Any]:
    causes = (
        ("ignores the format", 51, "51"),
        ("lacks a document", 11, "11"),
        ("unclear request", 6, "6"),
        ("other", None, "–"),
    )
    grid = ((31, 2, 4, 1), (3, 25, 1, 1), (5, 0, 18, 2), (0, 1, 2, 24))
    claims = (
        (0.1, 0.08, 0.03, 0.2, 40),
        (0.35, 0.3, 0.18, 0.45, 44),
        (0.6, 0.5, 0.36, 0.64, 46),
        (0.9, 0.7, 0.57, 0.81, 52),
    )
    names = [words for _, words in BEHAVIOURS]
    return {
        "spark": charts.sparkline([3.1, 2.4, 2.0, 1.7, 1.8, 1.5, 1.4, 1.42, 1.3]),
        "gaps": charts.sparkline([1.0, 2.0, None, 1.5, 1.7, None, 3.0]),
        "bars": charts.bars(charts.BarRow(*cause) for cause in causes),
        "histogram": charts.histogram(LATENCIES),
        "confusion": grids.confusion(names, grid),
        "calibration": grids.calibration(claims),
        "rate_mark": charts.interval_mark(charts.RATE_AXIS, 0.502, 0.592, 0.676, "accent"),
    }


def sample_page() -> PatternsPage:
    return PatternsPage(
        form=FormState(),
        refused=REFUSED,
        moment=datetime(2026, 10, 5, 14, 2, tzinfo=UTC),
        steps=STEPS,
        checks=CHECKS,
        metrics=_metrics(),
        messages=MESSAGES,
        curve=_curve(),
        pair=PAIR,
        behaviours=BEHAVIOURS,
        methods=(
            ("lora", "LoRA", "small adapter, most work"),
            ("qlora", "QLoRA", "larger models"),
            ("full", "Full", "all weights"),
        ),
        hostile="<img src=x onerror=alert(1)> \N{RIGHT-TO-LEFT OVERRIDE}gnp.exe " + "W" * 60,
        **_charts(),
    )
