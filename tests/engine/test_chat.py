"""Chat completions of the tiny model, by the stock client."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import openai
import pytest
from openai.types.chat import ChatCompletion

from tests.engine.conftest import TINY, Engine

pytestmark = pytest.mark.engine

HELLO: Any = [{"role": "user", "content": "question 3"}]


def ask(engine: Engine, model: str = TINY, **options: Any) -> ChatCompletion:
    settings = {"messages": HELLO, "max_tokens": 6, "temperature": 0} | options
    answer = engine.client.chat.completions.create(model=model, **settings)
    return ChatCompletion.model_validate(answer.to_dict())


def test_an_answer_has_usage_and_ends_at_its_limit(engine: Engine) -> None:
    answer = ask(engine)
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 6
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + 6
    assert ask(engine, max_tokens=None, max_completion_tokens=2).usage.completion_tokens == 2  # type: ignore[union-attr]


def test_the_tuned_model_learned_to_answer_and_to_stop(engine: Engine, tuned: Any) -> None:
    answer = ask(engine, tuned.fine_tuned_model, max_tokens=20)
    assert answer.choices[0].message.content == "yes"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == tuned.fine_tuned_model


def test_a_stream_says_the_same_as_the_whole(engine: Engine, tuned: Any) -> None:
    chunks = list(
        engine.client.chat.completions.create(
            model=tuned.fine_tuned_model,
            messages=HELLO,
            temperature=0,
            max_tokens=20,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1]) == "yes"
    assert [chunk.choices[0].finish_reason for chunk in chunks[:-1]][-1] == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage == ask(engine, tuned.fine_tuned_model, max_tokens=20).usage


def test_a_stop_string_ends_an_answer(engine: Engine, tuned: Any) -> None:
    answer = ask(engine, tuned.fine_tuned_model, stop=["es"])
    assert answer.choices[0].message.content == "y"
    assert answer.choices[0].finish_reason == "stop"


def test_base_and_tuned_answer_in_one_batch_as_they_do_alone(engine: Engine, tuned: Any) -> None:
    models = [TINY, tuned.fine_tuned_model] * 8
    alone = {model: ask(engine, model).choices[0].message.content for model in set(models)}
    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(lambda model: ask(engine, model).choices[0].message.content, models))
    assert together == [alone[model] for model in models]
    assert alone[TINY] != "yes"


def test_a_checkpoint_answers_too(engine: Engine, tuned: Any) -> None:
    checkpoint = engine.client.fine_tuning.jobs.checkpoints.list(tuned.id).data[0]
    answer = ask(engine, checkpoint.fine_tuned_model_checkpoint, max_tokens=20)
    assert answer.choices[0].message.content == "yes"


def test_a_seed_repeats_a_sampled_answer(engine: Engine) -> None:
    answers = [ask(engine, temperature=1.5, seed=seed, max_tokens=12).choices[0].message.content for seed in (5, 5, 6)]
    assert answers[0] == answers[1] != answers[2]


def test_a_prompt_longer_than_the_context_is_refused(engine: Engine) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        ask(engine, messages=[{"role": "user", "content": "x" * 5000}])
    assert caught.value.code == "context_length_exceeded"
    assert caught.value.param == "messages"


@pytest.mark.parametrize(
    ("options", "param"),
    [
        ({"temperature": 3}, "temperature"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages"),
        ({"extra_body": {"best_of": 3}}, "best_of"),
    ],
)
def test_a_bad_field_is_named(engine: Engine, options: Any, param: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        ask(engine, **options)
    assert caught.value.param == param
    assert caught.value.type == "invalid_request_error"


@pytest.mark.parametrize("options", [{"n": 2}, {"logprobs": True}, {"response_format": {"type": "json_object"}}])
def test_what_is_not_supported_is_refused_by_name(engine: Engine, options: Any) -> None:
    with pytest.raises(openai.BadRequestError, match="this engine does not support") as caught:
        ask(engine, **options)
    assert caught.value.param == next(iter(options))


def test_half_a_surrogate_pair_is_refused(engine: Engine) -> None:
    body = rb'{"model": "tiny-random-llama", "messages": [{"role": "user", "content": "\ud800"}]}'
    headers = {"content-type": "application/json"}
    answer = httpx.post(f"{engine.url}/v1/chat/completions", content=body, headers=headers)
    assert answer.status_code == 400
    assert "half of a surrogate pair" in answer.json()["error"]["message"]


def test_an_unknown_model_is_404(engine: Engine) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        ask(engine, "gpt-4o")
    assert caught.value.code == "model_not_found"


def test_a_caller_that_hangs_up_leaves_the_engine_free(engine: Engine) -> None:
    body = {"model": TINY, "messages": HELLO, "max_tokens": 3900, "stream": True, "temperature": 0}
    with httpx.stream("POST", f"{engine.url}/v1/chat/completions", json=body) as response:
        assert response.status_code == 200
        next(response.iter_lines())
    assert ask(engine).usage is not None
