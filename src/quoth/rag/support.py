"""Whether passages support what was said, and from where each word of it may come: the check of citations.

It is done on words alone, so it holds for text of any origin. A passage supports a statement if it holds

    every word with a digit that is not the question's, and
    SUPPORTED_FROM of the letters of its words, and as much of those words that are not the question's,

where words of fewer than four letters tell nothing and are left out. If no word is left (a "yes"), the question's stand
for them. Words are compared by their first six letters, digits in full. It finds what a passage does not say; it
cannot tell that a passage says the opposite.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from quoth.rag.citations import Statement
from quoth.rag.marginal import Logs
from quoth.types import Passage

SUPPORTED_FROM = 0.5
_WORD = re.compile(r"\w+")
_WITH_SPACE = re.compile(r"\s*\S+")
_SHORTEST, _STEM = 4, 6


@dataclass(frozen=True, slots=True)
class Provenance:
    """The words of a text and where each comes from.

    words: with the white space before them; joined they are the text.
    posterior: (k+1, m) of each word over the k passages and, last, the model's memory; columns sum to 1.
    """

    words: tuple[str, ...]
    posterior: Logs


def support(statement: str, passage: Passage, question: str) -> float:
    """The share of the statement's letters that the passage holds, in [0, 1]; 0 if it lacks a number.

    The smaller of two shares: of all its words, and of those that are not the question's.
    """
    return _Claim(statement, question).share(_Held(passage))


def provenance(
    text: str,
    statements: Sequence[Statement],
    passages: Sequence[Passage],
    question: str,
    seen: Collection[int] = (),
) -> Provenance:
    """Where each word comes from, by the citations that hold.

    A statement's supporters are the passages it cites that support it; where it cites none, those that support
    it best. A word is spread evenly over the supporters that hold it, and is the memory's if none does or if the
    statement has no supporter; a word that tells nothing is spread over all its supporters.

    Args:
        text: the answer without citations.
        statements: of the text, in order, together all of it.
        passages: z_1..z_k, as they were numbered.
        question: x.
        seen: the passages z, from 0, that are pictures and were looked at: where one is cited, it supports the
            statement and holds its words, for words alone cannot tell what a picture shows.
    """
    held = [_Held(passage) for passage in passages]
    asked = set(_keys(question))
    words: list[str] = []
    columns: list[Logs] = []
    for statement in statements:
        said = text[statement.start : statement.end]
        cited = {number - 1 for number in statement.cited}
        shown = cited.intersection(seen)
        supporters = sorted({*_supporters(said, statement.cited, held, question), *shown})
        for word in _split(said):
            words.append(word)
            columns.append(_column(set(_keys(word)) - asked, supporters, held, shown))
    posterior = np.stack(columns, axis=1) if columns else np.zeros((len(passages) + 1, 0))
    return Provenance(tuple(words), posterior)


class _Held:
    """What a passage holds: its words, and its text for the beginnings of words."""

    def __init__(self, passage: Passage) -> None:
        self._text = passage.searchable.casefold()
        self._words = set(_WORD.findall(self._text))

    def __contains__(self, key: str) -> bool:
        return key in self._words if _has_digit(key) else key in self._text


class _Claim:
    """The words of a statement that a passage must hold: all that count, and those that the question lacks."""

    def __init__(self, statement: str, question: str) -> None:
        asked = set(_keys(question))
        self._words = _keys(statement) or list(asked)
        self._new = [key for key in _keys(statement) if key not in asked]

    def share(self, held: _Held) -> float:
        if not self._words or any(_has_digit(key) and key not in held for key in self._new):
            return 0.0
        return min(_letters_held(keys, held) for keys in (self._words, self._new) if keys)


def _letters_held(keys: Sequence[str], held: _Held) -> float:
    return sum(len(key) for key in keys if key in held) / sum(map(len, keys))


def _supporters(said: str, cited: Sequence[int], held: Sequence[_Held], question: str) -> list[int]:
    claim = _Claim(said, question)
    shares = {z: claim.share(held[z]) for z in range(len(held)) if not cited or z + 1 in cited}
    supporting = [z for z, share in shares.items() if share >= SUPPORTED_FROM]
    best = max((shares[z] for z in supporting), default=0.0)
    return supporting if cited else [z for z in supporting if shares[z] == best]


def _column(keys: Iterable[str], supporters: Sequence[int], held: Sequence[_Held], shown: Collection[int]) -> Logs:
    """(k+1,) where one word comes from."""
    keys = list(keys)
    holders = [z for z in supporters if z in shown or all(key in held[z] for key in keys)]
    column = np.zeros(len(held) + 1)
    column[holders or [-1]] = 1 / max(1, len(holders))
    return column


def _keys(text: str) -> list[str]:
    """The words that tell something, as they are compared."""
    words = _WORD.findall(text.casefold())
    return [word if _has_digit(word) else word[:_STEM] for word in words if len(word) >= _SHORTEST or _has_digit(word)]


def _has_digit(word: str) -> bool:
    return any(map(str.isdigit, word))


def _split(text: str) -> list[str]:
    """Words with the white space before them; white space at the end goes to the last."""
    starts = [found.start() for found in _WITH_SPACE.finditer(text)]
    return [text[a:b] for a, b in pairwise([*starts, len(text)])] if starts else [text] * bool(text)
