"""The bridge from one's own pairs: against scikit-learn's ridge, and against what few or useless pairs would spoil."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quoth.embeddings import load_embedding, pairs, unit
from quoth.embeddings.pairs import LEAST, bridged, fit_bridge
from quoth.errors import UsageError

C, E = 24, 12


def world(count, noise=0.8, seed=0):
    """Pictures, where a shipped bridge that knows a quarter of the directions puts them, and their words."""
    draw = np.random.default_rng(7)
    truth = draw.standard_normal((C, E))
    part = truth * (np.arange(E) < E // 4)
    draw = np.random.default_rng(seed)
    vectors = unit(draw.standard_normal((count, C)))
    words = unit(vectors @ truth / np.sqrt(E) + noise * draw.standard_normal((count, E)) / np.sqrt(C))
    return vectors, unit(vectors @ part), words


def recall(placed, words, k=5):
    scores = words @ placed.T
    return float(np.mean((scores > np.diagonal(scores)[:, None]).sum(axis=1) < k))


def test_it_is_scikit_learns_ridge_on_what_the_shipped_one_leaves(monkeypatch):
    linear = pytest.importorskip("sklearn.linear_model")
    monkeypatch.setattr(pairs, "RIDGES", (3.0,))
    vectors, base, words = world(80)
    fitted = fit_bridge(vectors, base, words, range(80), "e")
    centred = words - words.mean(axis=0)
    # As if a hundred pairs had said .3 before.
    weight = ((centred * base).sum() + 0.3 * 100) / (80 + 100)
    assert fitted.record.options["shipped"] == pytest.approx(weight, rel=1e-5)
    spread = vectors - vectors.mean(axis=0)
    ridge = 3.0 * np.trace(spread.T @ spread) / C
    # Its intercept takes the residuals' mean, which here is that of the shipped bridge's places.
    peer = linear.Ridge(alpha=ridge).fit(vectors, centred - weight * base)
    np.testing.assert_allclose(fitted.layers[0][0], peer.coef_, atol=1e-4)


def test_it_learns_what_the_shipped_one_does_not_know():
    vectors, base, words = world(300)
    fitted = fit_bridge(vectors, base, words, range(300), "e")
    others, places, asked = world(300, seed=1)
    before, after = recall(places, asked), recall(bridged(fitted, others, places), asked)
    assert after > before + 0.1
    said = fitted.record.figures
    assert said["recall_at_5"] > said["recall_at_5_before"] > recall(base, words)  # among a fifth of them
    assert said["reciprocal_rank"] > said["reciprocal_rank_before"]
    assert (fitted.record.kind, fitted.record.encoder, fitted.record.pictures) == ("bridge", "e", 300)


def test_without_a_shipped_one_it_is_a_bridge_of_its_own():
    vectors, _, words = world(300)
    fitted = fit_bridge(vectors, None, words, range(300), "e")
    others, _, asked = world(300, seed=1)
    assert recall(bridged(fitted, others, None), asked) > 0.3
    assert fitted.record.figures["recall_at_5_before"] == 0
    assert fitted.record.options["ridge"] > 0


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.integers(LEAST, 80), st.integers(0, 1000))
def test_words_that_have_nothing_to_do_with_the_pictures_change_nothing(count, seed):
    vectors, base, _ = world(count, seed=seed)
    words = unit(np.random.default_rng(seed + 1).standard_normal((count, E)).astype(np.float32))
    fitted = fit_bridge(vectors, base, words, range(count), "e")
    others, places, asked = world(200, seed=seed + 2)
    placed = bridged(fitted, others, places)
    if fitted.record.options["ridge"] == 0:
        np.testing.assert_allclose(placed, places, atol=1e-5)
    assert recall(placed, asked) >= 0.7 * recall(places, asked)


def test_what_is_the_same_document_is_held_out_together():
    """Ten copies of each pair: those of one owner teach nothing of each other."""
    vectors, base, words = world(12)
    words = unit(np.random.default_rng(3).standard_normal((12, E)).astype(np.float32))
    tenfold = [np.repeat(rows, 10, axis=0) for rows in (vectors, base, words)]
    owners = np.repeat(np.arange(12), 10).tolist()
    assert fit_bridge(*tenfold, owners, "e").record.figures["recall_at_5"] < 0.5
    assert fit_bridge(*tenfold, range(120), "e").record.options["ridge"] > 0


def test_too_few():
    vectors, base, words = world(LEAST)
    with pytest.raises(UsageError, match="29 pictures are too few to fit a bridge on"):
        fit_bridge(vectors[1:], base[1:], words[1:], range(LEAST - 1), "e")
    with pytest.raises(UsageError, match="come from 4 documents"):
        fit_bridge(vectors, base, words, [i % 4 for i in range(LEAST)], "e")
    fit_bridge(vectors, base, words, range(LEAST), "e")


def test_saved_and_loaded_it_is_the_same(tmp_path):
    vectors, base, words = world(60)
    fitted = fit_bridge(vectors, base, words, range(60), "e")
    fitted.save(tmp_path / "bridge.npz")
    again = load_embedding(tmp_path / "bridge.npz")
    assert again.record == fitted.record
    np.testing.assert_array_equal(bridged(again, vectors, base), bridged(fitted, vectors, base))
    np.testing.assert_allclose(bridged(fitted, vectors, base), bridged(again, 5 * vectors, base), atol=1e-5)
