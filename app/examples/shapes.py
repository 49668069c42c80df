"""What a JSON object is by its fields, and which rows stand in a document that is no row itself. Pure.

Light on purpose: the child process that unpacks files imports this and little else.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Fields = Mapping[str, Any]


def shape_of(fields: Fields) -> str | None:
    """The format whose row this is, or None for fields of somebody's own."""
    return next((name for name, is_one in _SIGNS if is_one(fields)), None)


def _sharegpt(fields: Fields) -> bool:
    turns = fields.get("conversations", fields.get("messages"))
    if "conversations" in fields:
        return isinstance(turns, list)
    return isinstance(turns, list) and bool(turns) and isinstance(turns[0], dict) and "from" in turns[0]


def _openai_chat(fields: Fields) -> bool:
    return "messages" in fields


def _alpaca(fields: Fields) -> bool:
    answers = ("output", "response", "chosen")
    return isinstance(fields.get("instruction"), str) and any(name in fields for name in answers)


def _openai_preference(fields: Fields) -> bool:
    return "preferred_output" in fields or {"chosen", "rejected"} <= fields.keys()


def _openai_evals(fields: Fields) -> bool:
    kind = fields.get("object")
    return (
        (isinstance(kind, str) and (kind == "eval" or kind.startswith("eval.run")))
        or isinstance(fields.get("item"), dict)
        or "datasource_item" in fields
        or "testing_criteria" in fields
        or {"input", "ideal"} <= fields.keys()
    )


def is_flat_argilla(fields: Fields) -> bool:
    """A record as columns: ``label.responses`` beside who gave them, ``label.suggestion`` beside who made it."""
    return any(
        f"{name}.users" in fields or f"{name}.agent" in fields
        for name in fields
        if name.endswith((".responses", ".suggestion"))
    )


def _argilla(fields: Fields) -> bool:
    return isinstance(fields.get("fields"), dict)


def _promptfoo(fields: Fields) -> bool:
    return isinstance(fields.get("vars"), dict) or isinstance(fields.get("assert"), list)


def _ifeval(fields: Fields) -> bool:
    return "prompt" in fields and "instruction_id_list" in fields


def _label_studio(fields: Fields) -> bool:
    task = isinstance(fields.get("data"), dict) and not fields.keys().isdisjoint(("annotations", "predictions", "id"))
    return task or {"annotation_id", "annotator"} <= fields.keys()


_SIGNS = (
    ("argilla", is_flat_argilla),  # first: a question or a field of it may have any other format's name
    ("sharegpt", _sharegpt),
    ("openai_chat", _openai_chat),
    ("openai_evals", _openai_evals),
    ("alpaca", _alpaca),
    ("openai_preference", _openai_preference),
    ("argilla", _argilla),
    ("promptfoo", _promptfoo),
    ("label_studio", _label_studio),
    ("ifeval", _ifeval),
)


def rows_of(document: Any, depth: int = 2) -> Iterator[dict[str, Any]]:
    """The rows in one JSON or YAML document: itself, or those of its lists (``data``, ``train``, ``tests``, …).

    Where several lists stand beside one another, each row says in ``section`` which one it is of.
    """
    if isinstance(document, list):
        yield from (_row(item) for item in document)
    elif not isinstance(document, dict):
        yield _row(document)
    elif _is_promptfoo_config(document):
        yield from _promptfoo_tests(document)
    elif shape_of(document):
        yield from spread(document)
    else:
        yield from _sections(document, depth)


def _row(item: Any) -> dict[str, Any]:
    """An object as it is; a list as numbered columns; a single value as ``text``."""
    if isinstance(item, dict):
        return item
    if isinstance(item, list):
        return {f"column {number}": cell for number, cell in enumerate(item, 1)}
    return {"text": item}


def _sections(document: dict[str, Any], depth: int) -> Iterator[dict[str, Any]]:
    lists = {name: value for name, value in document.items() if _holds_rows(value)}
    for name, value in lists.items():
        for row in rows_of(value):
            yield row if len(lists) == 1 or "section" in row else {**row, "section": name}
    inner = [value for value in document.values() if isinstance(value, dict) and (depth or shape_of(value))]
    for value in inner:
        yield from rows_of(value, depth - 1)
    if not lists and not inner:
        yield document


def _holds_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict | list)


def spread(fields: Fields) -> Iterator[dict[str, Any]]:
    """A run of OpenAI's evals as itself without its data, then one row for each item of it; all else as it is."""
    source = fields.get("data_source")
    inner = source.get("source") if isinstance(source, dict) else None
    content = inner.get("content") if isinstance(inner, dict) else None
    if not isinstance(source, dict) or not isinstance(content, list):
        yield dict(fields)
        return
    kept = {name: value for name, value in source.items() if name != "source"}
    yield {**fields, "data_source": {**kept, "source": {"type": "file_content", "rows": len(content)}}}
    run = {name: fields[name] for name in ("id", "eval_id", "name", "model") if fields.get(name) is not None}
    asked = source.get("input_messages")
    template = asked.get("template") if isinstance(asked, dict) else None
    for row in content:
        if isinstance(row, dict):
            yield {"item": row, **(row if "item" in row else {}), "run": run, "template": template}


def _is_promptfoo_config(document: dict[str, Any]) -> bool:
    config = document.get("config", document)
    return isinstance(config, dict) and isinstance(config.get("tests"), list) and bool(
        {"prompts", "providers", "defaultTest"} & config.keys()
    )  # fmt: skip


def _promptfoo_tests(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The tests of a promptfoo configuration, each with the defaults, and with the prompt where there is one alone."""
    config = document.get("config", document)
    prompts = config.get("prompts")
    alone = prompts[0] if isinstance(prompts, list) and len(prompts) == 1 else prompts
    default = config.get("defaultTest") if isinstance(config.get("defaultTest"), dict) else {}
    for test in config["tests"]:
        row = dict(test) if isinstance(test, dict) else {"vars": test}
        for name, empty in (("vars", {}), ("assert", []), ("metadata", {})):
            own: Any = row.get(name) or empty
            shared: Any = default.get(name) or empty
            if isinstance(own, dict) and isinstance(shared, dict):
                row[name] = {**shared, **own}
            elif isinstance(own, list) and isinstance(shared, list):
                row[name] = [*shared, *own]
        if isinstance(alone, str) and not alone.startswith("file://"):
            row["prompt_template"] = alone
        yield row
