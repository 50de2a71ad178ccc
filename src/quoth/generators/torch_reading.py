"""Prompts that a torch model has read, and what may come next after each.

What causal models and encoder-decoders share: rows are kept in blocks of tensors that are never changed, so
that a reordered or resting row costs nothing until it moves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from transformers.cache_utils import Cache, DynamicCache, DynamicLayer

from quoth.generators.base import Prompt
from quoth.types import LogProbs

Layers = list[tuple[torch.Tensor, torch.Tensor]]
"""Keys and values of each layer, (n, heads, t, d)."""

Scores = list[NDArray[np.float32]]

# Rows that are scored at once, and the logits that are held at once (256 MB): a vocabulary is large.
MAX_ROWS = 32
MAX_LOGITS = 64 << 20


def asked_of(prompts: Sequence[Prompt], scores: Scores) -> Scores:
    """The log p of the tokens that each prompt asks about, of those of its last segment but the first."""
    return [row[[i - 1 for i in prompt.asked]] for prompt, row in zip(prompts, scores, strict=True)]


class Rows(Protocol):
    """n sequences that have been read, as tensors that stay as they are."""

    def __len__(self) -> int:
        """The number of rows, n."""

    def take(self, index: Sequence[int]) -> Rows:
        """The rows of this index; a row may be taken twice."""

    def step(self, tokens: Sequence[int]) -> tuple[LogProbs, Rows]:
        """One more token for each row: (n, V) what may follow, and the rows with it."""

    def score(self, continuations: Sequence[Sequence[int]]) -> Scores:
        """For each row's own continuation of m tokens, (m-1,) log p of all its tokens but the first."""


class TorchReading:
    """k prompts that have been read; see `quoth.generators.base.Reading`."""

    def __init__(self, prompts: Rows, after: LogProbs, tails: Callable[[], Scores]) -> None:
        """Begin with what was read.

        Args:
            prompts: the k rows.
            after: (k, V) what may follow them.
            tails: how likely the tokens of the last segments were; called when it is asked for.
        """
        self._prompts = prompts
        self._after = after
        self._log_probs = after.copy()
        self._compute_tails = tails
        self._tails: Scores | None = None
        self._rows: list[tuple[Rows, int]] = [(prompts, i) for i in range(len(prompts))]

    def __enter__(self) -> TorchReading:
        return self

    def __exit__(self, *exc: object) -> None:
        """Let go of the tensors."""
        self._rows = []

    @property
    def log_probs(self) -> LogProbs:
        """(k, V) float32, natural log, rows normalised: the next token of each sequence."""
        return self._log_probs

    @property
    def tails(self) -> Scores:
        """For each prompt (m-1,) log p of the m tokens of its last segment but the first."""
        if self._tails is None:
            self._tails = self._compute_tails()
        return self._tails

    def step(self, tokens: Sequence[int | None]) -> None:
        """Append one token to each sequence, all in one batch; a None leaves its sequence as it is."""
        moving = {i: token for i, token in enumerate(tokens) if token is not None}
        blocks = {id(self._rows[i][0]): self._rows[i][0] for i in moving}
        for block in blocks.values():
            members = [i for i in moving if self._rows[i][0] is block]
            index = [self._rows[i][1] for i in members]
            after, moved = _taken(block, index).step([moving[i] for i in members])
            self._log_probs[members] = after
            for new, i in enumerate(members):
                self._rows[i] = (moved, new)

    def score(self, continuations: Sequence[Sequence[int]]) -> Scores:
        """For each continuation (k, m) float32: log p of each of its m tokens under every prompt."""
        k = len(self._prompts)
        pairs = [(i, tokens) for tokens in continuations if len(tokens) > 1 for i in range(k)]
        rest: Scores = []
        for start in range(0, len(pairs), MAX_ROWS):
            batch = pairs[start : start + MAX_ROWS]
            rest += self._prompts.take([i for i, _ in batch]).score([tokens for _, tokens in batch])
        scored = iter(rest)
        return [self._arrange(tokens, list(islice(scored, k if len(tokens) > 1 else 0))) for tokens in continuations]

    def reorder(self, index: Sequence[int]) -> None:
        """Row i becomes what row `index[i]` was."""
        self._rows = [self._rows[i] for i in index]
        self._log_probs = self._log_probs[list(index)]

    def fork(self, index: Sequence[int]) -> TorchReading:
        """These of its prompts as they were read, as a reading of its own."""
        chosen = list(index)
        return TorchReading(_taken(self._prompts, chosen), self._after[chosen], lambda: [self.tails[i] for i in chosen])

    def _arrange(self, tokens: Sequence[int], rest: Scores) -> NDArray[np.float32]:
        """The first token's log p, known from the reading, then those of the others: (k, m)."""
        first = self._after[:, list(tokens[:1])]
        return np.concatenate([first, np.stack(rest)], axis=1) if rest else first


def _taken(rows: Rows, index: Sequence[int]) -> Rows:
    """The rows of this index, without a copy where they are all, in order."""
    return rows if list(index) == list(range(len(rows))) else rows.take(index)


def pad_right(rows: Sequence[Sequence[int]], device: torch.device) -> torch.Tensor:
    """(n, m) int64: the rows, with zeros after the shorter ones."""
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[0] * (longest - len(row))] for row in rows], device=device)


def gather(log_probs: torch.Tensor, start: int, rows: Sequence[Sequence[int]]) -> Scores:
    """For each row its targets' log p, of those that lie in this piece of columns.

    Args:
        log_probs: (n, c, V) what follows columns `start` to `start + c`.
        start: the first column of the piece.
        rows: (n,) rows of targets; target j is what follows column j.
    """
    targets = [row[start : start + log_probs.shape[1]] for row in rows]
    padded = pad_right([[*row, 0] for row in targets], log_probs.device)[:, : log_probs.shape[1]]
    found = log_probs[:, : padded.shape[1]].gather(2, padded[..., None])[..., 0].cpu().numpy()
    return [found[i, : len(row)] for i, row in enumerate(targets)]


def as_numpy(log_probs: torch.Tensor) -> LogProbs:
    """The tensor in numpy's memory, float32."""
    return np.asarray(log_probs.float().cpu().numpy())


def cache_of(layers: Layers) -> Cache:
    """A cache for a forward pass that holds these tensors and, growing, makes new ones."""
    if not layers:
        return DynamicCache()
    made = []
    for keys, values in layers:
        layer = DynamicLayer()
        layer.lazy_initialization(keys, values)
        layer.keys, layer.values = keys, values
        made.append(layer)
    return Cache(layers=made)


def layers_of(cache: Cache) -> Layers:
    """The tensors of a cache."""
    return [(layer.keys, layer.values) for layer in cache.layers]
