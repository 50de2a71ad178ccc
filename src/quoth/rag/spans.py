"""The verbatim spans of a passage, as tokens that may be said next.

A decoder that is held to them can only quote. A span begins where a word begins and ends where a word ends,
on one line; what was said is kept as the set of all the places in the passage that it can be at, so that
the place of a finished quote is known, not searched for.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from quoth.generators.base import LanguageModel
from quoth.rag.beams import likeliest
from quoth.rag.hypotheses import Limits, Tokens
from quoth.rag.marginal import Logs

# Among so many of the likeliest tokens the one that stops is looked for.
_STOPS_AMONG = 64

Places = Sequence[tuple[int, int] | None]


@dataclass(frozen=True, slots=True)
class _Start:
    """A span's beginning: the tokens of its first word as an answer begins, then the text's from `rest` on."""

    offset: int
    first: Tokens
    rest: int


class Spans:
    """The spans of one text; callable as `quoth.rag.beams.Allowed`."""

    def __init__(self, model: LanguageModel, text: str, limits: Limits) -> None:
        """Find where spans may begin.

        Args:
            model: its tokens are used.
            text: the passage's.
            limits: a span also ends where an answer does.
        """
        self.text = text
        self._limits = limits
        self._tokens = tuple(model.tokenize(text))
        self._ends = _ends_of(model, self._tokens)
        self._starts = self._find_starts(model)
        self._places: dict[Tokens, list[_Start]] = {(): self._starts}

    def __call__(self, said: Tokens, log_probs: Logs) -> NDArray[np.intp]:
        """Which tokens may follow: those that go on in the text, and the likeliest that stops, if a word ends here."""
        allowed = sorted(self._following(said))
        if said and self.place(said) is not None:
            # At the end of a text any stop will do: a quote that can be no longer must not be lost.
            among = likeliest(log_probs, _STOPS_AMONG if allowed else len(log_probs) // 8)
            stops = (int(t) for t in among if self._limits.stops((*said, int(t))))
            allowed += list(islice(stops, 1))
        return np.array(allowed, np.intp)

    def place(self, said: Tokens) -> tuple[int, int] | None:
        """The first (start, end) in the text, in characters, of this span; None if it is no whole words of it."""
        for start in self._at(said):
            end = self._end(start, len(said))
            if end is not None and _is_edge(self.text, end):
                return start.offset, end
        return None

    def _at(self, said: Tokens) -> list[_Start]:
        """The beginnings from which the text says this."""
        if said not in self._places:
            m = len(said) - 1
            self._places[said] = [start for start in self._at(said[:-1]) if self._token(start, m) == said[-1]]
        return self._places[said]

    def _token(self, start: _Start, m: int) -> int | None:
        """The span's token m, or None after the text's end."""
        if m < len(start.first):
            return start.first[m]
        i = start.rest + m - len(start.first)
        return self._tokens[i] if i < len(self._tokens) else None

    def _following(self, said: Tokens) -> set[int]:
        """The tokens that go on in the text without ending the answer."""
        tokens = {self._token(start, len(said)) for start in self._at(said)}
        return {token for token in tokens if token is not None and not self._limits.stops((*said, token))}

    def _end(self, start: _Start, m: int) -> int | None:
        """Where the span's first m tokens end in the text; None in the middle of a character or of the first word."""
        return self._ends[start.rest + m - len(start.first) - 1] if m >= len(start.first) else None

    def _find_starts(self, model: LanguageModel) -> list[_Start]:
        begins = [0, *self._ends[:-1]]
        starts = []
        for i, (begin, end) in enumerate(zip(begins, self._ends, strict=True)):
            if begin is None or end is None or end <= begin:
                continue
            if _is_start(self.text, begin):
                starts.append(_Start(begin, (), i))
            elif self.text[begin].isspace() and end > begin + 1 and _is_start(self.text, begin + 1):
                starts.append(self._retold(model, i, begin + 1))
        return starts

    def _retold(self, model: LanguageModel, i: int, begin: int) -> _Start:
        """A start in token i, which has a space before its word: an answer's first word has none."""
        rest = i + 1
        while rest < len(self._tokens) and not _is_edge(self.text, self._ends[rest - 1]):
            rest += 1
        word = self.text[begin : self._ends[rest - 1]]
        return _Start(begin, tuple(model.tokenize(word)), rest)


def _ends_of(model: LanguageModel, tokens: Tokens) -> list[int | None]:
    """Where each token ends in the text, in characters; None in the middle of one."""
    decoder, count, ends = codecs.getincrementaldecoder("utf-8")(), 0, []
    for token in tokens:
        count += len(decoder.decode(model.detokenize([token])))
        ends.append(None if decoder.getstate()[0] else count)
    return ends


def _is_start(text: str, at: int) -> bool:
    """Whether a word, or what stands before one (`$`, a quotation mark), begins here."""
    if text[at].isspace():
        return False
    return at == 0 or text[at - 1].isspace() or (text[at].isalnum() and not text[at - 1].isalnum())


def _is_edge(text: str, at: int | None) -> bool:
    """Whether a word may end here."""
    if at is None or at <= 0 or text[at - 1].isspace():
        return False
    return at == len(text) or not (text[at - 1].isalnum() and text[at].isalnum())


def apart(places: Sequence[Places]) -> list[int]:
    """The quotes that stand somewhere and overlap none before them in any passage.

    Args:
        places: for each quote, best first, its place in each passage or None.
    """
    kept: list[int] = []
    for i, place in enumerate(places):
        if any(place) and not any(_overlap(place, places[j]) for j in kept):
            kept.append(i)
    return kept


def _overlap(a: Places, b: Places) -> bool:
    pairs = (pair for pair in zip(a, b, strict=True))
    return any(one and other and one[0] < other[1] and other[0] < one[1] for one, other in pairs)
