"""What waits to be decoded, and how much of each goes into the next batch.

Requests that wait at the same time are read in one batch, as continuous batching does (Orca: Yu et al., OSDI 2022); a
long one goes in pieces between which the steps of others find room (chunked prefill: Agrawal et al. 2023, arXiv
2308.16369). Each batch is shared max-min fairly: nobody gets less than an equal part who could use more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from quoth.errors import ModelError
from quoth.types import LogProbs

# The most tokens that one request puts into a batch: what the runtime computes at once anyway.
BATCH = 512
# Of several questions together: so long waits who comes just too late, about half a second with the default model.
SHARED_BATCH = 128
# Logits are a row of the whole vocabulary each (1 MB for Gemma); the runtime wants room for one a sequence.
MAX_OUTPUTS = 64


@dataclass(frozen=True, slots=True)
class Entry:
    """One token of a batch: it is put at `position` of `sequence`; `output` asks what comes next."""

    sequence: int
    position: int
    token: int
    output: bool = False


def entries(sequence: int, start: int, tokens: Sequence[int], outputs: int = 0) -> list[Entry]:
    """The tokens of one sequence from position `start`; the last `outputs` of them ask what comes next."""
    first = len(tokens) - outputs
    return [Entry(sequence, start + i, token, i >= first) for i, token in enumerate(tokens)]


@dataclass(slots=True, eq=False)
class Request:
    """Entries of one question that wait.

    rest: what is not read yet.
    logits: (n, V) float32 of what the last batch read, not normalised; None while it waits.
    error: why it could not be read.
    """

    rest: Sequence[Entry]
    logits: LogProbs | None = None
    error: ModelError | None = None

    @property
    def is_done(self) -> bool:
        """Whether some of it was read, or cannot be."""
        return self.logits is not None or self.error is not None


Part = tuple[Request, Sequence[Entry]]


def next_batch(waiting: Sequence[Request], tokens: int, outputs: int = MAX_OUTPUTS) -> list[Part]:
    """The beginning of each request, as long as an equal share of what is left, the shortest first.

    Args:
        waiting: in order of arrival; where there are more than `tokens` or `outputs`, the last ones wait on.
        tokens: the most entries of the batch.
        outputs: the most of them that ask.
    """
    parts: list[Part] = []
    chosen = sorted(waiting[: min(tokens, outputs)], key=lambda request: len(request.rest))
    for left, request in zip(range(len(chosen), 0, -1), chosen, strict=True):
        part = _beginning(request.rest, tokens // left, outputs // left)
        parts.append((request, part))
        tokens -= len(part)
        outputs -= sum(entry.output for entry in part)
    return parts


def _beginning(batch: Sequence[Entry], tokens: int, outputs: int) -> Sequence[Entry]:
    """The first entries, at most `tokens`, of which at most `outputs` ask."""
    asking = 0
    for i, entry in enumerate(batch[:tokens]):
        asking += entry.output
        if asking > outputs:
            return batch[:i]
    return batch[:tokens]
