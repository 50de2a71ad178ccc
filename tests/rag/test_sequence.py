"""Thorough decoding against brute force over the same proposals."""

import numpy as np
import pytest

from quoth.rag import Search, decode_sequence, with_memory
from quoth.rag.abstain import is_from_memory
from toy import END, null

SEEDS = range(40)


def flat(prompt):
    return sum(prompt.segments, ())


def greedy(model, prompt, most):
    """The model's own greedy answer, with the token that ends it."""
    said = ()
    while len(said) < most and END not in said:
        said += (int(model.after(flat(prompt), said).argmax()),)
    return said


def likelihood(model, prompt, said):
    """log p(y|x,z), one token after the other."""
    return sum(float(model.after(flat(prompt), said[:i])[token]) for i, token in enumerate(said))


def brute_force(model, prompts, prior, most):
    """The proposal with the highest sum_z p(z|x) p(y|x,z), and that sum."""
    proposals = [greedy(model, prompt, most) for prompt in prompts[:-1]]
    joint = [
        sum(np.exp(p + likelihood(model, z, y)) for p, z in zip(prior, prompts[:-1], strict=True)) for y in proposals
    ]
    best = int(np.argmax(joint))
    return proposals[best], joint[best]


def decode(case, limits, decoded, memory=0.1, most=5):
    model, prompts, prior = case
    with model.read(prompts[:-1]) as reading, null(model, prompts, memory) as behind:
        return decoded(decode_sequence(reading, prior, behind, limits(model, most), Search()))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_answer_is_that_of_brute_force(case, limits, decoded, seed):
    model, prompts, prior = case(seed, k=1 + seed % 4)
    best, probability = brute_force(model, prompts, prior, most=5)
    told, result = decode((model, prompts, prior), limits, decoded)
    spoken = best[:-1] if best[-1] == END else best
    assert result.tokens == told == spoken
    assert result.log_prob == pytest.approx(np.log(probability), abs=1e-4)


def test_the_cases_are_worth_their_name(case):
    """The proposals differ, end and do not end, and the first is not always the best."""
    ended, firsts = set(), set()
    for seed in SEEDS:
        model, prompts, prior = case(seed)
        best, _ = brute_force(model, prompts, prior, most=5)
        ended.add(best[-1] == END)
        firsts.add(best == greedy(model, prompts[0], 5))
    assert ended == firsts == {True, False}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_evidence_is_bayes_rule(case, limits, decoded, seed):
    model, prompts, prior = case(seed)
    _, result = decode((model, prompts, prior), limits, decoded, memory=0.3)
    m = len(result.tokens)
    assert result.posterior.shape == (4, m) and result.log_probs.shape == (m,)
    if not m:
        np.testing.assert_allclose(result.weights, np.exp(with_memory(prior, 0.3)))
        return
    joint = [
        np.exp(p + likelihood(model, z, result.tokens)) for p, z in zip(with_memory(prior, 0.3), prompts, strict=True)
    ]
    np.testing.assert_allclose(result.weights, np.array(joint) / sum(joint), atol=1e-5)
    np.testing.assert_allclose(result.posterior.sum(axis=0), 1, atol=1e-9)
    np.testing.assert_allclose(result.posterior[:, -1], result.weights)
    # Without the stop, the tokens' log-probabilities sum to the marginal of what was said.
    spoken = np.log(sum(joint[:-1]) / 0.7)
    assert result.log_probs.sum() == pytest.approx(spoken, abs=1e-4)


def test_what_all_agree_on_comes_early(case, limits, decoded):
    model, prompts, prior = case(0, says={"z0.": "abba"})
    with model.read(prompts[:-1]) as reading, null(model, prompts) as memory:
        pieces = list(decode_sequence(reading, prior, memory, limits(model, 9), Search()))
    assert [piece for piece in pieces if piece] == [tuple(b"a"), tuple(b"b"), tuple(b"b"), tuple(b"a")]


def test_what_they_do_not_agree_on_comes_last(case, limits):
    model, prompts, _ = case(0, says={"z0.0": "abc", "z0.1": "aba", "z0.2": "a"})
    with model.read(prompts[:-1]) as reading, null(model, prompts) as memory:
        pieces = list(decode_sequence(reading, np.log([0.8, 0.1, 0.1]), memory, limits(model, 9), Search()))
    assert [piece for piece in pieces if piece] == [tuple(b"a"), tuple(b"bc")]


def test_nothing_said(case, limits, decoded):
    told, result = decode(case(0, says={"z0.": ""}), limits, decoded)
    assert told == result.tokens == ()
    assert result.posterior.shape == (4, 0)
    assert result.weights[-1] == pytest.approx(0.1)
    assert is_from_memory(result)


def test_memory_carries_what_the_null_passage_says_best(case, limits, decoded):
    """All say the same; only the priors decide whose it is, and memory has no say in the answer."""
    made = case(0, says={"?": "abc"})
    told, result = decode(made, limits, decoded, memory=0.9)
    assert told == tuple(b"abc")
    assert result.weights[-1] == pytest.approx(0.9, abs=1e-3)
    assert is_from_memory(result)
    told, result = decode(made, limits, decoded, memory=0.1)
    assert told == tuple(b"abc")
    assert not is_from_memory(result)


def test_the_limit(case, limits, decoded):
    told, result = decode(case(0, says={"z0.": "abcabc"}), limits, decoded, most=4)
    assert told == result.tokens == tuple(b"abca")
    told, _ = decode(case(0, says={"z0.": "abcabc"}), limits, decoded, most=1)
    assert told == tuple(b"a")
