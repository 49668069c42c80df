"""Hostile files: each bad line is refused by itself with its reason, and everything else comes in."""

import csv
import io
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from app.examples.formats import FORMATS, NotThisFile, Position, Row
from app.examples.formats.base import MAX_LINE
from app.examples.opening import open_file
from tests.examples.factories import Api, Jobs, chat, hostile_strings, jsonl

GOOD = json.dumps(chat()).encode()
MAPPING = {"user": "text", "assistant": "answer"}


def with_answer(answer: bytes) -> bytes:
    """A line whose answer is this JSON."""
    return b'{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":' + answer + b"}]}"


LINES = {
    "not JSON": (b"{", "not JSON"),
    "cut in the middle": (GOOD[: len(GOOD) // 2], "not JSON"),
    "two objects": (GOOD + GOOD, "not JSON"),
    "a list": (b"[1,2]", "must be a JSON object"),
    "a word": (b'"hello"', "must be a JSON object"),
    "null": (b"null", "must be a JSON object"),
    "raw NUL": (with_answer(b'"a\x00b"'), "not JSON"),
    "escaped NUL": (with_answer(b'"a\\u0000b"'), "messages.1.content: contains the character NUL"),
    "NUL in a name": (b'{"a\\u0000b":1,"messages":[]}', "contains the character NUL"),
    "lone surrogate": (with_answer(b'"\\ud800 x"'), "messages.1.content: contains half of a surrogate pair"),
    "lone low surrogate": (with_answer(b'"\\udc00"'), "half of a surrogate pair"),
    "surrogate in a name": (b'{"\\ud800":1,"messages":[]}', "half of a surrogate pair"),
    "not UTF-8": (with_answer(b'"\xff\xfe"'), "not UTF-8 text at byte"),
    "surrogate as bytes": (with_answer(b'"\xed\xa0\x80"'), "not UTF-8"),
    "deep": (b"[" * 5000 + b"]" * 5000, "too deep"),
    "deep and open": (b'{"a":' * 100_000, "too deep"),
    "deep in metadata": (b'{"metadata":' + b'{"a":' * 200 + b"1" + b"}" * 201, "more than 64 deep"),
    "very deep in metadata": (b'{"metadata":' + b'{"a":' * 800 + b"1" + b"}" * 801, "deep in one another"),
    "NaN": (b'{"metadata":{"a":NaN},"messages":[]}', "NaN is not JSON"),
    "infinity": (b'{"metadata":{"a":-Infinity},"messages":[]}', "-Infinity is not JSON"),
    "1e999": (b'{"metadata":{"a":1e999},"messages":[]}', "too large"),
    "too many digits": (b'{"metadata":{"a":' + b"9" * 5000 + b"}}", "too many digits"),
    "65 bits": (b'{"metadata":{"a":18446744073709551616}}', "more than 64 bits"),
    "a field twice": (b'{"messages":[],"messages":[]}', "“messages” stands twice"),
    "no messages": (b"{}", "messages: is missing"),
    "empty messages": (b'{"messages":[]}', "messages: is empty"),
    "message no object": (b'{"messages":["hi"]}', "messages.0: must be an object"),
    "unknown role": (b'{"messages":[{"role":"robot","content":"a"}]}', "messages.0.role: must be one of"),
    "role no text": (b'{"messages":[{"role":{},"content":"a"}]}', "messages.0.role: must be one of"),
    "no answer": (b'{"messages":[{"role":"user","content":"a"}]}', "the last one must be the assistant's answer"),
    "no user": (b'{"messages":[{"role":"assistant","content":"a"}]}', "there is no user message"),
    "empty answer": (with_answer(b'"  "'), "messages.1.content: is empty"),
    "null answer": (with_answer(b"null"), "messages.1.content: is missing"),
    "number answer": (with_answer(b"7"), "must be text or a list of content parts"),
    "unknown part": (with_answer(b'[{"type":"video"}]'), "messages.1.content.0.type: must be one of"),
    "part without text": (with_answer(b'[{"type":"text"}]'), "messages.1.content.0.text: must be text"),
    "tags no list": (GOOD[:-1] + b',"tags":"abc"}', "tags: must be a list"),
    "behavior unknown": (GOOD[:-1] + b',"behavior":"shrug"}', "must be one of answer, refuse, clarify, escalate"),
    "behavior twice": (GOOD[:-1] + b',"behavior":"answer","expected":{"behavior":"refuse"}}', "contradicts"),
    "expected unknown": (GOOD[:-1] + b',"expected":{"colour":"red"}}', "expected.“colour”: is not a field"),
    "group too long": (GOOD[:-1] + b',"group":"' + b"g" * 300 + b'"}', "group: must be a name"),
    "source unknown": (GOOD[:-1] + b',"source":"dream"}', "source: must be one of"),
    "tools no list": (GOOD[:-1] + b',"tools":{}}', "tools: must be a list"),
    "10 MB": (with_answer(b'"' + b"x" * 10_000_000 + b'"'), "longer than 4 MB"),
}  # fmt: skip


def read(
    tmp_path: Path, content: bytes, format: str = "openai_chat", mapping: dict[str, Any] | None = None
) -> list[Row]:
    path = tmp_path / "file"
    path.write_bytes(content)
    return list(FORMATS[format].rows(path, mapping, Position()))


@pytest.mark.parametrize("name", LINES)
def test_a_bad_line_is_refused_by_itself(tmp_path: Path, name: str) -> None:
    line, reason = LINES[name]
    rows = read(tmp_path, GOOD + b"\r\n" + line + b"\n\n  \n" + GOOD)
    assert [(row.line, row.example is not None) for row in rows] == [(1, True), (2, False), (5, True)]
    assert reason in rows[1].reason
    assert "\n" not in rows[1].reason
    for text in (rows[1].reason, rows[1].excerpt):
        assert "\x00" not in text
        assert len(text.encode()) < 3000


def test_reading_goes_on_exactly_where_it_stopped(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + b"\n".join([GOOD, b"{", with_answer(b'"' + b"x" * 5_000_000 + b'"'), b"", GOOD])
    rows = read(tmp_path, content)
    assert [row.line for row in rows] == [1, 2, 3, 5]
    for index, row in enumerate(rows):
        rest = list(FORMATS["openai_chat"].rows(tmp_path / "file", None, row.end))
        assert [(r.line, r.end, r.reason) for r in rest] == [(r.line, r.end, r.reason) for r in rows[index + 1 :]]


def test_a_line_of_a_hundred_megabytes_is_never_held(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("wb") as file:
        for _ in range(100):
            file.write(b"x" * 1_000_000)
        file.write(b"\n" + GOOD)
    tracemalloc.start()
    rows = list(FORMATS["openai_chat"].rows(path, None, Position()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [row.example is not None for row in rows] == [False, True]
    assert peak < 4 * MAX_LINE


TABLES: dict[str, tuple[bytes, dict[int, str]]] = {
    "ragged": (b"text,answer\na,b\nc\nd,e,f\ng,h\n", {3: "has 1 cells", 4: "has 3 cells"}),
    "stray quote": (b'text,answer\na,b\nc,"open\nd,e\nf,g\n', {3: "a quote opens here and never closes"}),
    "two stray quotes": (b'text,answer\na,"x\nb,"y\nc,d\n', {2: "expected after", 3: "never closes"}),
    "text after a quote": (b'text,answer\n"a"b,c\nd,e\n', {2: "expected after"}),
    "NUL": (b"text,answer\na\x00,b\nc,d\n", {2: "contains the character NUL"}),
    "not UTF-8": (b"text,answer\n\xe9t\xe9,b\nc,d\n", {2: "not UTF-8 text at byte 1"}),
    "not UTF-8 in a quote": (b'text,answer\n"a\n\xe9",b\nc,d\n', {2: "not UTF-8", 3: "not UTF-8"}),
    "empty cell": (b"text,answer\n,b\nc,d\n", {2: "column “text”: is empty"}),
    "10 MB": (b"text,answer\n" + b"x" * 10_000_000 + b",b\nc,d\n", {2: "longer than 4 MB"}),
    "quote over 5 MB": (
        b'text,answer\na,"open\n' + (b"c" * 998 + b",d\n") * 5_000 + b"e,f\n",
        {2: "does not close within 4 MB"},
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_bad_record_is_refused_and_swallows_nothing(tmp_path: Path, name: str) -> None:
    content, refused = TABLES[name]
    rows = read(tmp_path, content, "csv", MAPPING)
    found = {row.line: row.reason for row in rows if row.example is None}
    assert found.keys() == refused.keys()
    for line, reason in refused.items():
        assert reason in found[line]
    assert len(rows) == content.count(b"\n") - 1
    assert rows[-1].end == Position(len(content), content.count(b"\n"))


def test_a_table_keeps_what_stands_in_its_cells(tmp_path: Path) -> None:
    content = b'\xef\xbb\xbf\r\ntext;answer;tags\r\n"a ""quoted"" word\r\nand a line";b;"x, y|z"\r\n\r\n5" pipe;d;\r\n'
    rows = read(tmp_path, content, "csv", MAPPING | {"tags": ["tags"]})
    first, second = (row.example for row in rows)
    assert first is not None
    assert second is not None
    assert first.messages[0]["content"] == 'a "quoted" word\r\nand a line'
    assert (first.tags, second.messages[0]["content"]) == (["x", "y", "z"], '5" pipe')
    again = list(FORMATS["csv"].rows(tmp_path / "file", MAPPING, rows[0].end))
    assert [row.line for row in again] == [rows[1].line] == [6]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \n\n", "empty"),
        (GOOD.decode().encode("utf-16"), "UTF-16"),
        (GOOD.decode().encode("utf-16-le"), "UTF-16"),
        (b"\x1f\x8b\x08\x00abc", "The gzip file is broken"),
        (b"PK\x03\x04abc", "ZIP"),
        (b"PAR1abc", "The parquet file cannot be read"),
        (b"[" + GOOD, "not whole: the list breaks off after 1 items"),
        (b"[" + GOOD + b",]", "a comma follows item 1"),
        (b"[" + GOOD + GOOD + b"]", "a comma is missing after item 1"),
        (b"[" + GOOD + b"] x", "something follows"),
        (b'[{"a": }]', "not JSON: in item 1"),
        (b'{\n  "messages": [],\n  "messages": []\n}', "stands twice"),
        (b"\x80\x04\x95abc", "pickle"),
        (b"a,b\rc,d\re,f", "CR alone"),
        (b"\x00" * 100, "NUL"),
        (b"hello world", "neither JSON nor"),
    ],
)
def test_a_file_that_is_something_else_is_refused_with_the_way_out(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(Exception, match=reason) as caught:
        open_file(path)
    assert caught.type.__name__ in ("NotThisFile", "Invalid")


def test_a_heading_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for content in (b'"open,b\n', b"a,\x00\n1,2\n", b",".join(b"c" for _ in range(1500)) + b"\n"):
        with pytest.raises(NotThisFile):
            read(tmp_path, content, "csv", MAPPING)


def test_detection_is_by_content(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content, format in ((GOOD, "openai_chat"), (b"{broken\n" + GOOD, "openai_chat"), (b"a,b\n1,{\n", "csv")):
        path.write_bytes(content)
        assert open_file(path).format == format
    path.write_bytes(b"question\nwhy\n")
    assert open_file(path, name="one-column.csv").format == "csv"


def test_everything_hostile_at_once_by_the_api(api: Api, run_jobs: Jobs) -> None:
    rows = [chat(f"Request {index}") for index in range(len(LINES))]
    content = jsonl(*[line for pair in zip(rows, (bad for bad, _ in LINES.values()), strict=True) for line in pair])
    report = api.imported(run_jobs, content)
    assert (report["status"], report["imported"], report["rejected_count"]) == ("succeeded", len(LINES), len(LINES))
    assert [entry["line"] for entry in report["rejected"]] == list(range(2, 2 * len(LINES) + 1, 2))
    assert len(api.get(f"/imports/{report['id']}/rejections").text.splitlines()) == len(LINES)


def test_hostile_words_come_in_as_they_are(api: Api, run_jobs: Jobs) -> None:
    words = hostile_strings()
    rows = [chat(f"{number} {one}", one, tags=[f"t{number}"], metadata={one: one}) for number, one in enumerate(words)]
    report = api.imported(run_jobs, jsonl(*rows))
    assert (report["imported"], report["rejected_count"]) == (len(words), 0)
    listed = api.get("/examples?limit=200").json()["items"]
    assert len(listed) == min(200, len(words))
    for item in listed:
        row = rows[int(item["tags"][0][1:])]
        assert (item["messages"], item["metadata"]) == (row["messages"], row["metadata"])


def test_hostile_cells_come_in_as_they_are(tmp_path: Path) -> None:
    words = hostile_strings()
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([["text", "answer"], *([f"{n} {one}", one] for n, one in enumerate(words))])
    rows = read(tmp_path, buffer.getvalue().encode(), "csv", MAPPING)
    found = [(row.example.messages[0]["content"], row.example.messages[1]["content"]) for row in rows if row.example]
    assert found == [(f"{n} {one}", one) for n, one in enumerate(words)]
