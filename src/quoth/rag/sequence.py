"""RAG-Sequence (Lewis et al. 2020, section 2.5): each passage proposes answers, the mixture chooses.

    p(y|x) = sum_z p(z|x) prod_i p(y_i|x,z,y_<i)

*Thorough* decoding scores every proposal under every passage; *fast* decoding takes a proposal to be
impossible under the passages whose beam did not find it. Drawn answers are exact draws from the mixture:
a passage from the prior, then what it says.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from quoth.generators.base import Reading
from quoth.rag.beams import Allowed
from quoth.rag.hypotheses import Decoded, Decoding, Limits, Search, Tokens, nothing
from quoth.rag.marginal import Logs, sequence_posterior, sequence_token_log_probs, with_memory
from quoth.rag.proposals import Proposals
from quoth.rag.sampling import draw_from_passages
from quoth.rag.scores import Members, Scores


def decode_sequence(
    reading: Reading,
    log_prior: Logs,
    memory_prior: float,
    limits: Limits,
    search: Search,
    allowed: Sequence[Allowed] | None = None,
) -> Decoding:
    """Decode answers from k passages and the null passage.

    Yields what all proposals agree on as they grow, and the rest of the best one at the end.

    Args:
        reading: k+1 prompts that have been read, the null passage last.
        log_prior: (k,) log p(z|x).
        memory_prior: the prior of the null passage in the provenance; it has no say in the answer.
        limits: where an answer ends.
        search: how to look for answers.
        allowed: for each passage, which tokens its proposals may go on with; by default all.
    """
    scores = Scores(reading, log_prior, search)
    told, ranked = yield from _find(reading, scores, log_prior, limits, search, allowed)
    prior = with_memory(log_prior, memory_prior)
    yield limits.said(ranked[0])[told:]
    wanted = ranked[: search.answers]
    return [_decoded(tokens, len(limits.said(tokens)), scores.members(tokens), prior, log_prior) for tokens in wanted]


def _find(
    reading: Reading,
    scores: Scores,
    log_prior: Logs,
    limits: Limits,
    search: Search,
    allowed: Sequence[Allowed] | None,
) -> Generator[Tokens, None, tuple[int, list[Tokens]]]:
    """How many tokens were told on the way, and the answers found, best first."""
    if search.temperature:
        drawn = yield from draw_from_passages(reading, log_prior, limits, search)
        return len(drawn[0]) if search.answers == 1 else 0, limits.distinct(scores.best(drawn))
    proposals = Proposals(log_prior, scores, limits, search, allowed)
    with reading.fork(range(len(log_prior))) as passages:
        told = yield from proposals.grow(passages)
    return told, limits.distinct(proposals.ranked()) or [()]


def _decoded(tokens: Tokens, spoken: int, members: Members, prior: Logs, log_prior: Logs) -> Decoded:
    """An answer of which `spoken` tokens are said, with its evidence; `prior` is that with the null passage."""
    logs = sequence_token_log_probs(log_prior, members[:-1])
    if not spoken:
        return nothing(prior, float(logs.sum()))
    posterior = sequence_posterior(prior, members)[:, :spoken]
    return Decoded(tokens[:spoken], logs[:spoken], posterior, posterior[:, -1], float(logs.sum()))
