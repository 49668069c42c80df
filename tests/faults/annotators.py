"""Simultaneous annotators, as their browsers do it: the next example ready, a token for each decision, tries again.

Each decision is written to a journal, with fsync, before it is sent, and marked when it was acknowledged. What the
database holds afterwards is judged by the journal (``judge``).
"""

import asyncio
import json
import os
import random
import re
import statistics
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import psycopg

from tests.faults.review_stage import Stage

ITEM = re.compile(r'id="item" class="review-item" data-example="([^"]+)"')
DECIDE = re.compile(r'id="decide" action="([^"]+)"')
HIDDEN = re.compile(r'<input type="hidden" name="(revision|client_token)" value="([^"]*)"')
HEADERS = {"Sec-Fetch-Site": "same-origin", "HX-Request": "true"}
DISAGREE_SHARE = 0.1


@dataclass
class Item:
    example: str
    url: str
    fields: dict[str, str]


@dataclass
class Journal:
    """One line before a decision is sent, one when it was acknowledged; without a path nothing is kept."""

    path: Path | None = None
    acknowledged: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._file = self.path.open("a") if self.path else None

    def write(self, **line: Any) -> None:
        if self._file:
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.path.read_text().splitlines()] if self.path else []


@dataclass
class Seen:
    """What the annotators saw: times of acknowledged decisions in ms, answers of 500 and more, refusals, lost lines."""

    decided: list[float] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)
    refused: int = 0
    broken: int = 0

    def figures(self, seconds: float) -> str:
        times = sorted(self.decided) or [0.0]
        p95 = times[min(len(times) - 1, int(len(times) * 0.95))]
        return (
            f"{len(self.decided)} decisions in {seconds:.0f} s: {len(self.decided) / seconds:.0f}/s, "
            f"submit and next p50 {statistics.median(times):.0f} ms, p95 {p95:.0f} ms · answers of 5xx "
            f"{len(self.failures)} · refused {self.refused} · connections lost {self.broken}"
        )


def item_of(html: str) -> Item | None:
    example, url = ITEM.search(html), DECIDE.search(html)
    if not example or not url:
        return None
    return Item(example.group(1), url.group(1).replace("&amp;", "&"), dict(HIDDEN.findall(html)))


class Annotator:
    def __init__(self, stage: Stage, number: int, journal: Journal, seen: Seen, think: float) -> None:
        self.stage, self.number, self.journal, self.seen, self.think = stage, number, journal, seen, think
        self.random = random.Random(number)
        self.web = number % len(stage.webs)

    async def work(self, until: float) -> None:
        cookies = {"holdout_session": self.stage.cookies[self.number]}
        limits = aiohttp.ClientTimeout(total=60)
        async with aiohttp.ClientSession(cookies=cookies, headers=HEADERS, timeout=limits) as http:
            item: Item | None = None
            ahead: Item | None = None
            while time.monotonic() < until:
                if item is None:
                    item = await self._first(http)
                    if item is None:
                        await asyncio.sleep(0.3)
                        continue
                if ahead is None:
                    ahead = await self._ask(http, f"/p/{self.stage.slug}/review/ahead", {"shown": item.example})
                if self.think:
                    await asyncio.sleep(self.random.uniform(0.5, 1.5) * self.think)
                item, ahead = await self._decide(http, item, ahead)

    async def _first(self, http: aiohttp.ClientSession) -> Item | None:
        with suppress(aiohttp.ClientError, asyncio.TimeoutError):
            async with http.get(self._url(f"/p/{self.stage.slug}/review")) as answer:
                self._count(answer.status)
                return item_of(await answer.text())
        self._lost()
        return None

    async def _ask(self, http: aiohttp.ClientSession, path: str, data: dict[str, str]) -> Item | None:
        with suppress(aiohttp.ClientError, asyncio.TimeoutError):
            async with http.post(self._url(path), data=data) as answer:
                self._count(answer.status)
                return item_of(await answer.text()) if answer.status == 200 else None
        self._lost()
        return None

    async def _decide(
        self, http: aiohttp.ClientSession, item: Item, ahead: Item | None
    ) -> tuple[Item | None, Item | None]:
        """Answers what is shown then, and what is ready after it."""
        verdict = "reject" if self.random.random() < DISAGREE_SHARE else "approve"
        data = (
            item.fields | {"verdict": verdict, "tags": "", "seconds": "1"} | ({"shown": ahead.example} if ahead else {})
        )
        token = item.fields["client_token"]
        self.journal.write(token=token, example=item.example, who=self.number, verdict=verdict)
        started = time.monotonic()
        for _try in range(60):
            try:
                async with http.post(self._url(item.url), data=data) as answer:
                    html, status = await answer.text(), answer.status
            except (TimeoutError, aiohttp.ClientError):
                self._lost()
                await asyncio.sleep(0.3)
                continue
            self._count(status)
            if status >= 500:
                await asyncio.sleep(0.3)
                continue
            if status == 200:
                self.journal.acknowledged.add(token)
                self.journal.write(acknowledged=token)
                self.seen.decided.append((time.monotonic() - started) * 1000)
            else:
                self.seen.refused += 1
            following = item_of(html)
            return (ahead, following) if ahead else (following, None)
        return None, None

    def _url(self, path: str) -> str:
        return self.stage.webs[self.web].url + path

    def _lost(self) -> None:
        self.seen.broken += 1
        self.web = (self.web + 1) % len(self.stage.webs)

    def _count(self, status: int) -> None:
        if status >= 500:
            self.seen.failures.append(status)


async def work(
    stage: Stage, journal: Journal, *, seconds: float, think: float = 0.0, kill_every: tuple[float, float] | None = None
) -> tuple[Seen, int]:
    """All annotators of the stage at once. Answers what they saw and how many web processes were killed."""
    seen, kills = Seen(), 0
    until = time.monotonic() + seconds
    people = [Annotator(stage, number, journal, seen, think).work(until) for number in range(len(stage.cookies))]
    working = asyncio.gather(*people)
    dice = random.Random(1)
    while kill_every and time.monotonic() < until - 1:
        await asyncio.sleep(dice.uniform(*kill_every))
        web = dice.choice(stage.webs)
        web.kill()
        web.start()
        kills += 1
        await asyncio.to_thread(web.wait_ready)
    await working
    return seen, kills


@dataclass
class Judged:
    lost: int
    doubled: int
    over: int
    annotations: int
    decided: int

    @property
    def right(self) -> bool:
        return (self.lost, self.doubled, self.over) == (0, 0, 0)

    def __str__(self) -> str:
        return (
            f"{self.annotations} annotations, {self.decided} examples decided · lost {self.lost} · "
            f"doubled {self.doubled} · over their overlap {self.over}"
        )


def judge(dsn: str, journal: Journal, overlap: int) -> Judged:
    """Acknowledged: there exactly once. Otherwise: at most once. Never two of one person, nor more than the overlap."""
    sent = {line["token"]: line["example"] for line in journal.lines() if "token" in line}
    acknowledged = {line["acknowledged"] for line in journal.lines() if "acknowledged" in line}
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("select client_token, example_id::text from annotations").fetchall()
        per_person = "select count(*) from annotations group by example_id, annotator_id having count(*) > 1"
        per_example = "select count(*) from annotations group by example_id having count(*) > %s"
        doubled = len(connection.execute(per_person).fetchall())
        over = len(connection.execute(per_example, (overlap,)).fetchall())
        decided = connection.execute("select count(*) from examples where status <> 'to_review'").fetchone()
    stored: dict[str, str] = dict(rows)
    lost = sum(stored.get(token) != sent[token] for token in acknowledged)
    doubled += len(rows) - len(stored)
    return Judged(lost, doubled, over, len(rows), decided[0] if decided else 0)
