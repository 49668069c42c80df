"""Every import format: a good file is recognised and read, a broken row is refused by name, packed or not."""

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from app.examples.formats import FORMATS, Position, Row
from app.examples.opening import Opened, open_file
from app.examples.preview import look
from app.examples.rules import ParsedExample
from tests.examples.factories import jsonl
from tests.examples.format_samples import ASKED, BROKEN, EVAL, GOOD, GRADER, OUTPUT_ITEM, PROMPTFOO_CSV, RUN, SAID, YAML


def opened(tmp_path: Path, content: bytes, name: str = "file") -> Opened:
    path = tmp_path / "upload"
    path.write_bytes(content)
    return open_file(path, "auto", name)


def rows_of(found: Opened, mapping: dict[str, Any] | None = None) -> list[Row]:
    return list(FORMATS[found.format].rows(found.path, mapping, Position()))


def examples(tmp_path: Path, content: bytes, name: str = "file") -> list[ParsedExample]:
    rows = rows_of(opened(tmp_path, content, name))
    assert [row.reason for row in rows] == [""] * len(rows)
    return [row.example for row in rows if row.example]


@pytest.mark.parametrize("name", GOOD)
def test_a_good_file_is_recognised_and_read(tmp_path: Path, name: str) -> None:
    format, rows = GOOD[name]
    found = opened(tmp_path, jsonl(*rows))
    assert (found.format, found.container) == (format, "")
    read = rows_of(found)
    assert [row.reason for row in read] == [""] * len(read)
    assert any(row.example for row in read)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_row_is_refused_by_name_and_the_others_come_in(tmp_path: Path, name: str) -> None:
    format, row, reason = BROKEN[name]
    good = next(rows for form, rows in GOOD.values() if form == format)
    path = tmp_path / "upload"
    path.write_bytes(jsonl(*good, row, *good))
    read = list(FORMATS[format].rows(path, None, Position()))
    assert [one.line for one in read if one.reason] == [2]
    assert reason in read[1].reason
    assert read[2].example is not None


@pytest.mark.parametrize("packing", ["array", "spread", "gzip", "gzip of an array", "wrapped"])
def test_packed_files_say_the_same_as_lines(tmp_path: Path, packing: str, settings_env: None) -> None:
    rows = [row for _, rows in GOOD.values() for row in rows if "conversations" in row]
    packed = {
        "array": json.dumps(rows).encode(),
        "spread": json.dumps(rows, indent=2).encode(),
        "gzip": gzip.compress(jsonl(*rows)),
        "gzip of an array": gzip.compress(json.dumps(rows, indent=1).encode()),
        "wrapped": json.dumps({"version": 1, "data": rows}, indent=1).encode(),
    }[packing]
    plain = examples(tmp_path, jsonl(*rows))
    assert examples(tmp_path, packed) == plain


def parquet(rows: list[Any]) -> bytes:
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), buffer)
    return buffer.getvalue()


def test_parquet_with_conversations_needs_no_mapping(tmp_path: Path, settings_env: None) -> None:
    call = {"role": "assistant", "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f"}}]}
    reply = {"role": "tool", "tool_call_id": "1", "content": "paid"}
    row = {"messages": [ASKED, call, reply, SAID]}
    found = opened(tmp_path, parquet([row, {"messages": [ASKED, SAID]}]))
    assert (found.format, found.container) == ("parquet", "parquet")
    first, second = (one.example for one in rows_of(found))
    assert first is not None
    assert second is not None
    assert (first.messages, second.messages) == (row["messages"], [ASKED, SAID])  # no null fields of the other rows


def test_other_parquet_is_mapped_by_its_columns(tmp_path: Path, settings_env: None) -> None:
    found = opened(tmp_path, parquet([{"question": "Why?", "reply": "So.", "when": 3}, {"question": "", "reply": "x"}]))
    seen = look(found.path, found.format)
    assert seen.suggested_mapping == {"user": "question", "assistant": "reply", "tags": []}
    good, bad = rows_of(found, seen.suggested_mapping)
    assert good.example is not None
    assert (good.example.extra, bad.reason) == ({"when": 3}, "column “question”: is empty")


def test_preferred_and_not_preferred(tmp_path: Path) -> None:
    for name in ("preference", "trl", "trl whole"):
        (one,) = examples(tmp_path, jsonl(*GOOD[name][1]))
        assert (one.messages, one.non_preferred) == ([ASKED, SAID], [{"role": "assistant", "content": "No."}])


def test_an_item_of_an_eval_keeps_all_its_fields_and_says_what_is_expected(tmp_path: Path) -> None:
    (one,) = examples(tmp_path, jsonl(*GOOD["evals item"][1]))
    assert [message["content"] for message in one.messages] == ["Which plan?", "Team"]
    assert one.extra == {"question": "Which plan?", "reference": "Team"}


def test_an_output_item_comes_with_its_conversation_its_output_and_its_grades(tmp_path: Path) -> None:
    (one,) = examples(tmp_path, jsonl(OUTPUT_ITEM))
    assert [message["role"] for message in one.messages] == ["developer", "user", "assistant"]
    assert one.answer == "Markets"
    assert one.extra["ground_truth"] == "Markets"
    kept = one.extra["openai_evals"]
    assert (kept["results"], kept["sample"]) == (OUTPUT_ITEM["results"], OUTPUT_ITEM["sample"])
    assert (kept["run_id"], kept["status"]) == ("evalrun_1", "pass")


def test_where_no_answer_is_known_the_output_comes_in_to_be_judged(tmp_path: Path) -> None:
    (one,) = examples(tmp_path, jsonl(*GOOD["evals sample"][1]))
    assert (one.answer, one.tags) == ("The team plan", ["model-output"])


def test_a_run_brings_its_items_in_the_words_of_its_template(tmp_path: Path) -> None:
    rows = rows_of(opened(tmp_path, jsonl(RUN)))
    assert [(row.line, row.example is None, row.reason) for row in rows] == [(1, True, ""), (1, False, "")]
    assert rows[0].end == rows[1].end
    one = rows[1].example
    assert one is not None
    assert [message["content"] for message in one.messages] == ["Name the topic.", "News: Rain"]
    assert one.extra["openai_evals"]["run"] == {"id": "evalrun_2", "eval_id": "eval_1", "model": "gpt-4o-mini"}


def test_graders_of_an_eval_are_reported(tmp_path: Path, settings_env: None) -> None:
    found = opened(tmp_path, json.dumps({"object": "list", "data": [EVAL, RUN, OUTPUT_ITEM]}).encode())
    assert (found.format, found.container) == ("openai_evals", "json")
    seen = look(found.path, found.format)
    assert (seen.graders, seen.definitions, seen.accepted, seen.refused) == ([GRADER], 2, 2, [])


def test_calls_and_observations_find_each_other(tmp_path: Path) -> None:
    (one,) = examples(tmp_path, jsonl(*GOOD["sharegpt tools"][1]))
    call, result = one.messages[1], one.messages[2]
    assert call["tool_calls"][0]["function"] == {"name": "find_invoice", "arguments": '{"id":7}'}
    assert result == {"role": "tool", "content": "paid", "tool_call_id": call["tool_calls"][0]["id"]}
    assert one.tools is not None
    assert one.tools[0]["function"]["name"] == "find_invoice"


def test_alpaca_is_one_request_after_its_history(tmp_path: Path) -> None:
    (one,) = examples(tmp_path, jsonl(*GOOD["alpaca"][1]))
    assert [message["content"] for message in one.messages] == ["S", "Hi", "Hello", "Sort this.\nb a", "a b"]


def test_annotators_who_differ_are_marked_and_kept(tmp_path: Path) -> None:
    (one,) = examples(tmp_path, jsonl(*GOOD["label studio"][1]))
    assert (one.request, one.expected, one.tags) == (
        "Where is my invoice?", {"label": "billing"}, ["annotators-differ"],
    )  # fmt: skip
    assert len(one.extra["label_studio"]["annotations"]) == 2
    assert one.extra["channel"] == "mail"


def test_people_come_before_a_models_suggestion(tmp_path: Path) -> None:
    for name in ("argilla", "argilla 1", "argilla flat"):
        (one,) = examples(tmp_path, jsonl(*GOOD[name][1]))
        assert one.expected == {"label": "billing"}


@pytest.mark.parametrize("form", ["argilla", "parquet"])
def test_flat_columns_of_argilla_say_what_the_record_said(tmp_path: Path, settings_env: None, form: str) -> None:
    """As lines, and as parquet, which is how the hub has them."""
    row = GOOD["argilla flat"][1][0]
    found = opened(tmp_path, jsonl(row) if form == "argilla" else parquet([row]))
    seen = look(found.path, found.format)
    assert (seen.format, seen.accepted) == (form, 1)
    assert seen.suggested_mapping == {"user": "instruction", "label": "response: topic", "tags": []}
    (one,) = (made.example for made in rows_of(found, seen.suggested_mapping))
    assert one is not None
    assert (one.request, one.answer, one.extra["channel"]) == ("Where is my invoice?", "billing", "mail")
    kept = one.extra["argilla"]
    assert kept["responses"]["topic"][0] == {"value": "other", "user_id": "u2", "status": "discarded"}
    assert kept["suggestions"]["topic"] == {"value": "other", "score": 0.4, "agent": "m"}


def test_promptfoo_in_yaml_comes_with_the_prompt_and_the_defaults(tmp_path: Path, settings_env: None) -> None:
    found = opened(tmp_path, YAML.encode(), "promptfooconfig.yaml")
    assert (found.format, found.container) == ("promptfoo", "yaml")
    first, second = (row.example for row in rows_of(found))
    assert first is not None
    assert second is not None
    assert first.request == "You are kind. Can I have a refund?"
    assert (first.expected, second.expected, second.behavior) == ({"text": "Yes."}, {"behavior": "refuse"}, "refuse")
    assert [check["type"] for check in first.extra["promptfoo"]["assert"]] == ["latency", "equals"]
    assert first.extra["tone"] == "kind"


def test_promptfoo_in_csv(tmp_path: Path) -> None:
    found = opened(tmp_path, PROMPTFOO_CSV.encode(), "tests.csv")
    assert found.format == "promptfoo"
    (row,) = rows_of(found)
    assert row.example is not None
    assert (row.example.request, row.example.expected) == ("Why?", {"text": "Because."})
    assert row.example.extra["promptfoo"]["assert"][1] == {"type": "llm-rubric", "value": "is polite"}
    assert row.example.extra["team"] == "billing"


def test_lists_of_lists_become_columns_with_the_name_of_their_section(tmp_path: Path, settings_env: None) -> None:
    document = {"train": [["where is it", "billing"]], "test": [["what is up", "other"]]}
    found = opened(tmp_path, json.dumps(document, indent=1).encode())
    seen = look(found.path, found.format)
    assert (seen.format, seen.suggested_mapping) == (
        "json_table", {"user": "column 1", "label": "column 2", "tags": []},
    )  # fmt: skip
    assert [one.extra for one in seen.examples] == [{"section": "train"}, {"section": "test"}]
