"""RAG-Token (Lewis et al. 2020, section 2.5): every token from the mixture of all passages.

    p(y|x) = prod_i sum_z p(z|x) p(y_i|x,z,y_<i)

A beam searches the mixture as if it were one model. All passages take the same token, so each token's
provenance is exact as soon as it is chosen.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from quoth.generators.base import Reading
from quoth.rag.beams import Beam, common_prefix
from quoth.rag.hypotheses import Decoded, Decoding, Limits, Search, Tokens, nothing
from quoth.rag.marginal import Logs, mixture, support, token_log_probs, token_posterior, with_memory
from quoth.rag.memory import Memory
from quoth.rag.sampling import draw_from_mixture
from quoth.rag.scores import Members


def decode_token(reading: Reading, log_prior: Logs, memory: Memory, limits: Limits, search: Search) -> Decoding:
    """Decode answers from k passages and the null passage, token by token.

    Yields what all hypotheses agree on as they grow: with one beam each token as it is chosen.

    Args:
        reading: k prompts that have been read, one for each passage.
        log_prior: (k,) log p(z|x).
        memory: the null passage; it has no say in the answer.
        limits: where an answer ends.
        search: how to look for answers.
    """
    if search.temperature:
        drawn = yield from draw_from_mixture(reading, log_prior, limits, search)
        members: dict[Tokens, Members] = dict(zip(drawn, reading.score(drawn), strict=True))
        told, found = len(drawn[0]) if search.answers == 1 else 0, list(members)
    else:
        hypotheses = _Hypotheses(log_prior, limits, search)
        with reading.fork(range(len(log_prior))) as rows:
            told = yield from hypotheses.grow(rows)
        members = {one.tokens: hypotheses.members(one.tokens) for one in hypotheses.beam.finished}
        found = list(members)
    totals = {tokens: float(token_log_probs(log_prior, members[tokens]).sum()) for tokens in found}
    if not search.robust:
        found.sort(key=lambda tokens: -search.score(totals[tokens], len(tokens)))
    found = limits.distinct(found)
    yield limits.said(found[0])[told:]
    found, prior = found[: search.answers], with_memory(log_prior, memory.prior)
    behind_null = zip(found, memory.score(found), strict=True)
    rows_of = {tokens: np.concatenate([members[tokens], row]) for tokens, row in behind_null}
    return [_decoded(tokens, rows_of[tokens], limits, log_prior, prior) for tokens in found]


def _decoded(tokens: Tokens, members: Members, limits: Limits, log_prior: Logs, prior: Logs) -> Decoded:
    """An answer with its evidence; `members` (k+1, m) has the null passage last, as `prior` has."""
    logs = token_log_probs(log_prior, members[:-1])
    spoken = len(limits.said(tokens))
    if not spoken:
        return nothing(prior, float(logs.sum()))
    posterior = token_posterior(prior, members[:, :spoken])
    weights, total = posterior.mean(axis=1), float(logs.sum())
    return Decoded(tokens[:spoken], logs[:spoken], posterior, weights, support(posterior), total)


class _Hypotheses:
    """A beam over the mixture; each hypothesis has k rows of the reading."""

    def __init__(self, log_prior: Logs, limits: Limits, search: Search) -> None:
        self._log_prior = log_prior
        self._limits = limits
        self._robust = search.robust
        self._columns: dict[Tokens, Members] = {}
        self.beam = Beam(search, limits)

    def grow(self, reading: Reading) -> Generator[Tokens, None, int]:
        """Grow to the end; yields what all agree on, returns how many tokens that was."""
        told, size = 0, len(self._log_prior)
        while self.beam.alive:
            self._advance(reading, size)
            everything = [one.tokens for one in (*self.beam.finished, *self.beam.alive)]
            agreed = common_prefix(everything, self._limits)
            if agreed > told:
                yield everything[0][told:agreed]
                told = agreed
            rows = [parent * size + i for parent in self.beam.parents for i in range(size)]
            if rows and rows != list(range(len(reading.log_probs))):
                reading.reorder(rows)
            if rows:
                reading.step([one.tokens[-1] for one in self.beam.alive for _ in range(size)])
        return told

    def members(self, tokens: Tokens) -> Members:
        """(k, m) log p of each token under each passage."""
        return np.stack([self._columns[tokens[: i + 1]] for i in range(len(tokens))], axis=1)

    def _advance(self, reading: Reading, size: int) -> None:
        blocks = [reading.log_probs[start : start + size] for start in range(0, len(reading.log_probs), size)]
        before = self.beam.alive
        self.beam.advance(np.stack([mixture(self._log_prior, rows, robust=self._robust) for rows in blocks]))
        for one in (*self.beam.alive, *self.beam.finished):
            if one.tokens not in self._columns:
                parent = [old.tokens for old in before].index(one.tokens[:-1])
                self._columns[one.tokens] = blocks[parent][:, one.tokens[-1]].copy()
