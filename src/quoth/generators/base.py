"""The contract of a generator: a language model as probabilities, never text in the dark."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from quoth.errors import StoppedError
from quoth.types import LogProbs


class Stop:
    """A way to give up a question from another thread than that which works on it."""

    def __init__(self) -> None:
        self.is_set = False
        self._listeners: list[Callable[[], None]] = []

    def set(self) -> None:
        """Give up: the work ends at its next step."""
        self.is_set = True
        for listener in tuple(self._listeners):
            listener()

    def check(self) -> None:
        """Go no further if it is set.

        Raises:
            StoppedError: it is.
        """
        if self.is_set:
            raise StoppedError("the answer was given up before its end", "ask again")

    @contextmanager
    def tells(self, listener: Callable[[], None]) -> Iterator[None]:
        """Call `listener` if it is set meanwhile, for who waits and cannot look."""
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)


@dataclass(frozen=True, slots=True)
class Image:
    """A picture that a model reads: in a prompt placeholders stand among the tokens, the same for the same picture.

    digest: 16 hexadecimal digits, of its pixels.
    file: the picture, for instance as a JPEG.
    positions: how many tokens it counts as.
    cells: how many key/value cells it takes; more than `positions` where a model counts rows and columns.
    """

    digest: str
    file: bytes = field(repr=False)
    positions: int
    cells: int

    @property
    def number(self) -> int:
        """The placeholder: below 0, in 64 bits."""
        return -1 - (int(self.digest, 16) >> 1)

    @property
    def tokens(self) -> tuple[int, ...]:
        """What stands for it in a segment."""
        return (self.number,) * self.positions


@dataclass(frozen=True, slots=True)
class Prompt:
    """Tokens in segments, in reading order.

    What ends at the end of a segment is a state that a generator may keep and reuse: with the segments
    `(instructions, passage, question)` the state of `instructions + passage` does not depend on the
    question. The last segment is never kept; segments of several prompts that are alike are read once.

    `chosen` are the places, from 1 on and rising, of the tokens of the last segment whose log p is wanted; None is
    all of them. Each costs a product with the whole vocabulary, as much as reading a token.

    `images` are those that the segments before the last hold, by their placeholders.
    """

    segments: tuple[tuple[int, ...], ...]
    chosen: tuple[int, ...] | None = None
    images: tuple[Image, ...] = ()

    @property
    def asked(self) -> Sequence[int]:
        """The places, in the last segment, of the tokens whose log p is wanted: never the first."""
        return range(1, len(self.segments[-1])) if self.chosen is None else self.chosen

    def __len__(self) -> int:
        return sum(map(len, self.segments))


class Reading(Protocol):
    """k prompts that have been read, and what may come next after each.

    Use it as a context manager: it holds k sequences of the model until it is closed.
    """

    @property
    def log_probs(self) -> LogProbs:
        """(k, V) float32, natural log, rows normalised: the next token of each sequence."""

    @property
    def tails(self) -> Sequence[NDArray[np.float32]]:
        """For each prompt (m,) log p of the m tokens that are `asked`, given all before.

        With `(instructions, passage, question)` the sum over all is the query likelihood log p(x|z) (Sachan et al.
        2022, arXiv 2204.07496). Higher: the passage makes the question likelier.
        """

    def step(self, tokens: Sequence[int | None]) -> None:
        """Append one token to each sequence, all in one batch; a None leaves its sequence as it is.

        A sequence that rests keeps its row of `log_probs`.
        """

    def score(self, continuations: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """For each continuation (k, m) float32: log p of each of its m tokens under every prompt.

        Each continuation follows the prompts as they were read, whatever has been stepped since, and
        stepping goes on undisturbed.
        """

    def reorder(self, index: Sequence[int]) -> None:
        """Row i becomes what row `index[i]` was (for beams); a row may be taken twice or dropped."""

    def fork(self, index: Sequence[int]) -> Reading:
        """These of its prompts as they were read, as a reading of its own: nothing is read again.

        A prompt may be taken twice or left out. The two go on independently; close the fork first.
        """

    def __enter__(self) -> Reading: ...

    def __exit__(self, *exc: object) -> None: ...


class Reader(Protocol):
    """Who reads prompts."""

    def read(self, prompts: Sequence[Prompt]) -> Reading:
        """Read k prompts at once; shared segments once, kept states not at all.

        Raises:
            ModelError: the prompts do not fit the model's context.
            StoppedError: the question was given up.
        """


class LanguageModel(Reader, Protocol):
    """A language model. Deterministic: the same tokens give the same probabilities, to the bit if nobody else asks."""

    @property
    def name(self) -> str:
        """What people call it, with its quantisation: `gemma-3-270m Q4_K_M`."""

    @property
    def begin(self) -> tuple[int, ...]:
        """The tokens that every prompt starts with (the model's BOS, or nothing)."""

    def ends(self, token: int) -> bool:
        """Whether the model ends what it says with this token."""

    def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        """The tokens of `text`, without BOS; `special` reads `<start_of_turn>` and the like as one token.

        Text from documents and people is read with `special=False`, so that it cannot pose as a turn.
        """

    def detokenize(self, tokens: Sequence[int]) -> bytes:
        """The bytes of `tokens`; UTF-8 if they end at a character's end."""

    def chat(self, message: str) -> str | None:
        """`message` as a user's turn in the model's own template, ready for the reply; None: a base model."""

    def show(self, digest: str, file: bytes) -> Image | None:
        """A picture (its digest and its file) to be put in prompts; None: this model reads words alone.

        Raises:
            ModelError: it cannot be read.
        """

    def reserve(
        self, prompts: Sequence[Prompt], rows: int, tokens: int, stop: Stop, /
    ) -> AbstractContextManager[Reader]:
        """Room for one question beside others, before it begins: it waits for its turn, and then for nobody.

        Without a reservation `read` takes what is free at the moment.

        Args:
            prompts: all that will be read.
            rows: how many sequences will be stepped at a time, at most.
            tokens: how many tokens will follow a prompt, at most.
            stop: once it is set, what waits or reads ends with StoppedError.

        Raises:
            ModelError: the prompts do not fit the model's context.
            StoppedError: the question was given up while it waited.
        """
