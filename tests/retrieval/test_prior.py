"""The retriever prior p(z|x)."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from quoth.retrieval import log_prior, ranked
from quoth.types import Passage

scores = st.lists(st.floats(-1, 1), min_size=1, max_size=20)
temperatures = st.floats(1e-4, 1e3)


def test_by_hand():
    # Scores 1 and 0 at temperature 1/ln 3: 3 to 1.
    np.testing.assert_allclose(np.exp(log_prior([1, 0], 1 / np.log(3))), [0.75, 0.25])


@given(scores, temperatures)
def test_it_is_a_distribution_in_the_order_of_the_scores(scores, temperature):
    prior = log_prior(scores, temperature)
    assert prior.shape == (len(scores),) and np.isfinite(prior).all()
    assert abs(np.logaddexp.reduce(prior)) < 1e-8
    for i, a in enumerate(scores):
        for j, b in enumerate(scores):
            assert prior[i] >= prior[j] or a < b


@given(scores, temperatures, st.floats(-5, 5))
def test_only_differences_count(scores, temperature, shift):
    shifted = log_prior([score + shift for score in scores], temperature)
    np.testing.assert_allclose(shifted, log_prior(scores, temperature), atol=1e-13 / temperature + 1e-9)


def test_temperature():
    np.testing.assert_allclose(np.exp(log_prior([0.5, 0.4, 0.1], 1e-4)), [1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(np.exp(log_prior([0.5, 0.4, 0.1], 1e6)), [1 / 3] * 3, atol=1e-6)


def test_no_hits():
    assert log_prior([], 0.1).shape == (0,)


def test_trust_by_hand():
    # 3 to 1 as above; the first is trusted half as much: 1.5 to 1.
    np.testing.assert_allclose(np.exp(log_prior([1, 0], 1 / np.log(3), [0.5, 1])), [0.6, 0.4])


def test_hits_weigh_by_trust_and_stay_in_order():
    near, far = (Passage(name, "", name, 0, 4, trust=trust) for name, trust in (("near", 0.1), ("far", 1.0)))
    hits = ranked([(near, 1.0, None), (far, 0.0, None)], 1 / np.log(3))
    assert [(hit.passage.document, hit.rank, hit.score) for hit in hits] == [("near", 1, 1.0), ("far", 2, 0.0)]
    # 3 times .1 to 1.
    np.testing.assert_allclose([hit.prior for hit in hits], [0.3 / 1.3, 1 / 1.3])


@given(scores, temperatures, st.floats(0.01, 1))
def test_equal_trust_changes_nothing(scores, temperature, trust):
    trusted = log_prior(scores, temperature, [trust] * len(scores))
    np.testing.assert_allclose(trusted, log_prior(scores, temperature), atol=1e-13 / temperature + 1e-9)
