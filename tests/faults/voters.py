"""Reviewers who vote while the round is closed under them and web processes die (F5 of the reliability plan).

    python -m tests.faults.voters --voters 32 --seconds 20

Every vote is written to a journal, with fsync, before it is sent, and marked when it was acknowledged or refused. The
database is judged by the journal: acknowledged votes are there once and as they were sent, refused ones are not, none
is later than the close, and no side has changed. Exits 1 otherwise.
"""

import argparse
import asyncio
import random
import re
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import psycopg
from sqlalchemy import select

from app.accounts import service as accounts
from app.accounts.models import User
from app.core import db
from app.preferences import service as preferences
from app.preferences.forms import NewRound
from app.projects.access import Access
from app.projects.models import Project
from tests.faults.annotators import HEADERS, Journal
from tests.faults.review_stage import Stage, set_up
from tests.preferences.factories import measured

PAIR = re.compile(r'name="pair_id" value="([^"]+)"')
SIDES = "select md5(string_agg(id::text || a_is_left || text_a || text_b || position, '' order by id)) from ballots"
CHOICES = ("left", "right", "tie", "both_bad")


@dataclass
class Seen:
    acknowledged: int = 0
    refused: int = 0
    lost: int = 0  # connections
    failures: list[int] = field(default_factory=list)
    kills: int = 0


@dataclass
class Judged:
    votes: int
    missing: int
    unasked: int
    late: int
    sides_changed: bool

    @property
    def right(self) -> bool:
        return (self.missing, self.unasked, self.late, self.sides_changed) == (0, 0, 0, False)

    def __str__(self) -> str:
        return (
            f"{self.votes} votes stored · acknowledged but missing or other {self.missing} · refused but stored "
            f"{self.unasked} · later than the close {self.late} · sides changed: {self.sides_changed}"
        )


@dataclass
class Round:
    url: str
    owner: str  # cookie
    sides: str


def open_round(stage: Stage, pairs: int) -> Round:
    """A round in which every annotator of the stage has the same number of ballots."""
    with db.transaction() as session:
        project = session.scalars(select(Project).where(Project.slug == stage.slug)).one()
        owner = session.scalars(select(User).where(User.email == "owner@example.com")).one()
        runs = [run.id for run in measured(session, project, cases=pairs, commit=False).runs]
        wanted = NewRound(run_ids=runs, votes_per_pair=min(20, len(stage.cookies)))
        round_ = preferences.open_round(session, Access(owner, project, "admin"), wanted)
        cookie = accounts.start_session(session, owner)
        url = f"/p/{stage.slug}/rounds/{round_.id}"
    with psycopg.connect(stage.dsn) as connection:
        row = connection.execute(SIDES).fetchone()
    return Round(url, cookie, row[0] if row else "")


class Voter:
    def __init__(self, stage: Stage, round_: Round, number: int, journal: Journal, seen: Seen) -> None:
        self.stage, self.round, self.number, self.journal, self.seen = stage, round_, number, journal, seen
        self.random = random.Random(number)
        self.web = number % len(stage.webs)

    async def work(self) -> None:
        """Votes until nothing is left or the round is closed; a lost answer is asked for again, as browsers do."""
        cookies = {"holdout_session": self.stage.cookies[self.number]}
        async with aiohttp.ClientSession(cookies=cookies, headers=HEADERS) as http:
            page = await self._ask(http, "GET", "/vote")
            while page is not None:
                pair = PAIR.search(page[1])
                if page[0] != 200 or pair is None:
                    return
                choice = self.random.choice(CHOICES)
                self.journal.write(pair=pair.group(1), choice=choice)
                page = await self._ask(http, "POST", "/votes", {"pair_id": pair.group(1), "choice": choice})
                if page is None:
                    return
                if page[0] == 200:
                    self.seen.acknowledged += 1
                    self.journal.write(acknowledged=pair.group(1))
                elif page[0] == 409:
                    self.seen.refused += 1
                    self.journal.write(refused=pair.group(1))

    async def _ask(
        self, http: aiohttp.ClientSession, method: str, path: str, data: dict[str, str] | None = None
    ) -> tuple[int, str] | None:
        for _try in range(200):
            with suppress(aiohttp.ClientError, asyncio.TimeoutError):
                url = self.stage.webs[self.web].url + self.round.url + path
                async with http.request(method, url, data=data) as answer:
                    if answer.status < 500:
                        return answer.status, await answer.text()
                    self.seen.failures.append(answer.status)
            self.seen.lost += 1
            self.web = (self.web + 1) % len(self.stage.webs)
            await asyncio.sleep(0.1)
        return None


async def close(stage: Stage, round_: Round) -> None:
    headers = {"Sec-Fetch-Site": "same-origin"}
    async with aiohttp.ClientSession(cookies={"holdout_session": round_.owner}, headers=headers) as http:
        for number in range(400):
            url = stage.webs[number % len(stage.webs)].url + round_.url
            with suppress(aiohttp.ClientError, asyncio.TimeoutError):
                async with http.post(f"{url}/closing", allow_redirects=False) as answer:
                    if answer.status in (303, 409):  # 409: the first try closed it, and its answer was lost
                        return
            await asyncio.sleep(0.05)
    raise TimeoutError("the round could not be closed")


async def race(stage: Stage, round_: Round, journal: Journal, seconds: float, until_votes: int) -> Seen:
    """Votes and kills until ``seconds`` are over or so many votes are in; then a kill and the close at one moment."""
    seen, dice = Seen(), random.Random(1)
    working = asyncio.gather(
        *(Voter(stage, round_, number, journal, seen).work() for number in range(len(stage.cookies)))
    )
    until = time.monotonic() + seconds
    while time.monotonic() < until and seen.acknowledged < until_votes:
        await asyncio.sleep(0.2)
        if dice.random() < 0.15:
            await again(stage, dice, seen)
    closing = asyncio.create_task(close(stage, round_))
    await again(stage, dice, seen)
    await closing
    await working
    return seen


async def again(stage: Stage, dice: random.Random, seen: Seen) -> None:
    web = dice.choice(stage.webs)
    web.kill()
    web.start()
    seen.kills += 1
    await asyncio.to_thread(web.wait_ready)


def judge(stage: Stage, round_: Round, journal: Journal) -> Judged:
    sent: dict[str, str] = {}
    acknowledged, refused = set(), set()
    for line in journal.lines():
        if "pair" in line:
            sent[line["pair"]] = line["choice"]
        acknowledged |= {line["acknowledged"]} if "acknowledged" in line else set()
        refused |= {line["refused"]} if "refused" in line else set()
    with psycopg.connect(stage.dsn) as connection:
        stored = dict(connection.execute("select ballot_id::text, choice from votes").fetchall())
        late = connection.execute(
            "select count(*) from votes v join preference_rounds r on r.id = v.round_id "
            "where r.closed_at is null or v.created_at > r.closed_at"
        ).fetchone()
        sides = connection.execute(SIDES).fetchone()
    missing = sum(stored.get(pair) != sent[pair] for pair in acknowledged)
    unasked = len(refused & set(stored)) + len(set(stored) - set(sent))
    changed = sides is None or sides[0] != round_.sides
    return Judged(len(stored), missing, unasked, late[0] if late else 0, changed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--voters", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--pairs", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, set_up(annotators=options.voters, examples=1, webs=2) as stage:
        journal = Journal(Path(folder) / "journal")
        round_ = open_round(stage, options.pairs)
        seen = asyncio.run(race(stage, round_, journal, options.seconds, 10**9))
        judged = judge(stage, round_, journal)
    print(
        f"{options.voters} reviewers, {seen.kills} kills of web processes · {seen.acknowledged} votes acknowledged, "
        f"{seen.refused} refused after the close · connections lost {seen.lost} · 5xx {len(seen.failures)}"
    )
    print(judged)
    sys.exit(0 if judged.right else 1)


if __name__ == "__main__":
    main()
