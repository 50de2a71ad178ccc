"""The mixture: numbers worked by hand, then properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quoth.rag.marginal import (
    mass,
    sequence_log_prob,
    sequence_posterior,
    sequence_token_log_probs,
    support,
    token_log_probs,
    token_posterior,
    with_memory,
)
from quoth.rag.marginal import mixture as next_log_probs

# Two passages with priors 3/4 and 1/4, an answer of two tokens.
PRIOR = np.log([0.75, 0.25])
MEMBER = np.log([[0.2, 0.5], [0.6, 0.1]]).astype(np.float32)


@st.composite
def mixtures(draw, size=5, below=30.0):
    """(k,) a normalised log prior and (k, m) log-probabilities."""
    k, m = draw(st.integers(1, size)), draw(st.integers(1, size))
    numbers = st.floats(-below, 0, width=32)
    prior = np.array(draw(st.lists(numbers, min_size=k, max_size=k)), np.float64)
    rows = draw(st.lists(st.lists(numbers, min_size=m, max_size=m), min_size=k, max_size=k))
    return prior - np.logaddexp.reduce(prior), np.array(rows, np.float32)


def test_sequence_by_hand():
    # 3/4 * .2 * .5 + 1/4 * .6 * .1 = .075 + .015
    assert sequence_log_prob(PRIOR, MEMBER) == pytest.approx(np.log(0.09), abs=1e-6)


def test_sequence_tokens_by_hand():
    # First 3/4 * .2 + 1/4 * .6 = .3; then .09 / .3 = .3
    np.testing.assert_allclose(np.exp(sequence_token_log_probs(PRIOR, MEMBER)), [0.3, 0.3], atol=1e-6)


def test_token_by_hand():
    # First .3 as above; second 3/4 * .5 + 1/4 * .1 = .4: the answer has .12, more than RAG-Sequence gives.
    np.testing.assert_allclose(np.exp(token_log_probs(PRIOR, MEMBER)), [0.3, 0.4], atol=1e-6)


def test_sequence_posterior_by_hand():
    # After the first token .15 : .15; after both .075 : .015.
    np.testing.assert_allclose(sequence_posterior(PRIOR, MEMBER), [[1 / 2, 5 / 6], [1 / 2, 1 / 6]], atol=1e-6)


def test_token_posterior_by_hand():
    # Second token by itself: 3/4 * .5 : 1/4 * .1 = .375 : .025.
    np.testing.assert_allclose(token_posterior(PRIOR, MEMBER), [[1 / 2, 15 / 16], [1 / 2, 1 / 16]], atol=1e-6)


def test_memory_by_hand():
    np.testing.assert_allclose(np.exp(with_memory(PRIOR, 0.2)), [0.6, 0.2, 0.2])
    np.testing.assert_allclose(np.exp(with_memory(np.zeros(0), 0.1)), [0.1])


def test_next_tokens_by_hand():
    rows = np.log([[0.1, 0.5, 0.4], [0.9, 0.06, 0.04]]).astype(np.float32)
    # .75 * .1 + .25 * .9 = .3, .75 * .5 + .25 * .06 = .39, .75 * .4 + .25 * .04 = .31
    np.testing.assert_allclose(np.exp(next_log_probs(PRIOR, rows)), [0.3, 0.39, 0.31], atol=1e-6)
    # Without the strongest: .3 - .225, .39 - .375, .31 - .3
    np.testing.assert_allclose(np.exp(next_log_probs(PRIOR, rows, robust=True)), [0.075, 0.015, 0.01], atol=1e-6)


def test_mass_by_hand():
    joint = np.log([0.3, 0.2, 0.1])
    assert mass(joint) == pytest.approx(np.log(0.6))
    assert mass(joint, robust=True) == pytest.approx(np.log(0.3))
    assert mass(joint[:1], robust=True) == -np.inf


@given(mixtures(), st.integers(0, 4), st.floats(-30, 0))
def test_no_passage_can_give_more_than_the_others_have(mixture, who, says):
    """Whatever one passage says of an answer, the robust mass is between two figures of the others alone."""
    joint = mixture[0] + mixture[1].sum(axis=1, dtype=np.float64)
    joint[who % len(joint)] = says
    others = np.delete(joint, who % len(joint))
    assert mass(others, robust=True) - 1e-9 <= mass(joint, robust=True) <= mass(others) + 1e-9


@given(mixtures(below=300))
def test_posteriors_are_distributions(mixture):
    for posterior in (sequence_posterior(*mixture), token_posterior(*mixture)):
        assert posterior.shape == mixture[1].shape
        assert posterior.min() >= 0
        np.testing.assert_allclose(posterior.sum(axis=0), 1, atol=1e-9)


@given(mixtures(size=6))
def test_sequence_tokens_sum_to_the_sequence(mixture):
    total = sequence_token_log_probs(*mixture).sum()
    assert total == pytest.approx(sequence_log_prob(*mixture), abs=1e-6)


@given(mixtures())
def test_a_single_passage_gives_its_own_likelihood(mixture):
    member = mixture[1][:1]
    alone = np.zeros(1)
    assert sequence_log_prob(alone, member) == pytest.approx(member.sum(dtype=np.float64), abs=1e-6)
    np.testing.assert_allclose(token_log_probs(alone, member), member[0], atol=1e-6)
    np.testing.assert_allclose(sequence_token_log_probs(alone, member), member[0], atol=1e-5)
    assert (sequence_posterior(alone, member) == 1).all()


@given(mixtures(), st.randoms())
def test_the_order_of_passages_does_not_matter(mixture, random):
    prior, member = mixture
    order = random.sample(range(len(prior)), len(prior))
    shuffled = prior[order], member[order]
    assert sequence_log_prob(*shuffled) == pytest.approx(sequence_log_prob(*mixture), abs=1e-9)
    np.testing.assert_allclose(token_log_probs(*shuffled), token_log_probs(*mixture), atol=1e-9)
    for posterior in (sequence_posterior, token_posterior):
        np.testing.assert_allclose(posterior(*shuffled), posterior(*mixture)[order], atol=1e-9)


@given(mixtures(), st.floats(0.001, 0.999))
def test_memory_takes_its_share_and_leaves_the_rest_alike(mixture, memory):
    prior = mixture[0]
    whole = with_memory(prior, memory)
    assert np.logaddexp.reduce(whole) == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(whole[:-1] - whole[0], prior - prior[0], atol=1e-9)


@settings(max_examples=60)
@given(mixtures(size=6))
def test_next_tokens_are_those_of_the_formula(mixture):
    prior, logits = mixture
    log_probs = logits - np.logaddexp.reduce(logits, axis=1)[:, None]
    one_by_one = [token_log_probs(prior, log_probs[:, [t]])[0] for t in range(log_probs.shape[1])]
    np.testing.assert_allclose(np.exp(next_log_probs(prior, log_probs)), np.exp(one_by_one), atol=1e-5)


@given(mixtures())
def test_a_passage_twice_is_a_passage_with_twice_the_prior(mixture):
    prior, member = mixture
    twice = np.append(prior, prior[0])
    double = prior + np.where(np.arange(len(prior)) == 0, np.log(2), 0)
    both, doubled = np.concatenate([member, member[:1]]), member
    assert sequence_log_prob(twice, both) == pytest.approx(sequence_log_prob(double, doubled), abs=1e-9)
    np.testing.assert_allclose(token_log_probs(twice, both), token_log_probs(double, doubled), atol=1e-9)
    assert sequence_posterior(twice, both)[[0, -1]].sum(axis=0) == pytest.approx(sequence_posterior(double, doubled)[0])


def test_support_by_hand():
    """Memory has .2 and .5: odds of 4 and 1, and of 4 together."""
    posterior = np.array([[0.8, 0.5], [0.2, 0.5]])
    assert support(posterior[:, :1]) == pytest.approx(np.log(4))
    assert support(posterior) == pytest.approx(np.log(4))
    assert support(np.array([[0.0], [1.0]])) == pytest.approx(-support(np.array([[1.0], [0.0]])))
