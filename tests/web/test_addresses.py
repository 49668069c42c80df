"""Queries that are read once: what they give and what they refuse is what FastAPI's own would."""

import pytest
from fastapi import Depends, FastAPI, Query
from fastapi.testclient import TestClient

from app.annotation.forms import ReviewQuery
from app.web.addresses import remembered_query

app = FastAPI()


@app.get("/remembered")
def remembered(wanted: ReviewQuery = Depends(remembered_query(ReviewQuery))) -> ReviewQuery:
    return wanted


@app.get("/plain")
def plain(wanted: ReviewQuery = Query()) -> ReviewQuery:
    return wanted


@pytest.mark.parametrize(
    "query",
    ["", "queue=draft&tag=a%20b", "tag=a&tag=b", "status=approved&q=caf%C3%A9", "queue=other", "tag=", "colour=red"],
)
def test_both_read_alike(query: str) -> None:
    with TestClient(app) as client:
        ours, theirs = client.get(f"/remembered?{query}"), client.get(f"/plain?{query}")
        again = client.get(f"/remembered?{query}")
    assert (ours.status_code, again.json()) == (theirs.status_code, ours.json())
    if ours.status_code == 200:
        assert ours.json() == theirs.json()
    else:
        assert [one["loc"] for one in ours.json()["detail"]] == [one["loc"] for one in theirs.json()["detail"]]
