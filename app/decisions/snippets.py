"""The same verdict for programs: CI, curl, Python. Names are quoted for the language that they stand in. Pure."""

import shlex
from urllib.parse import urlencode

from app.comparisons.service import Compared
from app.web.snippets import Snippet, call


def of(slug: str, found: Compared) -> list[Snippet]:
    query = urlencode(parameters(found))
    path = f"/api/v1/projects/{slug}/verdict?{query}"
    return [
        Snippet("CI", "Exit 0: ship; 1: don't ship; 3: not enough evidence.", _ci(slug, found)),
        *call(path, "answer['verdict'], answer['reasons']"),
    ]


def parameters(found: Compared) -> list[tuple[str, str]]:
    query = [("baseline", found.sides.baseline.id), ("candidate", found.sides.candidate.id)]
    return query + [("test_set", pair.test_set.id) for pair in found.pairs]


def _ci(slug: str, found: Compared) -> str:
    words = ["holdout", "gate", slug, "--candidate", found.sides.candidate.name]
    words += ["--baseline", found.sides.baseline.name]
    for pair in found.pairs:
        words += ["--test-set", pair.test_set.name]
    return shlex.join([*words, "--json"])
