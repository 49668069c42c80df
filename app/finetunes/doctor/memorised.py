"""Does the tuned model repeat its training answers? Pure.

An output *repeats* when ``IN_A_ROW`` (8) or more of its words stand in a row in a training answer, and neither in what
the model was given for this case, nor in a right answer of any held-out case, nor in the untuned model's output: a
greeting that the task wants, or a sentence quoted from a document, is not memorised. Runs of eight words are the unit
in which language models' contamination is counted (Chowdhery et al. 2022, *PaLM*, § 8: 8-grams).

What is to be expected is measured on the right answers themselves: each is held against the training answers in the
same way, leaving out the runs of the *other* right answers, the given and the base's output. The mode is found where
the share of outputs that repeat lies wholly above ``BOUND`` and wholly above what the right answers do (paired, Tango's
interval). It can be told from texts only where training answers are longer than eight words; else from the losses.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from statistics import median

from app.core.stats.paired import paired_difference
from app.core.stats.rates import rate
from app.core.stats.results import Estimate, PairedDifference
from app.core.stats.words import and_list
from app.examples.rules import normalise
from app.finetunes.doctor import copied, losses
from app.finetunes.doctor.copied import IN_A_ROW, Copied, Gram
from app.finetunes.doctor.findings import SHOWN, Finding, Measure, Row, State, by_interval
from app.finetunes.doctor.foreign import foreign
from app.finetunes.doctor.material import Answered, LossPoint, Trained, both
from app.web.words import percent, plural

BOUND = 0.10
WHY = (
    f"One output in ten with {IN_A_ROW} words in a row out of training that nothing asked for; "
    "below it, single echoes are hard to tell from the style that was wanted."
)


def examine(cases: Sequence[Answered], trained: Sequence[Trained], curve: Sequence[LossPoint]) -> Finding:
    """Spans and names in the outputs of both sides and in the right answers; the losses beside them."""
    answered, loss = both(cases), losses.gap(curve)
    lengths = [len(copied.words(one.answer)) for one in trained]
    beside = [*_repeated_training(trained), *([loss.sentence] if loss else [])]
    if not answered or not lengths or median(lengths) < IN_A_ROW:
        return _by_losses(loss, answered, beside)
    wanted = {gram for case in answered for text in (case.tuned, case.expected) for gram in copied.grams(text or "")}
    known = copied.sources((one.answer for one in trained), wanted)
    pools = Pools(answered)
    tuned = [copied.copied(case.tuned or "", known, pools.around(case)) for case in answered]
    usual = [copied.copied(case.expected, known, pools.around(case, own=False)) for case in answered]
    names = foreign(answered, trained)
    repeats = [bool(spans or names[case.case_id]) for spans, case in zip(tuned, answered, strict=True)]
    groups = [case.group for case in answered]
    share = rate([float(one) for one in repeats], groups)
    more = paired_difference([float(bool(one)) for one in usual], [float(one) for one in repeats], groups)
    state = _state(share, more)
    rows = _rows(answered, tuned, names, trained)
    counted = sum(map(bool, names.values()))
    beside = (
        [*beside, f"{plural(counted, 'output')} with a name or code out of training answers alone."]
        if counted
        else beside
    )
    missing = _missing(share) if state == "cannot_tell" else ""
    return Finding(
        "memorised",
        state,
        _sentence(share, usual),
        missing,
        _measures(share, more, usual),
        rows,
        beside,
        _sources(rows),
    )


class Pools:
    """The runs of words that are no sign of memory, by where they stand."""

    def __init__(self, cases: Sequence[Answered]) -> None:
        self._right = Counter(gram for case in cases for gram in set(copied.grams(case.expected)))
        self._case = {
            case.case_id: (set(copied.grams(case.given)), set(copied.grams(case.base or ""))) for case in cases
        }

    def around(self, case: Answered, *, own: bool = True) -> Sequence[Collection[Gram]]:
        """``own``: with the right answer of this very case; without it, only runs that another one has as well."""
        if own:
            return (*self._case[case.case_id], self._right)
        mine = set(copied.grams(case.expected))
        return (*self._case[case.case_id], {gram for gram in mine if self._right[gram] > 1})


def _state(share: Estimate, more: PairedDifference) -> State:
    above = by_interval(share.low, share.high, BOUND)
    beyond = by_interval(more.low, more.high, 0.0)
    if above == "found" and beyond == "found":
        return "found"
    if above == "not_found" or (more.high is not None and more.high < BOUND):
        return "not_found"
    return "cannot_tell"


def _sentence(share: Estimate, usual: Sequence[Sequence[Copied]]) -> str:
    expected = sum(map(bool, usual))
    return (
        f"{round((share.value or 0) * share.n)} of {share.n:,} outputs repeat training answers word for word "
        f"({percent(share.value)}); of the right answers {expected} do."
    )


def _missing(share: Estimate) -> str:
    return (
        f"the share of outputs that repeat, {percent(share.value)} of {share.n:,}, has an interval on both sides of "
        f"{percent(BOUND)}: measure it on more held-out cases"
    )


def _measures(share: Estimate, more: PairedDifference, usual: Sequence[Sequence[Copied]]) -> list[Measure]:
    expected = rate([float(bool(one)) for one in usual])
    return [
        Measure("Outputs that repeat training", share.value, share.low, share.high, share.n, "share", BOUND, WHY),
        Measure("Right answers that do", expected.value, expected.low, expected.high, expected.n),
        Measure("More than right answers", more.difference, more.low, more.high, more.n, "points", 0.0,
                "More often than the right answers themselves, on the same cases."),
    ]  # fmt: skip


def _rows(
    cases: Sequence[Answered],
    tuned: Sequence[Sequence[Copied]],
    names: Mapping[str, Sequence[tuple[int, int, int]]],
    trained: Sequence[Trained],
) -> list[Row]:
    """The longest repetition first."""
    found = []
    for case, spans in zip(cases, tuned, strict=True):
        strange = names[case.case_id]
        if not spans and not strange:
            continue
        places = [(one.start, one.stop) for one in spans] + [(start, stop) for start, stop, _source in strange]
        origins = dict.fromkeys([one.source for one in spans] + [source for *_place, source in strange])
        longest = spans[0].words if spans else 0
        said = f"{longest} words in a row out of #{trained[spans[0].source].number}" if spans else ""
        also = f"{plural(len(strange), 'name')} that only training has" if strange else ""
        row = Row(case.case_id, case.output_id, and_list([part for part in (said, also) if part]), tuple(places[:10]),
                  tuple(trained[one].example_id for one in list(origins)[:3]))  # fmt: skip
        found.append((longest, row))
    return [row for _longest, row in sorted(found, key=lambda pair: -pair[0])[:SHOWN]]


def _sources(rows: Sequence[Row]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(example for row in rows for example in row.examples))


def _repeated_training(trained: Sequence[Trained]) -> list[str]:
    """How much of the training itself is repetition."""
    counts = Counter(normalise(one.answer) for one in trained if one.answer.strip())
    repeated = sum(count for count in counts.values() if count > 1)
    if not repeated:
        return []
    return [
        f"{repeated:,} of {len(trained):,} training answers stand there more than once: {len(counts):,} different ones."
    ]


def _by_losses(loss: losses.Gap | None, answered: Sequence[Answered], beside: Sequence[str]) -> Finding:
    """Short answers hold no long run of words; a validation loss that climbs while training sinks does tell."""
    if loss is not None and loss.overfitted:
        return Finding(
            "memorised", "found", f"Answers are too short to repeat anything. {loss.sentence}", beside=beside
        )
    if not answered:
        missing = "no held-out case has a whole output of both the tuned model and its base"
    elif loss is None:
        missing = "training answers are shorter than eight words, and no validation loss was measured"
    else:
        missing = f"training answers are shorter than eight words. {loss.sentence.rstrip('.')}"
    return Finding("memorised", "cannot_tell", "", missing, beside=beside)
