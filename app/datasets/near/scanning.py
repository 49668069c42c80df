"""One chunk of a scan: sign, find candidates among all that was signed, confirm, put into clusters, in one transaction.

A worker may be killed at any moment: what is committed is scanned, the rest is found again. Two workers take turns by
the project's lock, and the second finds nothing left to do.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.datasets.near import queries, signature_queries
from app.datasets.near.grouping import Cluster, Grouping, names
from app.datasets.near.queries import Source
from app.datasets.near.rules import Prompt, prompt_of, similarities
from app.datasets.near.signatures import Bands, Pairs, bands_of, candidates, isin
from app.examples.rules import prompt

CONFIRMED_AT_ONCE = 100_000  # pairs
MOST_KEPT = 50_000  # prompts, about a kilobyte each

Numbers = NDArray[np.int64]


def scan_sources(
    session: Session, project_id: str, sources: Sequence[Source], kept: dict[int, Prompt] | None = None
) -> int:
    """Compare these prompts with each other and with everything that was compared before. Answers how many units.

    The caller holds the project's lock (``lock_splits``). ``kept``: what a scan fetched for the chunks before this
    one, by number; many are asked for by every chunk.
    """
    fresh = {source.unit: source for source in reversed(sources)}
    if not fresh:
        return 0
    chosen = list(fresh.values())
    prompts = [_prompt(source.messages, source.case_id is None) for source in chosen]
    bands = bands_of(prompts, [source.unit for source in chosen])
    numbers = signature_queries.store(session, project_id, chosen, bands)
    kept = {} if kept is None else kept
    known = kept | dict(zip(numbers, prompts, strict=True))
    words = np.array([len(prompt.bag) for prompt in prompts], np.int64)
    pairs = _candidates(session, project_id, np.array(numbers, np.int64), bands, words)
    confirmed = _confirm(session, known, pairs)
    if confirmed:
        _place(session, project_id, known, set(numbers), confirmed)
    older = known.keys() - set(numbers)
    kept.update((number, known[number]) for number in older)
    if len(kept) > MOST_KEPT:
        kept.clear()
    return len(chosen)


def _prompt(messages: Sequence[dict[str, object]], with_answer: bool) -> Prompt:
    return prompt_of(prompt(messages) if with_answer else messages)


def _candidates(session: Session, project_id: str, fresh: Numbers, own: Bands, words: Numbers) -> Pairs:
    """Pairs of numbers that may be near, of which at least one is fresh."""
    cases = np.array(queries.case_numbers(session, project_id), np.int64)
    found: list[Pairs] = []
    for numbers, bands in signature_queries.stored(session, project_id):
        old = ~np.isin(numbers, fresh)
        old[old] = _shares(bands[old], own)
        together, all_numbers = np.concatenate([own, bands[old]]), np.concatenate([fresh, numbers[old]])
        is_fresh = np.arange(len(all_numbers)) < len(own)
        pairs = candidates(together, _padded(words, len(all_numbers)), is_fresh, np.isin(all_numbers, cases))
        if found:  # those of two fresh ones were found beside the first block
            pairs = pairs[~is_fresh[pairs].all(axis=1)]
        found.append(all_numbers[pairs])
    return np.concatenate(found)


def _padded(values: Numbers, length: int) -> Numbers:
    return np.concatenate([values, np.zeros(length - len(values), np.int64)])


def _shares(bands: Bands, own: Bands) -> NDArray[np.bool_]:
    """Which rows have a band in common with one of ``own``."""
    shared = np.zeros(len(bands), np.bool_)
    for band in range(own.shape[1]):
        shared |= isin(bands[:, band], own[:, band])
    return shared


def _confirm(session: Session, known: dict[int, Prompt], pairs: Pairs) -> list[tuple[int, int, float]]:
    """(number, number, similarity) of the candidates that are near, the most alike first."""
    confirmed: list[tuple[int, int, float]] = []
    for start in range(0, len(pairs), CONFIRMED_AT_ONCE):
        part = pairs[start : start + CONFIRMED_AT_ONCE]
        _fetch(session, known, part.ravel().tolist())
        found = similarities([known[n] for n in part[:, 0].tolist()], [known[n] for n in part[:, 1].tolist()])
        near = np.flatnonzero(found)
        confirmed += zip(*part[near].T.tolist(), found[near].tolist(), strict=True)
    return sorted(confirmed, key=lambda pair: (-pair[2], pair[0], pair[1]))


def _fetch(session: Session, known: dict[int, Prompt], numbers: Iterable[int]) -> None:
    missing = sorted(set(numbers).difference(known))
    found = queries.texts(session, missing)
    for number in missing:
        messages, with_answer = found.get(number, ([], False))
        known[number] = _prompt(messages, with_answer)


def _place(
    session: Session,
    project_id: str,
    known: dict[int, Prompt],
    fresh: set[int],
    confirmed: Sequence[tuple[int, int, float]],
) -> None:
    """Put what is near into clusters and store the links. What stands in a frozen version stays on its side."""
    touched = sorted({number for pair in confirmed for number in pair[:2]})
    standing = queries.standings(session, project_id, touched)
    unit_of = {one.number: one.unit for one in standing}
    number_of = {one.unit: one.number for one in standing}
    frozen = queries.frozen(session, project_id, [unit_of[number] for number in fresh if number in unit_of])

    def near(first: int, second: int) -> bool:
        _fetch(session, known, (first, second))
        return bool(similarities([known[first]], [known[second]])[0])

    grouping = Grouping(near)
    clusters: dict[str, Cluster] = {}
    for one in standing:
        cluster = None
        if one.cluster is not None:
            cluster = clusters.setdefault(one.cluster, Cluster(number_of[one.cluster], one.held_out))
        movable = one.number in fresh and one.unit not in frozen
        grouping.add(one.number, fresh=movable, held_out=one.held_out, cluster=cluster)
    apart = queries.separated(session, project_id)
    together = [pair for pair in confirmed if _sorted(unit_of[pair[0]], unit_of[pair[1]]) not in apart]
    grouping.join_all((first, second) for first, second, _similarity in together)
    placed = names(grouping, unit_of)
    if placed:
        queries.put_in_clusters(session, project_id, placed)
    queries.link(session, project_id, [(unit_of[a], unit_of[b], similarity) for a, b, similarity in together])


def _sorted(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)
