"""The same verdict for programs: CI, curl, Python. Names are quoted for the language that they stand in. Pure."""

import json
import shlex
from dataclasses import dataclass
from urllib.parse import urlencode

from app.comparisons.service import Compared


@dataclass(frozen=True)
class Snippet:
    title: str
    note: str
    text: str


def of(slug: str, found: Compared) -> list[Snippet]:
    query = urlencode(parameters(found))
    path = f"/api/v1/projects/{slug}/verdict?{query}"
    return [
        Snippet("CI", "Exit 0: ship; 1: don't ship; 3: not enough evidence.", _ci(slug, found)),
        Snippet("curl", "Needs an API token.", f'curl -H "Authorization: Bearer $HOLDOUT_TOKEN" "$HOLDOUT_URL{path}"'),
        Snippet("Python", "Needs an API token.", _python(path)),
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


def _python(path: str) -> str:
    return "\n".join(
        (
            "import json, os, urllib.request",
            "",
            f"url = os.environ['HOLDOUT_URL'] + {json.dumps(path)}",
            "headers = {'Authorization': 'Bearer ' + os.environ['HOLDOUT_TOKEN']}",
            "with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:",
            "    verdict = json.load(answer)",
            "print(verdict['verdict'], verdict['reasons'])",
        )
    )
