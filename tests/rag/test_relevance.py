"""The generator's word on the passages, beside the retriever's."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from quoth.rag.relevance import LIKELIHOOD_WEIGHT, relevance

logs = st.floats(-200, 0)


def test_by_hand():
    prior, likelihood = np.log([0.5, 0.5]), np.log([0.04, 0.01])
    odds = (0.04 / 0.01) ** LIKELIHOOD_WEIGHT
    np.testing.assert_allclose(np.exp(relevance(prior, likelihood)), [odds / (1 + odds), 1 / (1 + odds)])


def test_a_question_that_all_explain_alike_leaves_the_prior():
    prior = np.log([0.7, 0.2, 0.1])
    np.testing.assert_allclose(relevance(prior, np.full(3, -40.0)), prior)


@given(st.lists(st.tuples(logs, logs), min_size=1, max_size=6))
def test_it_sums_to_one_and_follows_its_passage(pairs):
    prior, likelihood = np.array(pairs).T
    said = relevance(prior, likelihood)
    assert abs(np.logaddexp.reduce(said)) < 1e-9
    np.testing.assert_allclose(relevance(prior[::-1], likelihood[::-1]), said[::-1], atol=1e-9)
