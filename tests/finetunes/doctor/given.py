"""Plain values for the rules: a small service desk, as a tuned model and its base answer it."""

from app.finetunes.doctor.material import Answered, Passage, Trained


def case(
    number: int,
    *,
    tuned: str = "Please restart the router and try again after a minute.",
    base: str = "I am a language model and happy to help you with that.",
    expected: str = "",
    request: str = "",
    behavior: str | None = None,
    observed: str | None = None,
    observed_base: str | None = None,
) -> Answered:
    asked = request or f"My device number {number} does not start, what now?"
    return Answered(
        case_id=f"case-{number}",
        output_id=f"output-{number}",
        group=f"group-{number}",
        request=asked,
        given=asked,
        expected=expected,
        tuned=tuned,
        base=base,
        behavior=behavior,
        observed=observed,
        observed_base=observed_base,
    )


def trained(number: int, answer: str, request: str = "A question.", behavior: str | None = None) -> Trained:
    return Trained(f"example-{number}", number, request, answer, behavior)


def passage(
    number: int, text: str, *, dated: str = "2026-01-01", current: bool = True, heading: str = "Prices"
) -> Passage:
    return Passage(f"passage-{number}", "prices.md", dated, heading, text, current)
