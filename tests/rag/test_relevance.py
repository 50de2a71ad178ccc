"""The generator's word on the passages, beside the retriever's."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from quoth.rag.relevance import NEGLIGIBLE, query_likelihood, relevance, weighty

logs = st.floats(-200, 0)


def test_by_hand():
    prior, likelihood = np.log([0.5, 0.5]), np.log([0.04, 0.01])
    # (.04 / .01) ** .5 = 2: the odds
    np.testing.assert_allclose(np.exp(relevance(prior, likelihood, 0.5)), [2 / 3, 1 / 3])
    np.testing.assert_allclose(np.exp(relevance(prior, likelihood, 1.0)), [4 / 5, 1 / 5])
    np.testing.assert_allclose(np.exp(relevance(prior, likelihood, 0.0)), [1 / 2, 1 / 2])


def test_query_likelihood_by_hand():
    tails = [np.log([0.5, 0.2]).astype(np.float32), np.zeros(0, np.float32)]
    np.testing.assert_allclose(np.exp(query_likelihood(tails)), [0.1, 1.0], rtol=1e-6)


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
