"""Outputs that say whose they are are found; words that anybody may use are not."""

import pytest

from app.preferences.opening import naming

PATTERN = naming.pattern_of(naming.names_of(["Tuned", "acme-7b v2"], ["org/SmolLM2-135M-Instruct"], ["Local engine"]))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("As ChatGPT, I cannot say.", ["chatgpt"]),
        ("I am Claude, made by Anthropic.", ["i am claude", "anthropic"]),
        ("I'm Gemini and here to help", ["i'm gemini"]),
        ("SmolLM2-135M-Instruct here", ["smollm2-135m-instruct"]),
        ("GPT-4o says so", ["gpt-4o"]),
        ("Greetings from ACME-7B v2", ["acme-7b v2"]),
        ("Claude Monet painted it; a llama stood by, tuned to Gemini.", []),
        ("The base model and the prompt are fine-tuned.", []),
        ("", []),
    ],
)
def test_words_that_name_a_model(text: str, words: list[str]) -> None:
    assert naming.named(PATTERN, "Who are you?", text) == words


def test_what_the_prompt_says_gives_nothing_away() -> None:
    assert naming.named(PATTERN, "Is ChatGPT better than OpenAI's others?", "ChatGPT is by OpenAI.") == []


def test_masked_words_are_gone_and_the_rest_stays() -> None:
    text = "Hello, as ChatGPT I é say OpenAI."
    words = naming.named(PATTERN, "Is OpenAI good?", text)
    assert naming.masked(PATTERN, words, text) == "Hello, as [name] I é say OpenAI."
