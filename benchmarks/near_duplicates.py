"""Near-duplicates: what the scan finds, what it wrongly finds, how long it takes beside a reference in the same run.

    python benchmarks/near_duplicates.py [--data ../shared/data] [--rows 100000] [--time-only]

1. Planted edits over real requests: recall for each kind of edit, and the share of found pairs that are none of ours
   and no natural near-duplicates of each other.
2. gpteacher_dedupe_ladder: rows that are kept at falling thresholds, beside the source's own ladder.
3. clinc150: test rows that stand in train, exactly and nearly; bitext_support: surplus rows.
4. Time for ``--rows`` generated requests in a database: a first scan and one of 1,000 new ones, beside bare signatures
   and a bare COPY of them.
"""

import argparse
import csv
import json
import random
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rapidfuzz.distance import Indel
from rapidfuzz.process import cdist

from app.datasets.near.rules import Prompt, prompt_of, similarities
from app.datasets.near.signatures import Pairs, bands_of, candidates
from app.examples.rules import fingerprint_unit
from benchmarks.fresh import fresh_database

CYRILLIC = str.maketrans("aeopcyxi", "аеорсухі")
PREFIXES = ("Hi team, ", "Hello! Quick question: ", "Please help me: ", "Good morning, ", "One more thing: ")
Edit = Callable[[str, random.Random], str]


def one_word(text: str, rng: random.Random) -> str:
    words = text.split()
    words[rng.randrange(len(words))] = rng.choice(("really", "another", "account", "tomorrow", "please"))
    return " ".join(words)


def swapped(text: str, rng: random.Random) -> str:
    words = text.split()
    one, other = rng.sample(range(len(words)), 2)
    words[one], words[other] = words[other], words[one]
    return " ".join(words)


def blanks(text: str, rng: random.Random) -> str:
    return "".join(
        character if character != " " else rng.choice((" ", "  ", "\t", "\n", "\u00a0")) for character in text
    )


def slip(text: str, rng: random.Random) -> str:
    place = rng.randrange(len(text))
    return text[:place] + text[place + 1 :]


def html(text: str, rng: random.Random) -> str:
    words = text.split()
    place = rng.randrange(len(words))
    words[place] = f"<b>{words[place]}</b>"
    return f"<p>{' '.join(words)}</p>"


EDITS: dict[str, Edit] = {
    "case": lambda text, _rng: text.upper(),
    "blanks": blanks,
    "punctuation": lambda text, _rng: text.replace(" ", ", ", 1).rstrip("?.!") + "!!",
    "look-alikes": lambda text, _rng: text.translate(CYRILLIC),
    "html": html,
    "words swapped": swapped,
    "one word": one_word,
    "a character lost": slip,
    "a prefix": lambda text, rng: rng.choice(PREFIXES) + text,
}


def prompts(texts: Sequence[str]) -> list[Prompt]:
    return [prompt_of([{"role": "user", "content": text}]) for text in texts]


def scan(found: Sequence[Prompt]) -> set[tuple[int, int]]:
    """Pairs of indexes that the product's own rules call near."""
    pairs = paired(found)
    alike = similarities([found[i] for i in pairs[:, 0]], [found[i] for i in pairs[:, 1]])
    return {(int(a), int(b)) for (a, b), near in zip(pairs.tolist(), alike, strict=True) if near}


def paired(found: Sequence[Prompt]) -> Pairs:
    everything = np.ones(len(found), np.bool_)
    words = np.array([len(one.bag) for one in found], np.int64)
    return candidates(bands_of(found, [str(n) for n in range(len(found))]), words, everything, ~everything)


def planted(name: str, texts: Sequence[str], shortest: int = 4) -> None:
    """One edit of each kind to each base text; the base texts are not near to each other."""
    rng = random.Random(11)
    bases = independent([text for text in dict.fromkeys(texts) if len(text.split()) >= shortest])
    rows, made = list(bases), []
    for kind, edit in EDITS.items():
        for number, base in enumerate(bases):
            made.append((kind, number, len(rows)))
            rows.append(edit(base, rng))
    found = scan(prompts(rows))
    units = [fingerprint_unit([{"role": "user", "content": row}]) for row in rows]
    base_of = list(range(len(bases))) + [number for _kind, number, _row in made]
    wrong = sum(base_of[a] != base_of[b] for a, b in found)
    words = np.median([len(base.split()) for base in bases])
    print(f"\nplanted edits, {name}: {len(bases):,} base texts of {words:.0f} words (median)")
    for kind in EDITS:
        ours = [(number, row) for made_kind, number, row in made if made_kind == kind]
        equal = sum(units[number] == units[row] for number, row in ours)
        hit = sum(units[number] == units[row] or (number, row) in found for number, row in ours)
        print(f"  {kind:<17} recall {hit / len(ours):7.2%}   ({equal / len(ours):7.2%} have the same fingerprint)")
    print(f"  false pairs {wrong:,} of {len(found):,}: {wrong / max(len(found), 1):.3%}")


def independent(texts: Sequence[str]) -> list[str]:
    """Texts of which no two share three quarters of their words: what is found between them is wrong."""
    kept: list[int] = []
    bags = [one.bag for one in prompts(texts)]
    for start in range(0, len(bags), 1000):
        part = range(start, min(start + 1000, len(bags)))
        scores = cdist([bags[i] for i in part], [bags[i] for i in [*kept, *part]], scorer=Indel.normalized_similarity)
        others = [*kept, *part]
        taken = set(kept)
        for row, i in enumerate(part):
            if not any(score >= 0.75 and others[c] in taken for c, score in enumerate(scores[row])):
                taken.add(i)
                kept.append(i)
    return [texts[i] for i in kept]


def ladder(folder: Path) -> None:
    def rows(name: str) -> list[dict[str, str]]:
        loaded: list[dict[str, str]] = json.loads((folder / f"toolformer-{name}-dataset.json").read_text())
        return loaded

    texts = [row["instruction"] + "\n" + row["input"] + "\n" + row["output"] for row in rows("dedupe-only")]
    found = prompts(texts)
    pairs = paired(found)
    bags = [one.bag for one in found]
    alike = np.array([Indel.normalized_similarity(bags[a], bags[b]) for a, b in pairs.tolist()])
    print(f"\ngpteacher ladder: {len(texts):,} rows (request and answer)")
    own = {name: len(rows(f"similarity-{name}")) for name in ("0.9", "0.6") if _has(folder, name)}
    for threshold in (1.0, 0.95, 0.9, 0.8, 0.7, 0.6):
        gone: set[int] = set()
        for a, b in pairs[alike >= threshold].tolist():
            if a not in gone:
                gone.add(b)
        beside = own.get(f"{threshold}")
        print(
            f"  {threshold:.2f}: {len(texts) - len(gone):,} kept" + (f"   (the source's: {beside:,})" if beside else "")
        )
    near = {b for _a, b in scan(found)}
    print(f"  as the scan decides: {len(texts) - len(near):,} kept")


def _has(folder: Path, name: str) -> bool:
    return (folder / f"toolformer-similarity-{name}-dataset.json").exists()


def clinc(folder: Path) -> None:
    loaded = json.loads((folder / "data_full.json").read_text())
    train, test = ([text for text, _label in loaded[part]] for part in ("train", "test"))
    units = [{fingerprint_unit([{"role": "user", "content": text}]): text for text in part} for part in (train, test)]
    exact = units[0].keys() & units[1].keys()
    rows = sum(fingerprint_unit([{"role": "user", "content": text}]) in exact for text in test)
    both = [*units[0].values(), *units[1].values()]
    pairs = scan(prompts(both))
    near = {max(pair) for pair in pairs if min(pair) < len(units[0]) <= max(pair)}
    print(f"\nclinc150: {rows} of {len(test):,} test rows stand in train when case and punctuation are ignored")
    print(f"  near, beside those: {len({n for n in near if list(units[1])[n - len(units[0])] not in exact})} more")
    groups = sizes(len(units[0]), {pair for pair in pairs if max(pair) < len(units[0])})
    print(f"  train: {len(units[0]):,} prompts, {sum(g > 1 for g in groups)} clusters, the largest {groups[:5]}")


def sizes(count: int, pairs: set[tuple[int, int]]) -> list[int]:
    """Sizes of the clusters, the largest first, by the product's own grouping (its bound included)."""
    from app.datasets.near.grouping import Grouping

    grouping = Grouping(lambda _first, _second: False)
    for unit in range(count):
        grouping.add(unit, fresh=True, held_out=False)
    grouping.join_all(sorted(pairs))
    return sorted({id(c): len(c.members) for c in map(grouping.cluster, range(count))}.values(), reverse=True)


def bitext(folder: Path) -> None:
    (path,) = folder.glob("*.csv")
    texts = [row["instruction"] for row in csv.DictReader(path.open())]
    units = {fingerprint_unit([{"role": "user", "content": text}]): text for text in texts}
    groups = sizes(len(units), scan(prompts(list(units.values()))))
    print(f"\nbitext_support: {len(texts):,} rows, {len(texts) - len(units)} surplus, clusters up to {groups[:5]}")


def generated(rows: int) -> list[str]:
    """Requests of 8 to 30 words out of 20,000, in the frequencies of language; every twentieth a light edit."""
    rng, numbers = random.Random(3), np.random.default_rng(3)
    often = 1 / (np.arange(20_000) + 2.7)  # Zipf and Mandelbrot
    words = numbers.choice(20_000, size=rows * 32, p=often / often.sum())
    texts: list[str] = []
    for row in range(rows):
        if row % 20 == 19:
            texts.append(one_word(texts[-rng.randint(1, 15)], rng))
        else:
            start = row * 32
            texts.append(" ".join(f"w{w}" for w in words[start : start + rng.randint(8, 30)]))
    return texts


def timed(rows: int) -> None:
    with fresh_database() as (_dsn, _home):
        in_database(rows)


def in_database(rows: int) -> None:
    from app.core.db import conninfo, psycopg, transaction
    from app.datasets.near import service as near

    texts = generated(rows + 1_000)
    begun = time.perf_counter()
    bands = bands_of(prompts(texts[:rows]), texts[:rows])
    print(f"\n{rows:,} generated requests\n  bare signatures          {time.perf_counter() - begun:6.1f} s")
    with psycopg.connect(conninfo(owner=True)) as connection:
        connection.execute("create table bare (unit text primary key, bands bytea)")
        begun = time.perf_counter()
        with connection.cursor().copy("copy bare from stdin") as copy:
            for number, row in enumerate(bands):
                copy.write_row((f"fp:{number:032x}", row.tobytes()))
        connection.commit()
        print(f"  bare COPY of them        {time.perf_counter() - begun:6.1f} s")
    with transaction() as session:
        project_id = add(session, texts[:rows])
    before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    done = near.scan(project_id)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"  first scan, all stored   {time.perf_counter() - begun:6.1f} s   ({done:,} prompts, +{grown:.0f} MB)")
    for more in (1_000, 1):
        with transaction() as session:
            add(session, texts[-1_000:] if more > 1 else ["one more request that nobody made"], project_id)
        begun = time.perf_counter()
        done = near.scan(project_id)
        print(f"  then {done:>5,} new ones      {time.perf_counter() - begun:6.2f} s")
    with transaction() as session:
        print(f"  {len(near.pairs(session, project_id)):,} pairs linked")
        seal(session, project_id)


def add(session: Any, texts: Sequence[str], project_id: str | None = None) -> str:
    from app.accounts.service import add_user
    from app.examples.batches import store
    from app.examples.models import Import
    from app.examples.rules import parse_example
    from app.projects import service
    from app.projects.forms import NewProject

    if project_id is None:
        user = add_user(session, "bench@example.com")
        project_id = service.create(session, user, NewProject(name="Bench", slug="bench", goal="classification")).id
    source = Import(project_id=project_id, file_name="f", stored_name="s", format="openai_chat", tags=[])
    session.add(source)
    session.flush()
    for start in range(0, len(texts), 1000):
        answer = {"role": "assistant", "content": "Fine."}
        part = [[{"role": "user", "content": text}, answer] for text in texts[start : start + 1000]]
        store(session, source, [parse_example({"messages": messages}) for messages in part])
    return str(project_id)


def looked_at(session: Any) -> None:
    """As if the detectors had been over everything, which is no part of what is measured here."""
    from sqlalchemy import text

    columns = "example_id, project_id, revision, detectors, pooled"
    every = "select id, project_id, revision, 'none', true from examples"
    session.execute(text(f"insert into scan_marks ({columns}) {every} on conflict do nothing"))


def seal(session: Any, project_id: str) -> None:
    """Draw a tenth, look at what sealing would do, seal, and freeze the rest."""
    from sqlalchemy import select, text

    import app.models  # noqa: F401 (every table, and the look before a freeze)
    from app.accounts.models import User
    from app.datasets import service, versions
    from app.datasets.forms import NewTestSet
    from app.examples.forms import ExampleFilter
    from app.projects.models import Project

    user, project = session.scalars(select(User)).first(), session.get(Project, project_id)
    session.execute(text("update examples set status = 'approved'"))
    looked_at(session)
    steps: dict[str, Callable[[], Any]] = {
        "draw a tenth": lambda: service.draft(session, user, project, NewTestSet(name="T", fraction=0.1, seed=1)),
    }
    made = _step("draw a tenth", steps["draw a tenth"]).test_set
    plan = _step("preview the seal", lambda: service.seal_plan(session, made))
    _step("seal", lambda: service.seal(session, user, project_id, made.id))
    version = _step("freeze the rest", lambda: versions.freeze(session, user, project, "V", ExampleFilter()))
    print(f"  {plan.size:,} cases, {plan.moved:,} examples moved, {version.size:,} frozen")


def _step(name: str, verb: Callable[[], Any]) -> Any:
    begun = time.perf_counter()
    done = verb()
    print(f"  {name:<24} {time.perf_counter() - begun:6.1f} s")
    return done


def found_in(data: Path) -> None:
    if data.exists():
        loaded = json.loads((data / "clinc150" / "data_full.json").read_text())
        planted("clinc150 (short requests)", [text for text, _label in loaded["test"]])
        gpt = json.loads((data / "gpteacher_dedupe_ladder" / "toolformer-dedupe-only-dataset.json").read_text())
        planted("gpteacher (tool requests with a shared preamble)", [f"{r['instruction']}\n{r['input']}" for r in gpt])
        ladder(data / "gpteacher_dedupe_ladder")
        clinc(data / "clinc150")
        bitext(data / "bitext_support")
    else:
        planted("generated requests", generated(2_000))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--time-only", action="store_true")
    given = parser.parse_args()
    if not given.time_only:
        found_in(given.data)
    timed(given.rows)


if __name__ == "__main__":
    main()
