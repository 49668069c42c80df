"""Retrieval on a knowledge base whose facts change: is the right document found, and does an old day give old facts?

    python -m benchmarks.retrieval FOLDER [--top-k 5]

``FOLDER/history.jsonl`` holds dated versions (``path``, ``date``, ``text``), as basecamp_policies_kb does (every
version of 28 files from github.com/basecamp/policies, CC BY 4.0). It is read in place and uploaded to a throwaway
instance like any file. No questions come with it, so they are made, in three ways, and none was changed after a search
was run:

- written: by the author of this script from the documents' titles alone, before the first search;
- sentences: of each document up to 20 sentences of 8 to 40 words that stand in no other document, with every third
  content word left out; the right document is the one it was taken from. The words are the document's own, so that
  this is an upper bound of what a reader's own words find;
- changed facts: sentences of the newest version that an older version has word for word but for their numbers. Asked
  without the numbers, as of either day: does the first passage of that document hold that day's numbers?

Recall among 1, 3, 5 and 10 passages is printed for words, for vectors of the small model that runs here (where it is
installed: requirements-semantic.txt) and for both, fused. Then a run of the same cases by two candidates, pinned to
either day, against a double that echoes what it was sent.
Reference: a search by Postgres's ts_rank_cd over an OR of the same words.
"""

import argparse
import asyncio
import re
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import orjson
from sqlalchemy import text

from app.candidates import service as candidates
from app.candidates.forms import NewCandidate
from app.candidates.knowledge import queries, ranking, search, service, work
from app.candidates.knowledge.embedding import runner
from app.candidates.knowledge.embedding import service as embedding
from app.candidates.knowledge.embedding.embedder import LOCAL
from app.candidates.knowledge.embedding.forms import NewEmbedder
from app.candidates.knowledge.forms import NewCollection
from app.candidates.knowledge.models import Collection
from app.candidates.knowledge.ranking import WORDS, Ranking
from app.checks.semantic import model
from app.core.stats.quantiles import quantile_estimate
from app.core.stats.rates import rate
from app.evals.graders.grounding.words import content
from app.evals.models import EvalRun, Output
from app.evals.runner.job import run_eval
from app.examples.import_service import new_upload
from app.projects.access import Access
from tests.evals import factories
from tests.faults.stage import Stage, double, set_up

WRITTEN = (
    ("Can I get my money back if I forgot to cancel?", "refund/index.md"),
    ("How do I get a refund for my HEY email account?", "refund/hey/index.md"),
    ("What happens to my data after I cancel my account?", "cancellation/index.md"),
    ("How do I close my account for good?", "cancellation/index.md"),
    ("Who owns the account when the person who opened it leaves the company?", "ownership-bc3/index.md"),
    ("Who owns an @hey.com address?", "ownership-hey/index.md"),
    ("What happens to an account when its owner dies?", "incapacitated/index.md"),
    ("Will you keep running products that you no longer sell?", "until-the-end-of-the-internet/index.md"),
    ("How much uptime do you promise?", "sla/index.md"),
    ("Do I have to pay sales tax or VAT on my subscription?", "taxes/index.md"),
    ("How do I report a security vulnerability?", "security/response/index.md"),
    ("Is my data encrypted, and how is it backed up?", "security/index.md"),
    ("What uses of the product are forbidden?", "abuse/index.md"),
    ("What happens after I report somebody for abuse?", "abuse/how-we-handle/index.md"),
    ("Somebody uploaded my copyrighted work, how do I get it taken down?", "copyright/index.md"),
    ("Which rights do Californians have over their personal information?", "privacy/regulations/ccpa/index.md"),
    ("What do you do with the personal data of job applicants?", "privacy/recruitment/index.md"),
    ("Which companies process data for Basecamp as subprocessors?", "privacy/basecamp-subprocessors/index.md"),
    ("Which subprocessors does HEY use?", "privacy/hey-subprocessors/index.md"),
    ("Which subprocessors does Highrise use?", "privacy/highrise-subprocessors/index.md"),
    ("What personal information do you collect and why?", "privacy/index.md"),
    ("May you terminate my account under the terms of service?", "terms/index.md"),
)
PER_DOCUMENT = 20
RANKS = (1, 3, 5, 10)
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
BY_COVER_DENSITY = text("""
with q as (select replace(plainto_tsquery('english', :question)::text, '&', '|')::tsquery as any_word)
select d.name from q join knowledge_passages p on p.search @@ q.any_word
join knowledge_versions v on v.id = p.version_id join knowledge_documents d on d.id = v.document_id
where v.id = any(cast(:versions as uuid[]))
order by ts_rank_cd('{0.4, 0.4, 0.8, 1.0}', p.search, q.any_word, 1) desc, d.name, p.position limit :limit
""")
Question = tuple[str, str]
Find = Callable[[str, int], list[str]]


@dataclass(frozen=True)
class Changed:
    path: str
    question: str
    before: tuple[date, str]
    after: tuple[date, str]


def sentences(document: str) -> list[str]:
    lines = (line.strip(" *-#>|") for line in document.splitlines())
    return [part for line in lines for part in re.split(r"(?<=[.!?])\s+", line) if 8 <= len(part.split()) <= 40]


def asked_in_sentences(newest: dict[str, str]) -> list[Question]:
    everywhere: dict[str, set[str]] = defaultdict(set)
    for path, document in newest.items():
        for sentence in sentences(document):
            everywhere[sentence].add(path)
    found = []
    for path, document in newest.items():
        own = [one for one in dict.fromkeys(sentences(document)) if everywhere[one] == {path}]
        found += [(_thinned(one), path) for one in own[:: max(1, len(own) // PER_DOCUMENT)][:PER_DOCUMENT]]
    return found


def _thinned(sentence: str) -> str:
    words, kept, spoken = sentence.split(), [], 0
    for word in words:
        spoken += bool(content(word))
        if not content(word) or spoken % 3:
            kept.append(word)
    return " ".join(kept)


def changed_facts(versions: dict[str, list[tuple[date, str]]]) -> list[Changed]:
    found = []
    for path, dated in versions.items():
        last_day, last = dated[-1]
        now = {NUMBER.sub("#", one): one for one in sentences(last) if NUMBER.search(one)}
        for day, document in reversed(dated[:-1]):
            for sentence in sentences(document):
                same = now.get(NUMBER.sub("#", sentence))
                if same is not None and same != sentence and day < last_day:
                    question = NUMBER.sub(" ", same)
                    found.append(Changed(path, question, (day, sentence), (last_day, same)))
                    now.pop(NUMBER.sub("#", sentence))
    return found


def of_newest(newest: dict[str, str]) -> Path:
    """A file of the newest versions alone."""
    file = Path(tempfile.mkdtemp()) / "newest.jsonl"
    rows = ({"path": path, "date": "2026-01-01", "text": text} for path, text in newest.items())
    file.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return file


def upload(stage: Stage, access: Access, file: Path, name: str) -> Collection:
    collection = service.create(stage.session, access, NewCollection(name=name))
    stored = new_upload()
    shutil.copyfile(file, stored)
    taken = service.take_files(stage.session, access, collection, [service.File(stored, file.name)], None)
    stage.session.commit()
    began = time.perf_counter()
    work.run(taken.id, lambda: False)
    stage.session.refresh(taken)
    report = {name: taken.files[0].get(name) for name in ("state", "documents", "versions", "unchanged", "passages")}
    print(f"read in {time.perf_counter() - began:.1f} s: {report}")
    return collection


def hit_rates(name: str, questions: Sequence[Question], find: Find) -> None:
    ranks, times = [], []
    for question, path in questions:
        began = time.perf_counter()
        found = find(question, max(RANKS))
        times.append((time.perf_counter() - began) * 1000)
        ranks.append(found.index(path) + 1 if path in found else 0)
    rates = {k: rate([float(0 < rank <= k) for rank in ranks]) for k in RANKS}
    told = ", ".join(f"@{k} {one.value:.3f}" for k, one in rates.items())
    slow = quantile_estimate(times, 0.95, independent=len(times))
    spread = f"{rates[1].low:.3f} to {rates[1].high:.3f}"
    print(f"{name}: n {len(ranks)}, recall {told} (the first: {spread}), p95 {slow.value:.1f} ms")


def told(asked: Sequence[tuple[str, Sequence[Question]]], name: str, find: Find) -> None:
    for kind, questions in asked:
        hit_rates(f"{kind}, {name}", questions, find)


def embed(stage: Stage, access: Access, collection: Collection) -> bool:
    """Vectors of all passages by the model that runs here; False where it is not installed."""
    if not model.available():
        print("vectors: the model that runs here is not installed")
        return False
    embedding.choose(stage.session, access, collection, NewEmbedder(kind="local"))
    work = embedding.start(stage.session, access, collection)
    stage.session.commit()
    began = time.process_time()
    asyncio.run(runner.run(work.id))
    stage.session.refresh(work)
    stage.session.refresh(collection)
    print(f"vectors: {work.status}, {work.done} texts in {time.process_time() - began:.0f} CPU-s")
    return True


def old_and_new(stage: Stage, collection: Collection, facts: Sequence[Changed], top_k: int) -> None:
    right = {"before": 0, "after": 0}
    for fact in facts:
        for when, (day, sentence) in (("before", fact.before), ("after", fact.after)):
            state = [row.version_id for row in queries.state(stage.session, collection.id, day)]
            found = search.find(stage.session, "english", state, fact.question, top_k)
            right[when] += any(one.document == fact.path and sentence in one.text for one in found)
    print(f"changed facts: n {len(facts)}; as of the old day the old words among {top_k}: {right['before']}; ", end="")
    print(f"as of the newest day the new words: {right['after']}")


def runs(stage: Stage, access: Access, collection: Collection, facts: Sequence[Changed], top_k: int) -> None:
    """All facts of one old day, so that one candidate is pinned to it; the other searches what is newest."""
    days = defaultdict(list)
    for fact in facts:
        days[fact.before[0]].append(fact)
    day, chosen = max(days.items(), key=lambda entry: len(entry[1]))
    grader = {"type": "groundedness", "name": "grounded"}
    for name, as_of in (("old", day), ("newest", None)):
        sent = []
        body = {"name": name, "provider_id": stage.candidate.provider_id, "model": "small"}
        retrieval = {"collection_id": collection.id, "top_k": top_k, "as_of": as_of}
        made = candidates.create(stage.session, access, NewCandidate.model_validate(body | {"retrieval": retrieval}))
        for fact in chosen:
            messages = [{"role": "user", "content": fact.question}]
            test_set = factories.sealed_set(stage.session, stage.project, 1, messages=messages, expected={})
            run = factories.start(stage.session, stage.user, stage.project, made, test_set, graders=[grader])
            asyncio.run(run_eval(run.id))
            stage.session.expire_all()
            assert stage.session.get_one(EvalRun, run.id).status == "succeeded"
            echoed = stage.session.query(Output).filter_by(run_id=run.id).one().text or ""
            sent.append((fact.before[1] in echoed, fact.after[1] in echoed))
        old, new = (sum(one[place] for one in sent) for place in (0, 1))
        print(f"runs with the {name} documents: of {len(sent)} facts {old} were sent as they were, {new} as they are")


def by(stage: Stage, collection: Collection, state: Sequence[str], ranked: Ranking) -> Find:
    """The documents of the passages that are found, in their order."""

    def find(question: str, limit: int) -> list[str]:
        found = ranking.find(stage.session, collection.id, "english", state, question, limit, ranked)
        return [one.document for one in found]

    return find


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--top-k", type=int, default=5)
    options = parser.parse_args()
    file = options.folder / "history.jsonl"
    versions: dict[str, list[tuple[date, str]]] = defaultdict(list)
    for row in map(orjson.loads, file.read_bytes().splitlines()):
        versions[row["path"]].append((date.fromisoformat(row["date"]), row["text"]))
    for dated in versions.values():
        dated.sort(key=lambda one: one[0])
    newest = {path: dated[-1][1] for path, dated in versions.items()}
    with double() as base_url, set_up(base_url, at_a_time=8, durable=False) as stage:
        access = Access(stage.user, stage.project, "engineer")
        collection = upload(stage, access, file, "Policies")
        state = [row.version_id for row in queries.state(stage.session, collection.id, None)]

        def reference(question: str, limit: int) -> list[str]:
            values = {"question": question, "versions": state, "limit": limit}
            return [row[0] for row in stage.session.execute(BY_COVER_DENSITY, values)]

        asked = (("written", WRITTEN), ("sentences", asked_in_sentences(newest)))
        told(asked, "by ts_rank_cd", reference)
        told(asked, "words", by(stage, collection, state, WORDS))
        small = upload(stage, access, of_newest(newest), "Newest policies")  # to embed every old version takes minutes
        if embed(stage, access, small):
            present = [row.version_id for row in queries.state(stage.session, small.id, None)]
            told(asked, "vectors", by(stage, small, present, Ranking("vectors", LOCAL)))
            told(asked, "both", by(stage, small, present, Ranking("both", LOCAL)))
        facts = changed_facts(versions)
        old_and_new(stage, collection, facts, options.top_k)
        runs(stage, access, collection, facts, options.top_k)


if __name__ == "__main__":
    main()
