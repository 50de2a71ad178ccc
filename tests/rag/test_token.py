"""Greedy RAG-Token against brute force over the vocabulary."""

import numpy as np
import pytest

from quoth.rag import Search, decode_token, with_memory
from quoth.rag.abstain import is_from_memory
from toy import END, null


def flat(prompt):
    return sum(prompt.segments, ())


def brute_force(model, prompts, prior, most):
    """The tokens, the mixture's probability of each and of the stop, and each member's of each token."""
    said, mixed, members = (), [], []
    while len(said) < most:
        rows = np.exp([model.after(flat(prompt), said) for prompt in prompts])
        mixture = np.exp(prior) @ rows[:-1]
        token = int(mixture.argmax())
        mixed.append(mixture[token])
        if token == END:
            break
        said += (token,)
        members.append(rows[:, token])
    return said, mixed, members


@pytest.mark.parametrize("seed", range(40))
def test_the_answer_is_that_of_brute_force(case, limits, decoded, seed):
    model, prompts, prior = case(seed, k=1 + seed % 4)
    said, mixed, members = brute_force(model, prompts, prior, most=5)
    with model.read(prompts[:-1]) as reading, null(model, prompts, 0.2) as memory:
        told, result = decoded(decode_token(reading, prior, memory, limits(model), Search()))
    assert told == result.tokens == said
    assert result.log_prob == pytest.approx(np.log(mixed).sum(), abs=1e-4)
    np.testing.assert_allclose(result.log_probs, np.log(mixed[: len(said)]), atol=1e-5)
    joint = np.exp(with_memory(prior, 0.2))[:, None] * np.array(members).reshape(-1, len(prompts)).T
    np.testing.assert_allclose(result.posterior, joint / joint.sum(axis=0), atol=1e-5)
    assert result.weights.sum() == pytest.approx(1)


def test_tokens_may_come_from_different_passages(case, limits, decoded):
    """What RAG-Sequence cannot say: each token's provenance is its own."""
    model, prompts, _ = case(0, k=2, says={"z0.0": "aab", "z0.1": "aac"})
    with model.read(prompts[:-1]) as reading, null(model, prompts) as memory:
        _, result = decoded(decode_token(reading, np.log([0.6, 0.4]), memory, limits(model), Search()))
    assert result.tokens == tuple(b"aab")
    np.testing.assert_allclose(result.posterior[:2, 1], [0.6, 0.4], atol=0.05)
    assert result.posterior[0, 2] > 0.99


def test_nothing_said(case, limits, decoded):
    model, prompts, prior = case(0, says={"z0.": ""})
    with model.read(prompts[:-1]) as reading, null(model, prompts) as memory:
        told, result = decoded(decode_token(reading, prior, memory, limits(model), Search()))
    assert told == result.tokens == ()
    np.testing.assert_allclose(result.weights, np.exp(with_memory(prior, 0.1)))
    assert -0.01 < result.log_prob <= 0
    assert is_from_memory(result)


def test_the_limit(case, limits, decoded):
    model, prompts, prior = case(0, says={"z0.": "abcabc"})
    with model.read(prompts[:-1]) as reading, null(model, prompts) as memory:
        told, result = decoded(decode_token(reading, prior, memory, limits(model, 4), Search()))
    assert told == tuple(b"abca")
    assert result.posterior.shape == (4, 4)
