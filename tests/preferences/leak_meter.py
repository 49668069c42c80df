"""Can anything but the texts tell which candidate is on the left? A classifier over everything else that is served.

Each pair is served as JSON and as HTML by the real app. What is left when the texts are taken out (bytes, tags, keys
and their order, headers, the pair's id bit by bit, its place in the order, the time it took) becomes one row of
numbers. A ridge classifier is cross-validated on them; a permutation test says how often shuffled labels do as well.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from zlib import crc32

import numpy as np
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from scipy.stats import permutation_test, rankdata

from tests.preferences.opened import Opened

BUCKETS, FOLDS, RIDGE, SEED = 96, 5, 10.0, 20261127
TEXTS = re.compile(r'(<ol class="conversation.*?</ol>)|(<div class="words.*?</div>)', re.DOTALL)
TEXT_FIELDS = re.compile(r'"(content|left|right)":"[^"]*"')
TOKENS = re.compile(r"[\w-]+|[^\w\s]")
OF_LENGTH = {"content-length", "date"}  # of the texts, and of the clock


@dataclass(frozen=True)
class Served:
    """One pair as it was served: what is left without the texts, and whether the second candidate is on the left."""

    pair_id: str
    order: int
    rest: str
    milliseconds: tuple[float, float]
    second_left: bool


def serve(opened: Opened, client: TestClient, person: int) -> Iterator[Served]:
    """Every pair of one reviewer in their order, each voted a tie."""
    opened.factory.sign_in(client, opened.people[person])
    api = f"{opened.base}/{opened.round}"
    for order in range(100_000):
        began = time.perf_counter()
        answer = client.post(f"{api}/next", headers=opened.voters[person])
        between = time.perf_counter()
        if answer.status_code == 204:
            return
        pair = answer.json()
        html = client.get(f"{opened.page}/vote")
        ended = time.perf_counter()
        heads = [f"{name}: {value}" for one in (answer, html) for name, value in one.headers.items()]
        kept = [line for line in heads if line.partition(":")[0] not in OF_LENGTH]
        body = TEXT_FIELDS.sub("", answer.text) + TEXTS.sub("", html.text)
        figures = re.sub(r"\d+ of \d+", "", body).replace(pair["pair_id"], "")
        times = ((between - began) * 1e3, (ended - between) * 1e3)
        yield Served(pair["pair_id"], order, "\n".join([*kept, figures]), times, pair["left"].startswith("Text 1"))
        vote = {"pair_id": pair["pair_id"], "choice": "tie"}
        assert client.post(f"{api}/votes", json=vote, headers=opened.voters[person]).status_code == 201


def features(served: Served) -> list[float]:
    """Bytes, order, times, 128 bits of the id, and hashed counts of tokens and of their neighbours."""
    tokens = TOKENS.findall(served.rest)
    counts = [0.0] * BUCKETS
    for one, other in pairwise(tokens):
        counts[crc32(f"{one} {other}".encode()) % BUCKETS] += 1
    bits = f"{int(served.pair_id.replace('-', ''), 16):0128b}"
    first = [float(len(served.rest.encode())), float(served.order), *(float(np.log(t)) for t in served.milliseconds)]
    return first + [float(bit) for bit in bits] + counts


@dataclass(frozen=True)
class Meter:
    """``auc``: chance that a pair with the second candidate on the left scores higher; 0.5 is a guess."""

    pairs: int
    auc: float
    p_value: float

    def __str__(self) -> str:
        return f"{self.pairs} pairs · AUC {self.auc:.3f} (0.5 is a guess) · p = {self.p_value:.3f}"


def measure(served: list[Served], resamples: int = 999) -> Meter:
    """Cross-validated AUC of the ridge classifier and its p by permuted labels (fixed seed)."""
    table = np.array([features(one) for one in served])
    labels = np.array([1.0 if one.second_left else -1.0 for one in served])
    predict = _cross_validated(table[:, table.std(axis=0) > 0])

    def auc(given: NDArray[np.float64]) -> float:
        ranks, right = rankdata(predict @ (given - given.mean())), given > 0
        count = right.sum()
        return float((ranks[right].sum() - count * (count + 1) / 2) / (count * (len(given) - count)))

    found = permutation_test(
        (labels,), auc, permutation_type="pairings", alternative="greater", n_resamples=resamples, rng=SEED
    )
    return Meter(len(served), float(found.statistic), float(found.pvalue))


def _cross_validated(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """The matrix that takes labels to out-of-fold predictions: ridge regression is linear in its labels."""
    rows = len(table)
    fold = np.random.default_rng(SEED).permutation(rows) % FOLDS
    matrix = np.zeros((rows, rows))
    for number in range(FOLDS):
        out, own = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        mean, spread = table[own].mean(axis=0), table[own].std(axis=0) + 1e-9
        known, asked = (table[own] - mean) / spread, (table[out] - mean) / spread
        normal = known.T @ known + RIDGE * np.eye(table.shape[1])
        matrix[np.ix_(out, own)] = asked @ np.linalg.solve(normal, known.T)
    return matrix


# Leaks that are planted in the database, to see that the meter finds them
PLANTED = {
    "an id that follows the side": (
        "alter table ballot_pairs drop constraint fk_ballot_pairs_ballot_id",
        "update ballot_pairs set ballot_id = overlay(ballot_id::text placing case when (select a_is_left from ballots "
        "where id = ballot_id) then '0' else '1' end from 36)::uuid",
        "update ballots set id = overlay(id::text placing case when a_is_left then '0' else '1' end from 36)::uuid",
    ),
    "an order that follows the side": (
        "update ballots set position = position + 1000000",
        "update ballots b set position = o.n from (select id, row_number() over (partition by round_id, reviewer_id "
        "order by a_is_left, position) n from ballots) o where o.id = b.id",
    ),
}
