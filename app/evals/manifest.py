"""The manifest of a run: everything that made its scores, named."""

import hashlib
from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy.orm import Session

from app.candidates.few_shot import queries as few_shot
from app.candidates.few_shot import rules as few_shot_rules
from app.candidates.knowledge import pinning
from app.candidates.models import Candidate
from app.datasets.models import TestSet
from app.evals import retrieved, reuses
from app.evals.judges import queries as judgements
from app.evals.models import EvalRun
from app.evals.read_back import OutputLine
from app.gateway.models import Provider

APP_VERSION = "0.1.0"


def manifest(session: Session, run: EvalRun, test_set: TestSet, outputs: Sequence[OutputLine]) -> dict[str, Any]:
    """Everything that made the scores; change any part and the hash is another."""
    candidate = session.get_one(Candidate, run.candidate_id)
    provider = session.get(Provider, candidate.provider_id) if candidate.provider_id else None
    shots = [
        few_shot_rules.named(shot.example_id, shot.revision, shot.messages)
        for shot in few_shot.of_candidate(session, candidate.id)
    ]
    texts = sorted((o.case_id, o.repeat, o.status, o.text or "") for o in outputs)
    return (
        {
            "app_version": APP_VERSION,
            "test_set": {
                "id": test_set.id,
                "name": test_set.name,
                "size": test_set.size,
                "sha256": test_set.content_hash,
            },
            "candidate": {
                "id": candidate.id,
                "provider": provider.base_url if provider else None,
                "model": candidate.model,
                "models_returned": sorted({o.model_returned for o in outputs if o.model_returned}),
                "system_prompt": candidate.system_prompt,
                "prompt_template": candidate.prompt_template,
                "parameters": candidate.parameters,
                "price": candidate.price,
            }
            | ({"few_shot": shots} if shots else {})
            | _searched(session, run, candidate),
            "graders": run.graders,
            "repeats": run.repeats,
            "outputs_sha256": digest(texts),
        }
        | ({"stream": True} if run.stream else {})
        | _reused(session, run)
        | judgements.manifest(session, run)
    )


def _reused(session: Session, run: EvalRun) -> dict[str, Any]:
    """Whose answers were taken over, where that was allowed."""
    if run.reuse_identical == "no":
        return {}
    found = [{"run": one.run_id, "outputs": one.outputs} for one in reuses.of_run(session, run)]
    return {"reuse_identical": run.reuse_identical, "reused": found}


def _searched(session: Session, run: EvalRun, candidate: Candidate) -> dict[str, Any]:
    """What was searched and what was found, for a candidate with retrieval."""
    if candidate.retrieval is None:
        return {}
    found, _milliseconds = retrieved.searches(session, run.id)
    said = pinning.manifest(session, candidate.retrieval) | {"retrieved_sha256": digest(found)}
    before = ((run.manifest or {}).get("candidate") or {}).get("retrieval") or {}
    if before.get("retrieved_sha256") == said["retrieved_sha256"]:
        said["search"] = before["search"]  # graded again: it was searched then, by the method of then
    return {"retrieval": said}


def digest(value: Any) -> str:
    """SHA-256 of canonical JSON: sorted keys, no blanks, UTF-8."""
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()
