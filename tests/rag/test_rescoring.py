"""RAG-Sequence over answers that came as text: numbers worked by hand."""

import numpy as np
import pytest

from quoth.rag.rescoring import ranked, traced

LOG = np.log


def test_the_likeliest_under_the_mixture():
    # Half and half: (.8 + .1) / 2 = .45 for "a"; (.5 + .6) / 2 = .55 for "b". The null passage has no say.
    members = {"a": LOG([[0.8], [0.1], [0.9]]), "b": LOG([[0.5], [0.6], [0.01]])}
    assert ranked(LOG([0.5, 0.5]), members) == ["b", "a"]
    assert ranked(LOG([0.9, 0.1]), members) == ["a", "b"]


def test_provenance_by_bayes_rule():
    members = LOG([[0.5, 0.8], [0.25, 0.2], [0.125, 0.1]])
    found = traced("Ada Holm", [" Ada", " Holm"], LOG([0.5, 0.5]), 0.5, members)
    assert found.pieces == ("Ada", " Holm")
    # With the priors 1/4, 1/4, 1/2: after " Ada" .125, .0625, .0625; after " Holm" .1, .0125, .00625.
    np.testing.assert_allclose(found.posterior[:, 0], [0.5, 0.25, 0.25])
    np.testing.assert_allclose(found.weights, np.array([0.1, 0.0125, 0.00625]) / 0.11875)
    # (.5 + .25) / 2, and (.5 * .8 + .25 * .2) / 2 over it.
    np.testing.assert_allclose(np.exp(found.log_probs), [0.375, 0.225 / 0.375])
    assert found.probability == pytest.approx(0.225)


def test_what_ends_the_answer_is_not_part_of_it():
    members = LOG(np.full((2, 4), 0.5))
    found = traced("Ada.", [" ", "Ada", ".\n", "\n"], LOG([1.0]), 0.5, members)
    assert found.pieces == ("Ada", ".")
    assert found.posterior.shape == (2, 2) and found.log_probs.shape == (2,)


def test_tokens_that_are_not_the_text_make_one_piece():
    members = LOG([[0.5, 0.5], [0.1, 0.1]])
    found = traced("é!", ["", "!"], LOG([1.0]), 0.5, members)
    assert found.pieces == ("é!",)
    assert found.log_probs == pytest.approx(LOG([0.25]))
    np.testing.assert_allclose(found.posterior[:, 0], found.weights)
