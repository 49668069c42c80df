"""What is embedded next: texts that belong together in one call, and whose vectors they are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.candidates.knowledge.embedding import embedder, queries
from app.candidates.knowledge.embedding.store import Work
from app.core.db import transaction

AT_ONCE = 64  # texts of one call
LOOKED_AT = 256  # passages, of which many may say the same


@dataclass(frozen=True)
class Batch:
    """``owners``: for each text the passages or the digest that its vector is for."""

    texts: list[str]
    owners: list[list[str]]

    @property
    def item(self) -> str:
        """Names the call in the ledger: the same texts have the same name."""
        return embedder.digest("\n".join(map(embedder.digest, self.texts)))


Next = Callable[[], Batch | None]


def of_passages(work: Work) -> Next:
    def following() -> Batch | None:
        with transaction() as session:
            queries.copy_same(session, work.collection_id, work.embedder.key)
            rows = queries.next_passages(session, work.collection_id, work.embedder.key, LOOKED_AT)
        owners: dict[str, list[str]] = {}
        for row in rows:
            text = embedder.passage(row.name, row.heading, row.text)
            if text in owners or len(owners) < AT_ONCE:
                owners.setdefault(text, []).append(row.id)
        return Batch(list(owners), list(owners.values())) if owners else None

    return following


def of_questions(work: Work, questions: Sequence[str]) -> Next:
    texts = list(dict.fromkeys(embedder.question(one) for one in questions))

    def following() -> Batch | None:
        named = {embedder.digest(one): one for one in texts if one}
        with transaction() as session:
            known = queries.known_questions(session, work.collection_id, work.embedder.key, list(named))
        left = [(digest, one) for digest, one in named.items() if digest not in known][:AT_ONCE]
        return Batch([one for _digest, one in left], [[digest] for digest, _one in left]) if left else None

    return following
