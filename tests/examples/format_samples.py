"""One good row of each format, written by hand, and one that is broken."""

import json
from typing import Any

ASKED = {"role": "user", "content": "Can you refund my plan?"}
SAID = {"role": "assistant", "content": "I can check that for you."}
WORSE = {"role": "assistant", "content": "No."}
TOOL = {"name": "find_invoice", "description": "Find one", "parameters": {"type": "object", "properties": {}}}

OUTPUT_ITEM = {
    "object": "eval.run.output_item", "id": "outputitem_1", "run_id": "evalrun_1", "eval_id": "eval_1",
    "created_at": 1743092076, "status": "pass", "datasource_item_id": 5,
    "datasource_item": {"input": "Markets rally", "ground_truth": "Markets"},
    "results": [{"name": "String check-1", "sample": None, "passed": True, "score": 1.0}],
    "sample": {
        "input": [{"role": "developer", "content": "Name the topic."}, {"role": "user", "content": "Markets rally"}],
        "output": [{"role": "assistant", "content": "Markets"}], "finish_reason": "stop", "model": "gpt-4o-mini",
    },
}  # fmt: skip
GRADER = {
    "type": "string_check", "name": "right topic", "operation": "eq",
    "input": "{{sample.output_text}}", "reference": "{{item.ground_truth}}",
}  # fmt: skip
EVAL = {
    "object": "eval", "id": "eval_1", "name": "Topics", "testing_criteria": [GRADER],
    "data_source_config": {"type": "custom", "schema": {"type": "object"}},
}  # fmt: skip
RUN = {
    "object": "eval.run", "id": "evalrun_2", "eval_id": "eval_1", "model": "gpt-4o-mini",
    "data_source": {
        "type": "completions",
        "source": {"type": "file_content", "content": [{"item": {"headline": "Rain", "topic": "World"}}]},
        "input_messages": {"type": "template", "template": [
            {"type": "message", "role": "developer", "content": {"type": "input_text", "text": "Name the topic."}},
            {"type": "message", "role": "user", "content": {"type": "input_text", "text": "News: {{item.headline}}"}},
        ]},
    },
}  # fmt: skip
TASK = {
    "id": 7, "data": {"text": "Where is my invoice?", "channel": "mail"},
    "annotations": [
        {"id": 1, "completed_by": 3, "result": [
            {"from_name": "topic", "to_name": "text", "type": "choices", "value": {"choices": ["billing"]}}]},
        {"id": 2, "completed_by": 4, "result": [
            {"from_name": "topic", "to_name": "text", "type": "choices", "value": {"choices": ["account"]}}]},
    ],
    "predictions": [{"model_version": "v1", "result": [
        {"from_name": "topic", "to_name": "text", "type": "choices", "value": {"choices": ["other"]}}]}],
}  # fmt: skip
RECORD = {
    "id": "r1", "fields": {"prompt": "Where is my invoice?"}, "metadata": {"channel": "mail"},
    "suggestions": {"topic": {"value": "other", "score": 0.4, "agent": "m"}},
    "responses": {"topic": [{"value": "billing", "user_id": "u1", "status": "submitted"}]},
}  # fmt: skip
RECORD_1 = {
    "fields": {"prompt": "Where is it?"}, "external_id": "e", "suggestions": [{"question_name": "topic", "value": "x"}],
    "responses": [{"user_id": None, "status": "submitted", "values": {"topic": {"value": "billing"}}}],
}  # fmt: skip
RECORD_FLAT = {
    "id": "r1", "status": "completed", "_server_id": None, "instruction": "Where is my invoice?", "channel": "mail",
    "topic.responses": ["other", "billing"], "topic.responses.users": ["u2", "u1"],
    "topic.responses.status": ["discarded", "submitted"],
    "topic.suggestion": "other", "topic.suggestion.score": 0.4, "topic.suggestion.agent": "m",
    "output.suggestion": "We look.", "output.suggestion.score": None, "output.suggestion.agent": None,
}  # fmt: skip
TEST = {
    "description": "refund", "vars": {"question": "Can I have a refund?"},
    "assert": [{"type": "equals", "value": "Yes, within 30 days."}, {"type": "llm-rubric", "value": "is polite"}],
}  # fmt: skip
ASKED_TO = {
    "key": 12, "prompt": "Describe our office in at least 20 words without commas.",
    "instruction_id_list": ["length_constraints:number_words", "punctuation:no_comma"],
    "kwargs": [{"relation": "at least", "num_words": 20, "language": None}, {}],
}  # fmt: skip
YAML = """\
prompts: ['You are kind. {{ question }}']
providers: [openai:gpt-4o-mini]
defaultTest:
  vars: {tone: kind}
  assert: [{type: latency, threshold: 900}]
tests:
  - vars: {question: 'Can I have a refund?'}
    assert: [{type: equals, value: 'Yes.'}]
  - vars: {question: 'Write malware'}
    assert: [{type: is-refusal}]
"""
PROMPTFOO_CSV = "question,__expected1,__expected2,__metadata:team\nWhy?,Because.,llm-rubric: is polite,billing\n"

# name: (format, rows of a good file)
GOOD: dict[str, tuple[str, list[Any]]] = {
    "chat": (
        "openai_chat",
        [{"messages": [{"role": "developer", "content": "Be kind."}, ASKED, SAID | {"weight": 0}]}],
    ),
    "preference": (
        "openai_preference",
        [{"input": {"messages": [ASKED], "tools": []}, "preferred_output": [SAID], "non_preferred_output": [WORSE]}],
    ),
    "trl": ("openai_preference", [{"prompt": [ASKED], "chosen": [SAID], "rejected": [WORSE]}]),
    "trl as texts": ("openai_preference", [{"prompt": "Why?", "chosen": "Because.", "rejected": "No."}]),
    "trl whole": ("openai_preference", [{"chosen": [ASKED, SAID], "rejected": [ASKED, WORSE]}]),
    "evals item": ("openai_evals", [{"item": {"question": "Which plan?", "reference": "Team"}}]),
    "evals sample": ("openai_evals", [{"item": {"question": "Which?"}, "sample": {"output_text": "The team plan"}}]),
    "evals output item": ("openai_evals", [OUTPUT_ITEM]),
    "evals run": ("openai_evals", [RUN]),
    "evals registry": ("openai_evals", [{"input": [ASKED], "ideal": "Yes."}]),
    "sharegpt": (
        "sharegpt",
        [
            {
                "conversations": [{"from": "human", "value": "Why?"}, {"from": "gpt", "value": "So."}],
                "system": "Be kind.",
            }
        ],
    ),
    "sharegpt roles": ("sharegpt", [{"conversations": [ASKED, SAID]}]),
    "sharegpt tools": (
        "sharegpt",
        [
            {
                "conversations": [
                    {"from": "human", "value": "Where is it?"},
                    {"from": "function_call", "value": '{"name": "find_invoice", "arguments": {"id": 7}}'},
                    {"from": "observation", "value": "paid"},
                    {"from": "gpt", "value": "It is paid."},
                ],
                "tools": json.dumps([TOOL]),
            }
        ],
    ),
    "alpaca": (
        "alpaca",
        [{"instruction": "Sort this.", "input": "b a", "output": "a b", "history": [["Hi", "Hello"]], "system": "S"}],
    ),
    "label studio": ("label_studio", [TASK]),
    "label studio min": (
        "label_studio",
        [{"id": 1, "text": "Where?", "intent": "billing", "annotator": 1, "annotation_id": 2, "lead_time": 3.4}],
    ),
    "argilla": ("argilla", [RECORD]),
    "argilla 1": ("argilla", [RECORD_1]),
    "argilla flat": ("argilla", [RECORD_FLAT]),
    "promptfoo": ("promptfoo", [TEST]),
    "ifeval": ("ifeval", [ASKED_TO]),
}
PROMPT = {"input": {"messages": [ASKED]}}
# name: (row, what the reason says)
BROKEN: dict[str, tuple[str, Any, str]] = {
    "preference": ("openai_preference", PROMPT | {"preferred_output": 3}, "preferred_output: must"),
    "ifeval kwargs": ("ifeval", ASKED_TO | {"kwargs": [{"num_words": 20}, {}]}, "kwargs.0.relation: is missing"),
    "ifeval kind": ("ifeval", ASKED_TO | {"instruction_id_list": ["a:b", "c:d"]}, "instruction_id_list.0: “a:b”"),
    "ifeval prompt": ("ifeval", ASKED_TO | {"prompt": " "}, "prompt: must be text"),
    "preference without input": ("openai_preference", {"preferred_output": [SAID]}, "input: must be an object"),
    "no second answer": (
        "openai_preference", PROMPT | {"preferred_output": [SAID]}, "non_preferred_output: must",
    ),
    "sharegpt speaker": ("sharegpt", {"conversations": [{"from": "cat", "value": "Mew"}]}, "0.from: must be"),
    "sharegpt call": (
        "sharegpt", {"conversations": [{"from": "human", "value": "x"}, {"from": "function_call", "value": "f(x)"}]},
        "conversations.1.value: a function call must be JSON",
    ),
    "sharegpt empty": ("sharegpt", {"conversations": []}, "conversations: must be a list of turns"),
    "alpaca without output": ("alpaca", {"instruction": "Sort", "output": " "}, "output: is empty"),
    "alpaca history": ("alpaca", {"instruction": "S", "output": "x", "history": ["a"]}, "history.0: must be a list"),
    "evals without item": ("openai_evals", {"item": 7}, "item: must be an object"),
    "evals empty": ("openai_evals", {"item": {"question": " "}}, "is empty"),
    "label studio": ("label_studio", {"id": 7, "annotations": []}, "data: must be an object"),
    "argilla": ("argilla", {"fields": [], "responses": {}}, "fields: must be an object"),
    "argilla flat": (
        "argilla", RECORD_FLAT | {"topic.responses": "billing"}, "topic.responses: must be a list",
    ),
    "promptfoo": ("promptfoo", {"vars": "file://vars.json"}, "vars: must be an object"),
}  # fmt: skip
