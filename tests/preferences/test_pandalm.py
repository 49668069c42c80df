"""A published set of three annotators' votes: its agreement and its majorities come out of the import as published."""

import html
import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.factories import Factory

FILE = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "pandalm" / "testset-v1.json"
WINNERS = {0: "tie", 1: "a", 2: "b"}


def lines(rows: list[dict[str, Any]]) -> str:
    """Our lines: the two models of ``cmp_key`` in the order of the two responses, a line for each annotator."""
    votes = []
    for row in rows:
        a, b = row["cmp_key"].split("_")
        pair = {"prompt": f"{row['instruction']}\n\n{row['input']}".strip(), "candidate_a": a, "candidate_b": b}
        pair |= {"output_a": said(row["response1"]), "output_b": said(row["response2"])}
        for number in (1, 2, 3):
            votes.append(pair | {"winner": WINNERS[row[f"annotator{number}"]], "reviewer": f"annotator{number}"})
    return "\n".join(json.dumps(vote) for vote in votes)


def said(response: Any) -> str:
    """A few responses stand in the file as JSON's true and false."""
    return response if isinstance(response, str) else json.dumps(response)


@pytest.mark.skipif(not FILE.is_file(), reason="pandalm is not here")
def test_published_agreement_and_majorities(client: TestClient, factory: Factory) -> None:
    owner = factory.user()
    project = factory.project(owner)
    base, engineer = f"/api/v1/projects/{project.slug}/preference-rounds", factory.bearer(owner)
    made = client.post(base, json={"name": "Pandalm", "source": "import"}, headers=engineer).json()
    round_ = f"{base}/{made['id']}"
    file = lines(json.loads(FILE.read_text()))
    report = client.post(f"{round_}/votes/import", content=file, headers=engineer).json()
    assert (report["lines"], report["votes"], report["rejected_count"]) == (2997, 2997, 0)
    assert client.post(f"{round_}/votes/import", content=file, headers=engineer).json()["votes"] == 0
    assert client.post(f"{round_}/close", headers=engineer).status_code == 200
    results = client.get(f"{round_}/results", headers=engineer).json()
    assert (results["votes"], len(results["win_rates"])) == (2997, 10)
    kappas = {(one["reviewer_a"], one["reviewer_b"]): one["cohen_kappa"] for one in results["agreement"]["pairwise"]}
    one, two, three = (f"annotator{number}" for number in (1, 2, 3))
    assert {names: round(value, 2) for names, value in kappas.items()} == {
        (one, two): 0.85, (one, three): 0.88, (two, three): 0.86,
    }  # fmt: skip
    assert results["majority"] == {"tie": 105, "a": 422, "b": 472, "both_bad": 0, "none": 0}
    page = factory.sign_in(client, owner).get(f"/p/{project.slug}/rounds/{made['id']}").text
    for shown in ("Cohen's kappa, annotator1 and annotator2", "0.85", "0.88", "0.86", "105", "422", "472"):
        assert shown in html.unescape(page)
