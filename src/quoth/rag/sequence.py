"""RAG-Sequence (Lewis et al. 2020, section 2.5): each passage proposes answers, the mixture chooses.

    p(y|x) = sum_z p(z|x) prod_i p(y_i|x,z,y_<i)

*Thorough* decoding scores every proposal under every passage; *fast* decoding takes a proposal to be
impossible under the passages whose beam did not find it. Drawn answers are exact draws from the mixture:
a passage from the prior, then what it says.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np

from quoth.generators.base import Reading
from quoth.rag.beams import Allowed
from quoth.rag.hypotheses import Decoded, Decoding, Limits, Search, Tokens, nothing
from quoth.rag.marginal import Logs, sequence_posterior, sequence_token_log_probs, support, with_memory
from quoth.rag.memory import Memory
from quoth.rag.proposals import Proposals
from quoth.rag.sampling import draw_from_passages
from quoth.rag.scores import Members, Scores


def decode_sequence(
    reading: Reading,
    log_prior: Logs,
    memory: Memory,
    limits: Limits,
    search: Search,
    allowed: Sequence[Allowed] | None = None,
) -> Decoding:
    """Decode answers from k passages and the null passage.

    Yields what all proposals agree on as they grow, and the rest of the best one at the end.

    Args:
        reading: k prompts that have been read, one for each passage.
        log_prior: (k,) log p(z|x).
        memory: the null passage; it has no say in the answer.
        limits: where an answer ends.
        search: how to look for answers.
        allowed: for each passage, which tokens its proposals may go on with; by default all.
    """
    prior = with_memory(log_prior, memory.prior)
    with reading.fork(range(len(log_prior))) as passages:
        scores = Scores(passages, log_prior, search)
        told, ranked = yield from _find(passages, scores, log_prior, limits, search, allowed)
        yield limits.said(ranked[0])[told:]
        answers = ranked[: search.answers]
        behind_null = memory.score(answers)
        members = [np.concatenate([scores.members(y), row]) for y, row in zip(answers, behind_null, strict=True)]
    return [_decoded(y, limits, rows, prior, log_prior) for y, rows in zip(answers, members, strict=True)]


def _find(
    passages: Reading,
    scores: Scores,
    log_prior: Logs,
    limits: Limits,
    search: Search,
    allowed: Sequence[Allowed] | None,
) -> Generator[Tokens, None, tuple[int, list[Tokens]]]:
    """How many tokens were told on the way, and the answers found, best first."""
    if search.temperature:
        drawn = yield from draw_from_passages(passages, log_prior, limits, search)
        return len(drawn[0]) if search.answers == 1 else 0, limits.distinct(scores.best(drawn))
    proposals = Proposals(log_prior, scores, limits, search, allowed)
    told = yield from proposals.grow(passages)
    return told, limits.distinct(proposals.ranked()) or [()]


def _decoded(tokens: Tokens, limits: Limits, members: Members, prior: Logs, log_prior: Logs) -> Decoded:
    """An answer with its evidence; `members` (k+1, m) and `prior` (k+1,) have the null passage last."""
    logs, spoken = sequence_token_log_probs(log_prior, members[:-1]), len(limits.said(tokens))
    if not spoken:
        return nothing(prior, float(logs.sum()))
    posterior = sequence_posterior(prior, members)[:, :spoken]
    said, total = support(posterior[:, -1:]), float(logs.sum())
    return Decoded(tokens[:spoken], logs[:spoken], posterior, posterior[:, -1], said, total)
