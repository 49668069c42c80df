"""The training examples that are nearest to a request, by the words that they share. Pure."""

from collections.abc import Sequence

from rapidfuzz import fuzz, process

from app.examples.rules import normalise
from app.finetunes.doctor.material import Trained

SHOWN = 3
LEAST = 45.0  # of rapidfuzz's token set ratio, 0..100: below it two requests share little but common words
READ = 2_000  # characters of a request


class Nearest:
    def __init__(self, trained: Sequence[Trained]) -> None:
        self._trained = trained
        self._requests = [normalise(one.request[:READ]) for one in trained]

    def to(self, request: str) -> tuple[str, ...]:
        """Ids, the nearest first."""
        said = normalise(request[:READ])
        found = process.extract(said, self._requests, scorer=fuzz.token_set_ratio, limit=SHOWN, score_cutoff=LEAST)
        return tuple(self._trained[place].example_id for _text, _score, place in found)
