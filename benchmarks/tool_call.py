"""Does ``tool_call`` pass every gold answer, and fail every wrong call that can be made of it?

    python benchmarks/tool_call.py --data ../shared/data/bfcl

Reads the Berkeley Function-Calling Leaderboard's single-turn files (Apache-2.0, github.com/ShishirPatil/gorilla) with
their possible answers. Of each gold answer, mutations are made that must fail; a mutation that happens to give another
possible answer is not made. Prints, per mutation, how many were made and how many failed, and the first that did not.
"""

import argparse
import copy
import itertools
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from app.evals.graders import Sample, case_item, grade, parse_spec  # noqa: E402

FILES = ("simple_python", "live_simple", "multiple", "parallel", "parallel_multiple")
TYPES = {"dict": "object", "float": "number", "tuple": "array", "any": None}
MOST = 500  # alternatives that nested possible answers may unfold to
Calls = list[tuple[str, dict[str, Any]]]


def json_schema(node: Any) -> Any:
    """Their types are Python's."""
    if isinstance(node, list):
        return [json_schema(one) for one in node]
    if not isinstance(node, dict):
        return node
    made = {key: json_schema(value) for key, value in node.items()}
    if isinstance(node.get("type"), str) and node["type"] in TYPES:
        made["type"] = TYPES[node["type"]]
        if made["type"] is None:
            del made["type"]
    return made


def unfolded(value: Any) -> list[Any]:
    """The values that a possible value stands for: inside, each field of an object lists alternatives of its own, and
    "" among them means that it may be left out."""
    if isinstance(value, dict):
        fields = [
            [(key, one) for given in options for one in ([LEFT_OUT] if given == "" else unfolded(given))]
            for key, options in value.items()
        ]
        made = itertools.islice(itertools.product(*fields), MOST)
        return [{key: one for key, one in pairs if one is not LEFT_OUT} for pairs in made]
    if isinstance(value, list) and any(isinstance(one, dict) for one in value):
        return [list(made) for made in itertools.islice(itertools.product(*map(unfolded, value)), MOST)]
    return [value]


LEFT_OUT = object()


def expected_calls(truth: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], Calls]:
    """The case's expectation, and the gold calls: the first possible value of everything."""
    expected, gold = [], []
    for one in truth:
        [(name, options)] = one.items()
        allowed = {
            key: [v for value in values if value != "" for v in unfolded(value)] for key, values in options.items()
        }
        optional = [key for key, values in options.items() if "" in values]
        first = {key: values[0] for key, values in allowed.items() if values and options[key][0] != ""}
        needed = {key: values[0] for key, values in allowed.items() if values and key not in optional}
        function = {"name": name, "arguments": json.dumps(needed)}
        expected.append({"type": "function", "function": function, "allowed": allowed, "optional": optional})
        gold.append((name, first))
    return expected, gold


def as_calls(calls: Calls) -> list[dict[str, Any]]:
    return [{"type": "function", "function": {"name": n, "arguments": json.dumps(a)}} for n, a in calls]


def other_value(value: Any, allowed: list[Any]) -> Any:
    """Another value of the same type, which is none of the allowed ones; None where there is none."""
    if isinstance(value, bool):
        tries: list[Any] = [not value]
    elif isinstance(value, int | float):
        tries = [value + step for step in (1, 17, 4321)]
    elif isinstance(value, str):
        tries = [value + " other", value + " otherwise"]
    elif isinstance(value, list):
        tries = [[*value, value[-1]] if value else [1], [*value, *value, *value]]
    elif isinstance(value, dict):
        tries = [{**value, "unexpected_key": 1}]
    else:
        tries = ["other"]
    plain = [json.dumps(one, sort_keys=True) for one in allowed]
    return next((one for one in tries if json.dumps(one, sort_keys=True) not in plain and one not in allowed), None)


def other_type(value: Any, allowed: list[Any]) -> Any:
    made = json.dumps(value) if not isinstance(value, str) else [value]
    return None if any(type(one) is type(made) and one == made for one in allowed) else made


def mutations(case: dict[str, Any], expected: list[dict[str, Any]], gold: Calls) -> Iterator[tuple[str, Any, bool]]:
    """(kind, calls, order matters)."""
    names = [tool["function"]["name"] for tool in case["tools"]]
    for at, (name, arguments) in enumerate(gold):

        def put(new: tuple[str, Any], at: int = at) -> list[dict[str, Any]]:
            return as_calls([*gold[:at], new, *gold[at + 1 :]])

        yield "wrong name", put((f"{name}_x", arguments)), False
        for other in names:
            if other != name:
                yield "another tool of the case", put((other, arguments)), False
        yield "extra argument", put((name, {**arguments, "unexpected_argument": 1})), False
        for key, value in arguments.items():
            allowed = expected[at]["allowed"][key]
            if key not in expected[at]["optional"]:
                left = {k: v for k, v in arguments.items() if k != key}
                yield "argument left out", put((name, left)), False
            for kind, made in (
                ("changed value", other_value(value, allowed)),
                ("wrong type", other_type(value, allowed)),
            ):
                if made is not None:
                    yield kind, put((name, {**arguments, key: made})), False
        broken = as_calls(gold)
        broken[at]["function"]["arguments"] = broken[at]["function"]["arguments"][:-1]
        yield "arguments cut off", broken, False
        yield "call left out", as_calls([*gold[:at], *gold[at + 1 :]]), False
        yield "call doubled", as_calls([*gold[: at + 1], *gold[at:]]), False
    yield "text instead of a call", [], False
    for at in range(len(gold) - 1):
        if not any(fits(expected[a], gold[b]) for a, b in ((at, at + 1), (at + 1, at))):
            yield "swapped where order matters", as_calls([*gold[:at], gold[at + 1], gold[at], *gold[at + 2 :]]), True


def fits(expected: dict[str, Any], call: tuple[str, dict[str, Any]]) -> bool:
    """Whether a neighbour's call would be right here too, so that swapping changes nothing."""
    same_name = expected["function"]["name"] == call[0]
    return same_name and all(value in expected["allowed"].get(key, []) for key, value in call[1].items())


def cases(folder: Path, name: str) -> Iterator[tuple[dict[str, Any], Any]]:
    answers = folder / "possible_answer" / f"BFCL_v4_{name}.json"
    truth = {}
    if answers.exists():
        truth = {row["id"]: row["ground_truth"] for row in map(json.loads, answers.read_text().splitlines())}
    for line in (folder / f"BFCL_v4_{name}.json").read_text().splitlines():
        row = json.loads(line)
        tools = [{"type": "function", "function": json_schema(function)} for function in row["function"]]
        yield {"messages": row["question"][0], "tools": tools}, truth.get(row["id"])


def main(folder: Path) -> int:
    spec, ordered = parse_spec({"type": "tool_call"}), parse_spec({"type": "tool_call", "order": "exact"})
    made: dict[str, int] = defaultdict(int)
    wrong: dict[str, list[str]] = defaultdict(list)
    graded, start = 0, time.perf_counter()

    def tally(kind: str, right: bool, why: str) -> None:
        made[kind] += 1
        if not right:
            wrong[kind].append(why)

    for name in FILES:
        for case, truth in cases(folder, name):
            expected, gold = expected_calls(truth)
            item = case_item(case | {"expected": {"tool_calls": expected}})
            result = grade(spec, item, Sample(None, as_calls(gold)))
            tally(f"gold, {name}", result.passed is True, result.reason)
            for kind, calls, order in mutations(case, expected, copy.deepcopy(gold)):
                sample = Sample(None, calls) if calls else Sample("I did that for you.")
                result = grade(ordered if order else spec, item, sample)
                tally(kind, result.passed is False, f"{json.dumps(calls)[:300]}: {result.reason}")
                graded += 1
    for case, _ in cases(folder, "irrelevance"):
        item = case_item(case | {"expected": {"tool_calls": []}})
        tally("gold, irrelevance: no call", grade(spec, item, Sample("None of my tools does that.")).passed is True, "")
        called = as_calls([(case["tools"][0]["function"]["name"], {})])
        tally("call where none is expected", grade(spec, item, Sample(None, called)).passed is False, "")
    seconds = time.perf_counter() - start
    for kind in sorted(made, key=lambda kind: (not kind.startswith("gold"), kind)):
        says = "pass" if kind.startswith("gold") else "fail"
        print(f"{kind:32} {made[kind]:>6} made, {made[kind] - len(wrong[kind]):>6} {says}")
        for why in wrong[kind][:5]:
            print(f"    not so: {why}")
    print(f"{graded / seconds:,.0f} grades a second")
    return 1 if any(wrong.values()) else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "bfcl")
    sys.exit(main(parser.parse_args().data))
