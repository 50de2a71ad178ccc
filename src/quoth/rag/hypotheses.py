"""What the decodings share: how to search, where an answer ends, and the answers as they hand them on."""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quoth.rag.marginal import Logs, support

Tokens = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """Where an answer ends: where `stops` says so of what was said, or after `tokens`.

    The token with which it stops has a probability and is not part of the answer. `spell` gives the text of tokens:
    the same text in other tokens is the same answer.
    """

    tokens: int
    stops: Callable[[Tokens], bool]
    spell: Callable[[Tokens], Hashable] = tuple

    def said(self, tokens: Tokens) -> Tokens:
        """These without the one that stops, if one does."""
        return tokens[:-1] if self.stops(tokens) else tokens

    def distinct(self, ranked: Iterable[Tokens]) -> list[Tokens]:
        """Of those that say the same, and only stop or are cut into tokens in different ways, the first."""
        first: dict[Hashable, Tokens] = {}
        for tokens in ranked:
            first.setdefault(self.spell(self.said(tokens)), tokens)
        return list(first.values())


@dataclass(frozen=True, slots=True)
class Search:
    """How hypotheses are looked for, and which are the best.

    beams: hypotheses alive at a time, for each passage in RAG-Sequence; 1 is greedy.
    answers: how many distinct answers are wanted, best first.
    length_penalty: a hypothesis of m tokens has the score log p / m ** length_penalty; 0 is log p itself.
    temperature: above 0 answers are drawn instead of searched: 1 draws from the mixture itself.
    top_p: they are drawn from the likeliest tokens that have this share of the mass together.
    seed: of the drawing.
    thorough: score each hypothesis under all passages; else (fast decoding) it is taken to be impossible
        under those whose beam did not find it (Lewis et al. 2020, section 2.5).
    robust: leave out of each answer's mass what its strongest passage gives; see `marginal.mass`.
    """

    beams: int = 1
    answers: int = 1
    length_penalty: float = 0.0
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    thorough: bool = True
    robust: bool = False

    @property
    def width(self) -> int:
        """How many hypotheses a beam needs to give as many answers as are wanted."""
        return max(self.beams, self.answers)

    def rows(self, passages: int) -> int:
        """How many sequences hypotheses over so many passages take at most; what is drawn is forked first."""
        return passages * (2 * self.answers if self.temperature else self.width)

    def score(self, log_prob: float, length: int) -> float:
        """What hypotheses are compared by; higher is better."""
        return float(log_prob / max(length, 1) ** self.length_penalty)


@dataclass(frozen=True, slots=True)
class Decoded:
    """An answer and the evidence of where it came from.

    tokens: the m tokens, without the one that stopped them.
    log_probs: (m,) the log-probability of each under the decoding's own mixture.
    posterior: (k+1, m) over the passages and, last, the null passage; columns sum to 1.
    weights: (k+1,) of each member in the whole answer; sum to 1.
    support: the log odds that the passages, not memory, said all of it.
    log_prob: log p(y|x) under the mixture of the passages, the stop included.
    """

    tokens: Tokens
    log_probs: Logs
    posterior: Logs
    weights: Logs
    support: float
    log_prob: float


def nothing(log_prior: Logs, log_prob: float) -> Decoded:
    """The empty answer: nothing was said, so that the weights are the prior's."""
    empty: NDArray[np.float64] = np.zeros(0)
    prior = np.exp(log_prior)
    return Decoded((), empty, np.zeros((len(log_prior), 0)), prior, support(prior[:, None]), log_prob)


Decoding = Generator[Tokens, None, list[Decoded]]
"""A decoding at work: yields tokens as soon as they are sure to be in the first answer; returns all, best first."""


def finish(decoding: Decoding) -> list[Decoded]:
    """What a decoding returns at its end, for who does not listen on the way."""
    while True:
        try:
            next(decoding)
        except StopIteration as end:
            found: list[Decoded] = end.value
            return found
