"""Turns tokens into text as they come, and stops at a stop string."""

from collections.abc import Callable, Sequence

#: What undecodable bytes look like: a character that is not complete yet.
_INCOMPLETE = "\N{REPLACEMENT CHARACTER}"
#: A character has at most four bytes, so after this many tokens the bytes are simply not text.
_PATIENCE = 8


class TextStream:
    """The text of one answer. ``push`` a token, get the text that is certain by now."""

    def __init__(self, decode: Callable[[list[int]], str], stops: Sequence[str] = ()) -> None:
        self._decode, self._stops = decode, [stop for stop in stops if stop]
        self._tokens: list[int] = []
        # The tokens from ``_context`` to ``_done`` were handed out last. They are decoded again with the new
        # ones, because a token's text may depend on the one before it (a leading space, say).
        self._context, self._done = 0, 0
        self._held = ""
        self.text = ""
        self.stopped = False

    def push(self, token: int) -> str:
        """New text to hand out; empty while a character, or what may become a stop string, is incomplete."""
        self._tokens.append(token)
        return self._release(self._decoded(final=False))

    def finish(self) -> str:
        """What was held back, once no more tokens come."""
        rest = self._release(self._decoded(final=True)) if not self.stopped else ""
        held, self._held = self._held, ""
        return rest + self._give(held)

    def _decoded(self, final: bool) -> str:
        known = self._decode(self._tokens[self._context : self._done])
        text = self._decode(self._tokens[self._context :])
        waiting = len(self._tokens) - self._done
        if text.endswith(_INCOMPLETE) and waiting < _PATIENCE and not final:
            return ""
        self._context, self._done = self._done, len(self._tokens)
        return text[len(known) :]

    def _release(self, new: str) -> str:
        pending = self._held + new
        found = [at for stop in self._stops if (at := pending.find(stop)) >= 0]
        if found:
            self.stopped, self._held = True, ""
            return self._give(pending[: min(found)])
        keep = self._possible_stop(pending)
        self._held = pending[len(pending) - keep :]
        return self._give(pending[: len(pending) - keep])

    def _possible_stop(self, text: str) -> int:
        """How many characters at the end could be the beginning of a stop string."""
        longest = max((len(stop) for stop in self._stops), default=0)
        for size in range(min(longest - 1, len(text)), 0, -1):
            if any(stop.startswith(text[-size:]) for stop in self._stops):
                return size
        return 0

    def _give(self, text: str) -> str:
        self.text += text
        return text
