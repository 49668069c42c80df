"""What each format holds, what it refuses by name, and that its bytes depend on nothing but the rows."""

import csv
import hashlib
import io
import json
from typing import Any

import pytest

from app.datasets.formats import WRITERS, CannotHold, Record
from app.datasets.formats.parquet import GROUP_ROWS
from app.examples.spreadsheet import COLUMNS, fields

ASKED = {"role": "user", "content": "Can I get a refund?"}
ANSWERED = {"role": "assistant", "content": "Yes."}
SYSTEM = {"role": "system", "content": "Be brief."}
CALL = {"id": "c9", "type": "function", "function": {"name": "refund", "arguments": '{"id": 7}'}}
CALLS = {"role": "assistant", "content": None, "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "c9", "content": "done"}
TOOL = {"type": "function", "function": {"name": "refund", "parameters": {"type": "object"}}}
CHAT = [SYSTEM, ASKED, ANSWERED, {"role": "user", "content": "Now?"}, {"role": "assistant", "content": "Now."}]


def written(name: str, *rows: Record, paired: bool = False) -> list[dict[str, Any]]:
    return [json.loads(line) for line in b"".join(WRITERS[name].write(rows, paired)).splitlines()]


def record(*messages: dict[str, Any], **fields: Any) -> Record:
    return Record(7, list(messages), **fields)


def test_openai_preference() -> None:
    row = record(SYSTEM, ASKED, ANSWERED, tools=[TOOL], non_preferred=[{"role": "assistant", "content": "No."}])
    assert written("openai_preference", row, paired=True) == [
        {
            "input": {"messages": [SYSTEM, ASKED], "tools": [TOOL]},
            "preferred_output": [ANSWERED],
            "non_preferred_output": [{"role": "assistant", "content": "No."}],
        }
    ]


def test_sharegpt() -> None:
    (row,) = written("sharegpt", record(SYSTEM, ASKED, CALLS, RESULT, ANSWERED, tools=[TOOL]))
    assert [turn["from"] for turn in row["conversations"]] == ["human", "function_call", "observation", "gpt"]
    assert json.loads(row["conversations"][1]["value"]) == {"name": "refund", "arguments": {"id": 7}}
    assert (row["system"], json.loads(row["tools"])) == ("Be brief.", [TOOL])


def test_alpaca_keeps_earlier_turns_as_history() -> None:
    (row,) = written("alpaca", record(*CHAT))
    history = [["Can I get a refund?", "Yes."]]
    wanted = {"instruction": "Now?", "input": "", "output": "Now.", "system": "Be brief.", "history": history}
    assert row == wanted


def test_trl_has_arguments_as_objects() -> None:
    (row,) = written("trl", record(ASKED, CALLS, RESULT, ANSWERED, tools=[TOOL]))
    assert row["messages"][1]["tool_calls"][0]["function"] == {"name": "refund", "arguments": {"id": 7}}
    assert row["tools"] == [TOOL]


@pytest.mark.parametrize("name", ["sharegpt", "alpaca", "trl"])
def test_pairs(name: str) -> None:
    row = record(*CHAT, non_preferred=[{"role": "assistant", "content": "Never."}])
    (line,) = written(name, row, paired=True)
    assert "Never." in json.dumps(line["rejected"])
    assert "Now." in json.dumps(line["chosen"])
    assert "Never." not in json.dumps(written(name, row))


REFUSED = {
    "tools in alpaca": ("alpaca", record(ASKED, ANSWERED, tools=[TOOL]), "has tools"),
    "a call in alpaca": ("alpaca", record(ASKED, CALLS, RESULT, ANSWERED), "by turns"),
    "a weight": ("sharegpt", record(ASKED, ANSWERED | {"weight": 0}), "weight 0"),
    "a weight in trl": ("trl", record(ASKED, ANSWERED | {"weight": 0}), "weight 0"),
    "a name": ("alpaca", record(ASKED | {"name": "ana"}, ANSWERED), "names who speaks"),
    "a picture": ("trl", record(ASKED | {"content": [{"type": "image_url", "image_url": {}}]}, ANSWERED), "plain text"),
    "a refusal": ("sharegpt", record(ASKED, {"role": "assistant", "content": None, "refusal": "No"}), "refusal"),
    "a developer": ("sharegpt", record({"role": "developer", "content": "x"}, ASKED, ANSWERED), "developer message"),
    "a late system": ("alpaca", record(ASKED, ANSWERED, SYSTEM, ASKED, ANSWERED), "system message"),
    "two in a row": ("sharegpt", record(ASKED, ASKED, ANSWERED), "two turns of one side"),
    "words and a call": ("sharegpt", record(ASKED, CALLS | {"content": "Wait"}, RESULT, ANSWERED), "in one message"),
    "results out of order": ("sharegpt", record(ASKED, CALLS, RESULT | {"tool_call_id": "x"}, ANSWERED), "order"),
    "arguments": ("trl", record(ASKED, CALLS | {"tool_calls": [CALL | {"function": {"name": "f", "arguments": "{"}}]}),
                  "not JSON"),
    "no pair": ("openai_preference", record(ASKED, ANSWERED), "no answer that was not preferred"),
    "a field of its own": ("alpaca", record(ASKED | {"audio": "x"}, ANSWERED), "“audio”"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "row", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_what_has_no_place_is_refused_by_name(name: str, row: Record, reason: str) -> None:
    check = WRITERS[name].check
    assert check is not None
    with pytest.raises(CannotHold, match=reason):
        check(row, WRITERS[name].pairs_only)


def test_csv_is_neutral_for_a_spreadsheet_and_whole_for_us() -> None:
    formula = record({"role": "user", "content": "=HYPERLINK(1)"}, {"role": "assistant", "content": "-5"}, tags=("a",))
    chat = record(*CHAT, extra={"n": 1}, expected={"label": "@x"})
    data = b"".join(WRITERS["csv"].write([formula, chat], False))
    assert data.startswith(b"\xef\xbb\xbf")
    heading, first, second = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    assert heading == list(COLUMNS)
    assert first[:3] == ["", "'=HYPERLINK(1)", "-5"]
    assert dict(zip(COLUMNS, second, strict=True))["label"] == "'@x"
    assert fields(dict(zip(COLUMNS, first, strict=True))) == {"messages": formula.messages, "tags": ["a"]}
    back = fields(dict(zip(COLUMNS, second, strict=True)))
    assert back == {"messages": CHAT, "metadata": {"n": 1}, "expected": {"label": "@x"}}


@pytest.mark.parametrize("name", WRITERS)
def test_the_bytes_depend_on_the_rows_alone(name: str) -> None:
    """Order of fields in the database, the clock and the run make no difference; another number of example neither."""
    rows = [
        Record(n, [ASKED | {"content": f"{n}?"}, ANSWERED], non_preferred=[ANSWERED | {"content": "No."}])
        for n in range(GROUP_ROWS + 5)
    ]
    turned = [
        Record(0, [dict(reversed(m.items())) for m in row.messages], non_preferred=row.non_preferred) for row in rows
    ]
    one, other = (b"".join(WRITERS[name].write(given, True)) for given in (rows, turned))
    assert hashlib.sha256(one).hexdigest() == hashlib.sha256(other).hexdigest()
    assert len(one) > GROUP_ROWS
