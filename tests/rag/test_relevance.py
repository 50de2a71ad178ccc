"""The generator's word on the passages, beside the retriever's."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from quoth.rag.relevance import BOUND, NEGLIGIBLE, gains, relevance, weighty

logs = st.floats(-200, 0)


def test_by_hand():
    prior, likelihood = np.log([0.5, 0.5]), np.log([0.04, 0.01])
    # (.04 / .01) ** .5 = 2: the odds
    np.testing.assert_allclose(np.exp(relevance(prior, likelihood, 0.5)), [2 / 3, 1 / 3])
    np.testing.assert_allclose(np.exp(relevance(prior, likelihood, 1.0)), [4 / 5, 1 / 5])
    np.testing.assert_allclose(np.exp(relevance(prior, likelihood, 0.0)), [1 / 2, 1 / 2])


def test_gains_by_hand():
    tails = [np.log(p).astype(np.float32) for p in ([0.5, 0.2], [0.25, 0.1], [0.25, 0.05])]
    # the medians are .25 and .1: twice as likely and twice as likely; as they; as likely and half as likely
    np.testing.assert_allclose(np.exp(gains(tails)), [4.0, 1.0, 0.5], rtol=1e-6)


def test_no_token_says_more_than_the_bound():
    """What copies the question is far ahead in each token, and is heard as if it were a little ahead."""
    copied, fitting, off = np.zeros(2, np.float32), np.array([-14.0, -0.5], np.float32), np.full(2, -20.0, np.float32)
    np.testing.assert_allclose(gains([copied, fitting, off]), [BOUND + 0.5, 0.0, -6.0 - 19.5])


def test_a_question_without_tokens_tells_nothing():
    assert gains([np.zeros(0, np.float32)] * 2).tolist() == [0.0, 0.0]


def test_a_question_that_all_explain_alike_leaves_the_prior():
    prior = np.log([0.7, 0.2, 0.1])
    np.testing.assert_allclose(relevance(prior, np.full(3, -40.0), 0.5), prior)


@given(st.lists(st.tuples(logs, logs), min_size=1, max_size=6))
def test_it_sums_to_one_and_follows_its_passage(pairs):
    prior, likelihood = np.array(pairs).T
    said = relevance(prior, likelihood, 0.5)
    assert abs(np.logaddexp.reduce(said)) < 1e-9
    np.testing.assert_allclose(relevance(prior[::-1], likelihood[::-1], 0.5), said[::-1], atol=1e-9)


def test_the_negligible_is_left_out():
    # .0004 + .0005 = .0009 is below a thousandth together, with .02 it is not
    assert weighty(np.log([0.0004, 0.9, 0.0005, 0.0791, 0.02])) == [1, 3, 4]
    assert weighty(np.zeros(1)) == [0]


@given(st.lists(st.floats(-20, 0), min_size=1, max_size=50))
def test_what_is_left_out_is_within_the_bound(logs):
    prior = np.array(logs) - np.logaddexp.reduce(logs)
    kept = weighty(prior)
    assert kept == sorted(set(kept)) and kept
    assert 1 - np.exp(prior[kept]).sum() <= NEGLIGIBLE + 1e-9
