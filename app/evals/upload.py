"""Outputs made elsewhere: a JSONL of answers to the cases of a sealed set, graded like any other run's.

So are the output items of a run of OpenAI's evals, as lines or as the list that its API answers.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from fastapi import Request
from pydantic import ValidationError
from sqlalchemy import insert
from sqlalchemy.orm import Session
from starlette.datastructures import UploadFile

from app.candidates.service import create_uploaded
from app.core.errors import Conflict, FieldError, Invalid, TooLarge
from app.core.ids import new_id
from app.datasets import queries as datasets
from app.datasets.models import TestCase
from app.evals import run_items, service
from app.evals.forms import UploadedOutput
from app.evals.graders import Sample, case_item
from app.evals.judges import pairs
from app.evals.models import EvalRun, Output
from app.jobs.queue import enqueue
from app.projects.access import Access

MAX_BYTES = 64_000_000
SHOWN_ERRORS = 20
UPLOADED = "uploaded"  # where the file does not say how an answer ended
OPENAPI: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"type": "object", "required": ["candidate_id", "test_set_id", "graders"]}},
            "multipart/form-data": {
                "schema": {"type": "object", "required": ["test_set_id", "graders", "candidate_name", "outputs"]}
            },
        },
    }
}


async def json_body(request: Request) -> Any:
    try:
        return orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise Invalid(f"The body is not JSON: {error}") from error


async def from_request(request: Request, session: Session, access: Access) -> EvalRun:
    form = await request.form(max_files=1, max_fields=20, max_part_size=1_000_000)
    file = form.get("outputs")
    if not isinstance(file, UploadFile):
        raise Invalid.field("outputs", "Attach the outputs as a JSONL file.")
    content = await file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise TooLarge(f"At most {MAX_BYTES // 1_000_000} MB of outputs at a time.")
    graders = _graders(str(form.get("graders") or ""))
    name, set_id = str(form.get("candidate_name") or "").strip(), str(form.get("test_set_id") or "")
    return store(session, access, name, set_id, graders, content)


def _graders(raw: str) -> list[str | dict[str, Any]]:
    try:
        graders = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Invalid.field("graders", "Write a JSON list of graders or names of graders.") from error
    if not isinstance(graders, list) or not graders:
        raise Invalid.field("graders", "Name at least one grader.")
    return graders


def store(
    session: Session, access: Access, name: str, set_id: str, graders: list[str | dict[str, Any]], content: bytes
) -> EvalRun:
    """All lines or none: Invalid names each wrong line. Cases without an output count as not passed."""
    if not name or len(name) > 120:
        raise Invalid.field("candidate_name", "Name the system that made the outputs, in at most 120 characters.")
    test_set = datasets.find_set(session, access.project.id, set_id)
    if test_set is None:
        raise Invalid.field("test_set_id", "This test set does not exist.")
    if test_set.sealed_at is None:
        raise Conflict(f"“{test_set.name}” is not sealed: seal it first.")
    specs = service.specs(session, access.project.id, graders)
    pairs.check(session, access.project.id, test_set.id, specs)
    cases = datasets.all_cases(session, test_set.id)
    found = parse_lines(content, cases)
    candidate = create_uploaded(session, access.project.id, access.user.id, name)
    run = EvalRun(
        project_id=access.project.id,
        candidate_id=candidate.id,
        test_set_id=test_set.id,
        graders=[spec.snapshot() for spec in specs],
        total=len(cases),
        done=len(found),
        created_by=access.user.id,
    )
    session.add(run)
    session.flush()
    session.execute(insert(Output), [_row(run.id, case_id, line) for case_id, line in found.items()])
    if service.judged(specs):
        service.enqueue_run(session, run)
    else:
        enqueue(session, "evals.grade", key=f"eval-run:{run.id}", run_id=run.id)
    return run


def parse_lines(content: bytes, cases: Sequence[TestCase]) -> dict[str, UploadedOutput]:
    """Outputs by case id: our lines, or output items of a run of OpenAI's evals. Invalid names each wrong line."""
    by_id = {case.id for case in cases}
    known = run_items.Cases(cases)
    found: dict[str, UploadedOutput] = {}
    errors: list[FieldError] = []
    for number, raw in run_items.objects(content):
        try:
            fields = orjson.loads(raw) if isinstance(raw, bytes) else raw
            if run_items.defines(fields):
                continue
            theirs = run_items.is_one(fields)
            line = run_items.output_of(fields) if theirs else UploadedOutput.model_validate(fields)
            case_id = line.case_id if line.case_id in by_id else known.by_input.get(line.input or "\0")
            case_id = known.of(fields) if theirs else case_id
            if case_id is None:
                what = "datasource_item, nor the request that was sent" if theirs else "case_id or input"
                raise ValueError(f"no case has this {what}")
            if case_id in found:
                raise ValueError(_twice(fields) if theirs else "a second output for one case")
            found[case_id] = line
        except ValueError as error:
            errors.append(FieldError(f"outputs.{number}", f"line {number}: {_words(error)}"))
    if errors or not found:
        raise Invalid(errors[0].msg if errors else "The file holds no output.", errors[:SHOWN_ERRORS])
    return found


def _twice(fields: Mapping[str, Any]) -> str:
    run = run_items.run_of(dict(fields))
    of_run = f", of the run {run}" if run else ""
    return f"a second output for one case{of_run}: upload each run in a file of its own"


def _words(error: ValueError) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        return f"{where}: {first['msg']}" if where else str(first["msg"]).removeprefix("Value error, ")
    return f"is not JSON: {error}" if isinstance(error, orjson.JSONDecodeError) else str(error)


def _row(run_id: str, case_id: str, line: UploadedOutput) -> dict[str, Any]:
    usage = line.usage or {}
    return {
        "id": new_id(),
        "run_id": run_id,
        "case_id": case_id,
        "repeat": 0,
        "status": line.status,
        "text": line.output,
        "tool_calls": line.tool_calls,
        "latency_ms": line.latency_ms,
        "finish_reason": (None if line.error else line.finish_reason) or UPLOADED,
        "model_returned": line.model,
        "error": line.error,
        "input_tokens": _tokens(usage, "prompt_tokens", "input_tokens"),
        "output_tokens": _tokens(usage, "completion_tokens", "output_tokens"),
    }


def _tokens(usage: Mapping[str, Any], *names: str) -> int | None:
    value = next((usage[name] for name in names if name in usage), None)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def sample(raw: Mapping[str, Any]) -> tuple[dict[str, Any], Sample]:
    """``{"item": …, "output": …, "tool_calls": …?}`` of a try, as a grader takes it."""
    item, calls = raw.get("item"), raw.get("tool_calls")
    given = Sample(str(raw.get("output") or "") or None, calls if isinstance(calls, list) else ())
    return case_item(item if isinstance(item, Mapping) else {}), given
