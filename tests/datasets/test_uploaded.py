"""A test set takes files of other tools as they are: what each row asks and what is expected of it."""

import gzip
import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.core.settings import get_settings
from tests.evals.test_run_items import EVAL, RUN, item, output_item
from tests.examples.factories import Api, jsonl
from tests.examples.format_samples import GOOD, PROMPTFOO_CSV, YAML
from tests.examples.test_formats import parquet
from tests.factories import Factory

ITEMS = jsonl(*({"item": item(number)} for number in range(3)))
TABLE = b"question,correct_answer,topic\n=1+1?,2,maths\nWhy?,,misc\nWho?,Ada,people\n"


@pytest.fixture
def api(client: TestClient, factory: Factory) -> Api:
    return Api(client, factory)


@pytest.fixture
def draft(api: Api) -> str:
    return f"/test-sets/{api.post('/test-sets', {'name': 'Brought along'}).json()['id']}"


def added(api: Api, draft: str, content: bytes, name: str, **form: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    answer = api.upload(f"{draft}/cases", content, name, **form)
    assert answer.status_code == 201, answer.text
    return answer.json(), api.get(f"{draft}/cases").json()["items"]


@pytest.mark.parametrize("packing", ["lines", "gzip", "a list"])
def test_data_source_items_become_cases(api: Api, draft: str, packing: str) -> None:
    listed = json.dumps([json.loads(line) for line in ITEMS.splitlines()], indent=1).encode()
    content = {"lines": ITEMS, "gzip": gzip.compress(ITEMS), "a list": listed}[packing]
    report, cases = added(api, draft, content, "items.jsonl")
    assert (report["format"], report["added"], report["rejected_count"]) == ("openai_evals", 3, 0)
    assert [case["messages"] for case in cases] == [
        [{"role": "user", "content": f"Headline number {number}"}] for number in range(3)
    ]
    assert cases[1]["expected"] == {"text": "Sports"}
    assert list(get_settings().uploads.iterdir()) == []  # nothing stays on the disk


def test_a_models_output_is_never_what_is_expected(api: Api, draft: str) -> None:
    asked_only = {"item": {"question": "Which plan?"}, "sample": {"output_text": "The team plan"}}
    report, cases = added(api, draft, jsonl(EVAL, RUN, output_item(0, "Weather"), asked_only), "run.jsonl")
    assert (report["added"], report["definitions"], report["rejected"]) == (2, 2, [])
    assert [case["expected"] for case in cases] == [{"text": "Markets"}, {"behavior": "answer"}]
    assert cases[1]["messages"] == [{"role": "user", "content": "Which plan?"}]
    assert cases[1]["tags"] == []


@pytest.mark.parametrize(
    ("content", "name", "form", "expected"),
    [
        (YAML.encode(), "promptfooconfig.yaml", "promptfoo", [{"text": "Yes."}, {"behavior": "refuse"}]),
        (PROMPTFOO_CSV.encode(), "tests.csv", "promptfoo", [{"text": "Because."}]),
        (jsonl(*GOOD["sharegpt"][1]), "s.jsonl", "sharegpt", [{"text": "So."}]),
        (jsonl(*GOOD["label studio"][1]), "l.json", "label_studio", [{"label": "billing", "text": "billing"}]),
        (parquet([{"question": "Why?", "reply": "So."}]), "p.parquet", "parquet", [{"text": "So."}]),
    ],
)
def test_other_tools_files(
    api: Api, draft: str, content: bytes, name: str, form: str, expected: list[dict[str, Any]]
) -> None:
    report, cases = added(api, draft, content, name)
    assert (report["format"], [case["expected"] for case in cases]) == (form, expected)


def test_a_table_goes_by_its_names_or_by_the_mapping_and_says_so(
    api: Api, draft: str, client: TestClient, factory: Factory
) -> None:
    report, cases = added(api, draft, TABLE, "t.csv")
    assert report["mapping"] == {"user": "question", "assistant": "correct_answer", "tags": ["topic"]}
    assert report["rejected"] == [{"line": 3, "reason": "column “correct_answer”: is empty"}]
    assert [(case["expected"], case["tags"]) for case in cases] == [
        ({"text": "2"}, ["maths"]),
        ({"text": "Ada"}, ["people"]),
    ]
    other = api.post("/test-sets", {"name": "Mapped"}).json()["id"]
    mapping = json.dumps({"user": "question", "label": "topic"})
    _report, cases = added(api, f"/test-sets/{other}", TABLE, "t.csv", mapping=mapping, format="csv")
    assert cases[1]["expected"] == {"label": "misc", "text": "misc"}
    factory.sign_in(client, factory.member(api.project, "engineer"))
    page = client.get(f"/p/{api.project.slug}{draft}").text
    assert "user from “question”; assistant from “correct_answer”; tags from “topic”." in page


@pytest.mark.parametrize(
    ("content", "name", "form", "loc", "words"),
    [
        (b"a,b\n1,2\n", "t.csv", {}, "file", "No column has a name that says what is expected"),
        (TABLE, "t.csv", {"mapping": '{"user": "nope"}'}, "mapping.user", "There is no column “nope”"),
        (TABLE, "t.csv", {"format": "nope"}, "format", "There is no such format"),
        (ITEMS, "i.jsonl", {"mapping": "{"}, "mapping", "is not JSON"),
        (b"PK\x03\x04", "t.xlsx", {}, "file", "spreadsheet"),
    ],
)
def test_what_cannot_be_read_is_said(
    api: Api, draft: str, content: bytes, name: str, form: dict[str, str], loc: str, words: str
) -> None:
    answer = api.upload(f"{draft}/cases", content, name, **form)
    error = answer.json()["errors"][0]
    assert (answer.status_code, error["loc"], words in error["msg"]) == (422, loc, True), error
    assert api.get(draft).json()["size"] == 0
    assert list(get_settings().uploads.iterdir()) == []
