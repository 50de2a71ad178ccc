"""An answer with its evidence. It renders itself in a terminal (rich) and in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from rich.console import Console
from rich.text import Text

from quoth.rendering import MANY_COLOURS, as_html, as_lines
from quoth.types import Decoding, LineBox, Passage, lines_in


@dataclass(frozen=True, slots=True)
class Signals:
    """What the mixture's own figures say of an answer; each is higher for a better one.

    similarity: the best cosine of question and passage, in [-1, 1].
    gain: how much likelier the passage that carries the answer makes the question than the null passage does,
        nats a token.
    weakest: the same of the token for which it is the least.
    fluency: the mean log-probability of the answer's tokens under the mixture.
    support: the log odds of the answer's coming from the passages, not from memory.
    agreement: the posterior of the passage that carries it, in [0, 1].
    """

    similarity: float
    gain: float
    weakest: float
    fluency: float
    support: float
    agreement: float


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the answer.

    `posterior` is its probability of coming from each source, in the order of `Answer.sources`, then from
    the model's memory (the null passage); it sums to 1. `logprob`: natural log, under the decoding's mixture.

    Of a server's model that shows no log-probabilities, a token is a word, its posterior that of the citations that
    hold (`quoth.rag.support`), and its `logprob` 0, for not known.
    """

    text: str
    logprob: float
    posterior: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A passage behind an answer.

    `seen`: whether it is a picture that the model looked at; of others it read the words.
    `boxes`: where the lines that the quote covers stand on the page or the picture, if they were read from there.

    `quote` is its words that say it best, verbatim: `document.text[start:end]`. `weight` in [0, 1] is the
    passage's share in the answer; with `Answer.memory_weight` the weights of all sources sum to 1.
    """

    passage: Passage
    quote: str
    start: int
    end: int
    weight: float
    seen: bool = False

    @property
    def boxes(self) -> tuple[LineBox, ...]:
        """The boxes of the lines that the quote covers, with places in the quote's own text."""
        start, end = self.start - self.passage.start, self.end - self.passage.start
        return lines_in(self.passage.boxes, start, end)


Show = Callable[[Source], bytes]
"""The page or the picture that a source stands on, as a JPEG file; raises QuothError."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another answer that was found.

    `cut`: see `Answer`.
    `probability` = p(y|x) under the mixture, in [0, 1]; `source` is the passage with most weight in it.
    """

    text: str
    probability: float
    source: Source
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds since the question was asked: until passages were found, the first token, the end."""

    retrieve_s: float
    first_token_s: float
    total_s: float


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, or a refusal (`abstained`) where the documents do not say it.

    sources: by weight, highest first; of a refusal, what was nearest. With the decoding "quote" the `quote` of the
        sources that hold the answer is the answer itself, at its place.
    memory_weight: the share of the null passage, in [0, 1]: what the model said from no document.
    confidence: in [0, 1]: the probability that the answer is right and the documents say it, as calibrated
        (`quoth.rag.confidence`); of a refusal, that of what was not said. Of a server's model, the share of the
        documents, 1 - memory_weight, which is not calibrated.
    probability: p(y|x) of the answer under the mixture, in [0, 1]; 0 for a refusal, and where a server does not tell.
    signals: what the confidence is made of; None where nothing was decoded.
    alternatives: the other answers that were wanted, best first; of two quotes none overlaps another.
    cut: whether it ends because it may not be longer (`max_tokens`), not because it was all said; not known, and False,
        of a server's model.
    show: draws the page or the picture that a source stands on, for notebooks and terminals.
    """

    question: str
    text: str
    abstained: bool
    confidence: float
    decoding: Decoding
    tokens: tuple[Token, ...]
    sources: tuple[Source, ...]
    memory_weight: float
    timing: Timing
    probability: float = 0.0
    alternatives: tuple[Alternative, ...] = ()
    signals: Signals | None = None
    cut: bool = False
    show: Show | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        return self.text

    def __rich_console__(self, console: Console, _options: object) -> Iterator[Text]:
        """What `rich.print(answer)` shows: each word tinted by its source, and the sources under it.

        A terminal of many colours shows pictures too.
        """
        yield from as_lines(self, pictures=console.is_terminal and console.color_system in MANY_COLOURS)

    def as_html(self) -> str:
        """A fragment of HTML; pictures, and pages that were read from pictures, are shown with their boxes marked."""
        return as_html(self)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return as_html(self)
