"""Tokens to text while they come."""

from __future__ import annotations

import codecs
import time
from collections.abc import Sequence

from quoth.answer import Timing
from quoth.generators import LanguageModel


class Clock:
    """Seconds since the question was asked."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._retrieved = 0.0
        self._first_token = 0.0

    def retrieved(self) -> None:
        """The passages are there."""
        self._retrieved = self._now()

    def told(self) -> None:
        """Some of the answer is there."""
        self._first_token = self._first_token or self._now()

    def timing(self) -> Timing:
        """The answer is there."""
        total = self._now()
        return Timing(self._retrieved, self._first_token or total, total)

    def _now(self) -> float:
        return time.perf_counter() - self._start


class Speaker:
    """Tokens to text, piece by piece; a character spread over several tokens comes with the last."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._begun = False

    def say(self, tokens: Sequence[int]) -> str:
        """The text that these tokens add; white space before the first word is left out."""
        text = self._decoder.decode(self._model.detokenize(tokens))
        text = text if self._begun else text.lstrip()
        self._begun = self._begun or bool(text)
        return text


def texts_of(model: LanguageModel, tokens: Sequence[int]) -> list[str]:
    """The text of each token; joined they are the answer, without white space around it."""
    speaker = Speaker(model)
    texts = [speaker.say([token]) for token in tokens]
    while texts and not texts[-1].strip():
        texts.pop()
    if texts:
        texts[-1] = texts[-1].rstrip()
    return texts
