"""``holdout gate``: the ship verdict in a terminal and in CI, the same as the page's."""

import json

import typer
from sqlalchemy.orm import Session

from app.cli.prepare import first_admin
from app.cli.projects import project_named
from app.comparisons.forms import Wanted
from app.core.db import transaction
from app.core.errors import NotFound
from app.core.ids import is_id
from app.decisions import judging, queries, service
from app.decisions.answers import VerdictNowOut
from app.decisions.judging import Verdict
from app.decisions.service import Decided
from app.projects.access import Access

EXIT: dict[Verdict, int] = {"ship": 0, "dont_ship": 1, "not_enough_evidence": 3}  # 2 is a wrong command line
MARKS = {"holds": "ok", "open": "open", "fails": "FAIL"}


def gate(slug: str, candidate: str | None, baseline: str | None, test_sets: list[str], *, as_json: bool) -> int:
    """Print the verdict; answer the exit code. Candidates and sets are given by name or by id."""
    with transaction() as session:
        project = project_named(session, slug)
        wanted = Wanted(
            candidate=_candidate(session, project.id, candidate),
            baseline=_candidate(session, project.id, baseline),
            test_set=[_test_set(session, project.id, one) for one in test_sets],
        )
        found = service.decide(session, Access(first_admin(session), project, "admin"), wanted)
        shown = VerdictNowOut.of(found).model_dump(mode="json")
    typer.echo(json.dumps(shown, indent=2, ensure_ascii=False) if as_json else as_text(found))
    return EXIT[found.verdict]


def _candidate(session: Session, project_id: str, given: str | None) -> str | None:
    if given is None or is_id(given):
        return given
    found = queries.candidate_named(session, project_id, given)
    if found is None:
        raise NotFound(f"The candidate “{given}”")
    return found


def _test_set(session: Session, project_id: str, given: str) -> str:
    found = given if is_id(given) else queries.set_named(session, project_id, given)
    if found is None:
        raise NotFound(f"The test set “{given}”")
    return found


def as_text(found: Decided) -> str:
    sides = found.found.sides
    lines = [f"{judging.WORDS[found.verdict]}: {sides.candidate.name} against {sides.baseline.name}", found.reasons, ""]
    for one in found.judged:
        lines.append(f"{MARKS[one.state]:>4}  {one.gate.sentence}: {one.measured}")
        lines += [f"      {one.why}"] if one.why else []
    if found.gates.version is None:
        lines += ["", "Nobody has set the project's gates: these are the suggested ones."]
    return "\n".join(lines)
