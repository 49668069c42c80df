"""From a chat to tokens and labels: what the model sees, and which tokens carry loss.

Works with any chat template. The span of an assistant message is what the template adds for it after the
prompt that would have asked for it; a template needs no ``{% generation %}`` marks for that.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.engine.messages import for_template
from app.engine.pairs import PARSERS, MethodName, Pair
from app.engine.rows import BadFile, Problems, Row, is_trained, read_rows

IGNORED = -100


@dataclass(frozen=True)
class Example:
    """Token ids of a whole chat, and the same with ``IGNORED`` where nothing is learned."""

    input_ids: list[int]
    labels: list[int]

    @property
    def total(self) -> int:
        """Tokens that the model reads for it."""
        return len(self.input_ids)


@dataclass(frozen=True)
class PairExample:
    """Token ids of a request and of its two answers."""

    prompt_ids: list[int]
    chosen_ids: list[int]
    rejected_ids: list[int]

    @property
    def total(self) -> int:
        """Tokens that the model reads for it: the request is read with each answer."""
        return 2 * len(self.prompt_ids) + len(self.chosen_ids) + len(self.rejected_ids)


class Unusable(ValueError):
    """A row that this model cannot be trained on; the text says why."""


def encode_row(tokenizer: Any, row: Row, context: int) -> Example:
    """Tokens and labels of a row.

    ``tokenizer`` is a Hugging Face fast tokenizer with a chat template, ``context`` the most tokens that the
    model reads. Raises Unusable for a row that is longer, never cutting it, and for one that the template refuses.
    """
    try:
        text = _render(tokenizer, row, len(row.messages))
        spans = list(_answer_spans(tokenizer, row, text))
    except Unusable:
        raise
    except Exception as error:  # a template raises whatever it likes
        raise Unusable(f"the model's chat template refuses it: {error}") from error
    tokens = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    ids: list[int] = tokens["input_ids"]
    if len(ids) > context:
        raise Unusable(f"{len(ids):,} tokens long; the model reads {context:,}")
    labels = [
        id if any(end > first and start < last for first, last in spans) else IGNORED
        for id, (start, end) in zip(ids, tokens["offset_mapping"], strict=True)
    ]
    return Example(ids, labels)


def encode_pair(tokenizer: Any, pair: Pair, context: int) -> PairExample:
    """Tokens of a preference row. Raises Unusable as ``encode_row`` does."""
    chosen, rejected = (encode_row(tokenizer, row, context) for row in (pair.preferred, pair.non_preferred))
    # Tokens may merge across the end of the request: what is asked ends where the first of the two answers begins.
    start = min(_trained_range(chosen)[0], _trained_range(rejected)[0])
    if chosen.input_ids[:start] != rejected.input_ids[:start]:
        raise Unusable("the model's chat template writes the request differently before each answer")
    ends = (_trained_range(chosen)[1], _trained_range(rejected)[1])
    return PairExample(chosen.input_ids[:start], chosen.input_ids[start : ends[0]], rejected.input_ids[start : ends[1]])


def _trained_range(example: Example) -> tuple[int, int]:
    """Where the tokens that carry loss begin and end."""
    trained = [index for index, label in enumerate(example.labels) if label != IGNORED]
    return trained[0], trained[-1] + 1


def question_and_answer(tokenizer: Any, row: Row) -> tuple[str, str]:
    """What the model is asked for a row's last trained answer, and that answer as it should write it."""
    last = max(index for index, message in enumerate(row.messages) if is_trained(message))
    asked = _render(tokenizer, row, last, ask=True)
    answered = _render(tokenizer, row, last + 1).removeprefix(asked)
    return asked, answered.rstrip().removesuffix(tokenizer.eos_token or "")


def _render(tokenizer: Any, row: Row, count: int, ask: bool = False) -> str:
    text: str = tokenizer.apply_chat_template(
        [for_template(message) for message in row.messages[:count]],
        tools=row.tools or None,
        add_generation_prompt=ask,
        tokenize=False,
    )
    return text


def _answer_spans(tokenizer: Any, row: Row, text: str) -> Iterator[tuple[int, int]]:
    """Character ranges of the trained answers, their end-of-turn mark included."""
    last = max(index for index, message in enumerate(row.messages) if is_trained(message))
    for index, message in enumerate(row.messages):
        if not is_trained(message):
            continue
        asked = _render(tokenizer, row, index, ask=True)
        answered = _render(tokenizer, row, index + 1)
        if text.startswith(answered) and answered.startswith(asked):
            span = answered[len(asked) :].rstrip()
            # What follows the end-of-turn mark is the template's, not the model's, to write.
            whole = span if span.endswith(tokenizer.eos_token or "\0") else answered[len(asked) :]
            yield len(asked), len(asked) + len(whole)
        elif index == last:
            raise Unusable("the model's chat template writes an answer otherwise than it asks for one")
        # Templates that rewrite earlier turns (dropping their reasoning, say) can teach the last one only.


def encode(tokenizer: Any, row: Row | Pair, context: int) -> Example | PairExample:
    """A row of either kind."""
    return encode_pair(tokenizer, row, context) if isinstance(row, Pair) else encode_row(tokenizer, row, context)


def encode_file(
    path: Path, tokenizer: Any, context: int, field: str, method: MethodName
) -> list[Example | PairExample]:
    """All rows of a file; raises BadFile naming the lines that cannot be used."""
    examples, problems = [], Problems()
    for row in read_rows(path, PARSERS[method]):
        if isinstance(row, tuple):
            problems.add(*row)
            continue
        try:
            examples.append(encode(tokenizer, row, context))
        except Unusable as error:
            problems.add(row.line, str(error))
    if problems.count:
        raise problems.as_error(field)
    if not examples:
        raise BadFile(field, f"The {field.replace('_', ' ')} holds no rows.")
    return examples
