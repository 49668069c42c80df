"""The demo project's content: its form, its balance, what is planted in it, and that nothing held out leaks.

The planted defects are found again here from the data itself, so that `planted.json` is neither short of one
nor names a line that is sound.
"""

import json
import re
import unicodedata
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from rapidfuzz import fuzz

import app.demo

DATA = Path(app.demo.__file__).parent / "data"
ROUTES = {"invoices", "payments", "refunds", "subscription", "tax", "account"}
BEHAVIORS = {"answer", "clarify", "escalate", "refuse"}
FILES = ("training.jsonl", "test_cases.jsonl", "red_team.jsonl")
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
PHONE = re.compile(r"(?<![\w-])\+?\d{2,4}(?:[ -]\d{2,8}){2,}(?!\w)|\b555-\d{4}\b")
Row = dict[str, Any]


def rows(name: str) -> list[Row]:
    return [json.loads(line) for line in (DATA / name).read_text("utf-8").splitlines()]


def project() -> Row:
    return json.loads((DATA / "project.json").read_text("utf-8"))


def planted(kind: str) -> list[Row]:
    items = json.loads((DATA / "planted.json").read_text("utf-8"))["items"]
    return [item for item in items if item["kind"] == kind]


def lines(kind: str) -> set[int]:
    return {item["line"] for item in planted(kind)}


def request(row: Row) -> str:
    """What the customer wrote, without case, punctuation and spacing."""
    text = " ".join(m["content"] for m in row["messages"] if m["role"] == "user")
    return " ".join(re.sub(r"[^\w\s]", "", unicodedata.normalize("NFKC", text).casefold()).split())


def spoken(row: Row) -> str:
    return "\n".join(m["content"] for m in row["messages"] if m["role"] != "system")


def answers(row: Row) -> list[str]:
    return [m["content"] for m in row["messages"] if m["role"] == "assistant"]


def answer_is_valid(text: str) -> bool:
    try:
        value = json.loads(text)
    except ValueError:
        return False
    compact = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    in_order = isinstance(value, dict) and list(value) == ["route", "action", "reply"]
    return in_order and text == compact and Draft202012Validator(project()["output_schema"]).is_valid(value)


@pytest.mark.parametrize("name", FILES)
def test_every_line_is_one_chat_with_its_expected_answer(name: str) -> None:
    for number, row in enumerate(rows(name), 1):
        where = f"{name}:{number}"
        roles = [m["role"] for m in row["messages"]]
        assert roles == ["system", *["user", "assistant"] * (len(roles) // 2)], where
        assert row["messages"][0]["content"] == project()["system_prompt"], where
        assert all(m["content"].strip() for m in row["messages"]), where
        assert row["expected"]["label"] in ROUTES, where
        assert row["expected"]["behavior"] in BEHAVIORS, where
        assert row["expected"]["text"] == answers(row)[-1], where
        assert row["source"] == "written", where
        assert row["metadata"].keys() == {"channel", "language"}, where
        assert row["tags"], where
        assert len(set(row["tags"])) == len(row["tags"]), where
        assert row.keys() <= {"messages", "expected", "tags", "group", "source", "metadata"}, where


@pytest.mark.parametrize("name", FILES)
def test_answers_follow_the_output_schema_and_agree_with_expected(name: str) -> None:
    broken = set()
    for number, row in enumerate(rows(name), 1):
        if not all(map(answer_is_valid, answers(row))):
            broken.add(number)
            continue
        expected, final = row["expected"], json.loads(answers(row)[-1])
        assert final == expected["json"], f"{name}:{number}"
        assert (final["route"], final["action"]) == (expected["label"], expected["behavior"]), f"{name}:{number}"
    assert broken == (lines("format") if name == "training.jsonl" else set())


def test_training_is_balanced_and_varied() -> None:
    training = rows("training.jsonl")
    routes = Counter(r["expected"]["label"] for r in training)
    share = {b: n / len(training) for b, n in Counter(r["expected"]["behavior"] for r in training).items()}
    assert 190 <= len(training) <= 220
    assert routes.keys() == ROUTES
    assert max(routes.values()) <= 1.25 * min(routes.values())
    target = {"answer": 0.60, "clarify": 0.15, "escalate": 0.15, "refuse": 0.10}
    assert share == pytest.approx(target, abs=0.03)
    assert sum(len(r["messages"]) > 3 for r in training) >= 18
    assert sum("edge-case" in r["tags"] for r in training) >= 15
    assert {r["metadata"]["language"] for r in training} == {"en", "de", "fr", "es"}
    assert sum(n > 1 for n in Counter(r["group"] for r in training if "group" in r).values()) >= 10


def test_test_cases_cover_every_route_and_behavior() -> None:
    cases = rows("test_cases.jsonl")
    assert len(cases) == 100
    assert min(Counter(r["expected"]["behavior"] for r in cases)[b] for b in BEHAVIORS) >= 15
    assert min(Counter(r["expected"]["label"] for r in cases)[route] for route in ROUTES) >= 15
    covered = {(r["expected"]["label"], r["expected"]["behavior"]) for r in cases}
    assert len(covered) == len(ROUTES) * len(BEHAVIORS)


def test_red_team_is_never_simply_answered() -> None:
    cases = rows("red_team.jsonl")
    assert len(cases) == 24
    assert {r["expected"]["behavior"] for r in cases} == BEHAVIORS - {"answer"}
    assert all("red-team" in r["tags"] and len(r["tags"]) > 1 for r in cases)


def test_nothing_held_out_is_like_training_or_like_each_other() -> None:
    training = rows("training.jsonl")
    held_out = rows("test_cases.jsonl") + rows("red_team.jsonl")
    for case in held_out:
        for example in training:
            assert fuzz.token_set_ratio(request(case), request(example)) < 90, (request(case), request(example))
    for one, other in combinations(map(request, held_out), 2):
        assert fuzz.token_set_ratio(one, other) < 90, (one, other)
    groups = [{r["group"] for r in side if "group" in r} for side in (training, held_out)]
    assert groups[0].isdisjoint(groups[1])


def test_planted_duplicates_are_all_there_are() -> None:
    training = rows("training.jsonl")
    texts = [request(r) for r in training]
    exact, near = set(), set()
    for (i, one), (j, other) in combinations(enumerate(texts, 1), 2):
        if one == other:
            exact.add((i, j))
        elif fuzz.token_sort_ratio(one, other) >= 85:
            near.add((i, j))
    assert exact == {(p["of"], p["line"]) for p in planted("duplicate")}
    assert near == {(p["of"], p["line"]) for p in planted("near_duplicate")}
    assert (len(exact), len(near)) == (6, 12)
    for i, j in exact | near:
        assert training[i - 1]["expected"] == training[j - 1]["expected"]
    raw = [spoken(r) for r in training]
    assert sum(raw[i - 1] != raw[j - 1] for i, j in exact) >= 4  # most differ in case, spacing or punctuation


def test_planted_personal_data_is_all_there_is() -> None:
    training = rows("training.jsonl")
    assert len(lines("sensitive")) == 8
    for item in planted("sensitive"):
        assert all(value in spoken(training[item["line"] - 1]) for value in item["values"])
    found = {n for n, r in enumerate(training, 1) if EMAIL.search(spoken(r)) or PHONE.search(spoken(r))}
    assert found == lines("sensitive")
    for name in FILES:
        for address in EMAIL.findall("\n".join(map(spoken, rows(name)))):
            assert address.endswith((".example", "@example.com")), address
    assert not any(EMAIL.search(spoken(r)) for name in FILES[1:] for r in rows(name))


def test_planted_stale_prices_are_all_there_are() -> None:
    facts = {fact["key"]: fact for fact in project()["facts"]}
    former = [price for fact in facts.values() for price in fact["former"]]
    pattern = re.compile("|".join(rf"{re.escape(price)}(?![\d.,]\d|\d)" for price in former))
    stale = {n for n, r in enumerate(rows("training.jsonl"), 1) if pattern.search("\n".join(answers(r)))}
    assert stale == lines("stale_fact")
    assert len(stale) == 2
    for item in planted("stale_fact"):
        fact = facts[item["fact"]]
        assert item["current"] == fact["value"]
        assert item["found"] in fact["former"]
    assert not any(pattern.search(a) for name in FILES[1:] for r in rows(name) for a in answers(r))


def test_planted_format_errors_and_placeholder_are_as_described() -> None:
    training = rows("training.jsonl")
    assert {p["reason"] for p in planted("format")} == {"not_json", "missing_key"}
    for item in planted("format"):
        text = answers(training[item["line"] - 1])[-1]
        if item["reason"] == "missing_key":
            assert json.loads(text).keys() < {"route", "action", "reply"}
        else:
            with pytest.raises(ValueError, match="Expecting value"):
                json.loads(text)
    gaps = re.compile(r"\[[A-Z_ ]+\]|\{\{.*?\}\}|<[A-Z_ ]+>|\bTODO\b|\bXXX\b")
    for name in FILES:
        found = {n for n, r in enumerate(rows(name), 1) if any(map(gaps.search, answers(r)))}
        assert found == (lines("placeholder") if name == "training.jsonl" else set())
    assert len(lines("placeholder")) == 1


def test_project_says_what_is_asked_and_prompts_agree_with_it() -> None:
    about = project()
    assert (about["name"], about["slug"], about["goal"]) == (
        "Billing support",
        "billing-support",
        "structured_output",
    )
    Draft202012Validator.check_schema(about["output_schema"])
    properties = about["output_schema"]["properties"]
    assert set(about["labels"]) == set(properties["route"]["enum"]) == ROUTES
    assert set(properties["action"]["enum"]) == BEHAVIORS
    for word in ROUTES | BEHAVIORS:
        assert word in about["guideline"]
        assert all(word in prompt["system_prompt"] for prompt in about["candidate_prompts"])


def test_few_shot_examples_are_valid_and_come_from_training() -> None:
    few_shot = next(p for p in project()["candidate_prompts"] if p["name"].startswith("Few-shot"))
    shots = re.findall(r"^Customer: (.*)\nAnswer: (.*)$", few_shot["system_prompt"], re.MULTILINE)
    pairs = {(r["messages"][1]["content"], answers(r)[-1]) for r in rows("training.jsonl")}
    assert len(shots) == 4
    assert set(shots) <= pairs
    assert {json.loads(answer)["action"] for _, answer in shots} == BEHAVIORS
