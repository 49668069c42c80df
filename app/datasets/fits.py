"""Which rows a format has no place for. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from app.datasets.formats import CannotHold, Record, Writer

LISTED = 5


@dataclass
class Fit:
    """``count`` rows do not fit; of the first five, (number of the example, why not)."""

    count: int = 0
    first: list[tuple[int, str]] = field(default_factory=list)

    def add(self, writer: Writer, row: Record, paired: bool) -> None:
        try:
            if writer.check is not None:
                writer.check(row, paired)
        except CannotHold as error:
            self.count += 1
            if len(self.first) < LISTED:
                self.first.append((row.number, str(error)))


def fit(writer: Writer, rows: Iterable[Record], paired: bool) -> Fit:
    found = Fit()
    for row in rows:
        found.add(writer, row, paired)
    return found


class Watch:
    """Looks at rows as they pass: which formats of ``writers`` they fit into, in one go over the version."""

    def __init__(self, writers: Sequence[Writer], *, paired: bool) -> None:
        self.found = {writer.name: Fit() for writer in writers if writer.check is not None}
        self._writers = [writer for writer in writers if writer.name in self.found]
        self._paired = paired

    def over(self, rows: Iterable[Record]) -> Iterator[Record]:
        for row in rows:
            for writer in self._writers:
                self.found[writer.name].add(writer, row, self._paired or writer.pairs_only)
            yield row
