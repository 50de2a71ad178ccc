"""PCA beside scikit-learn's own, and what every embedding promises."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.decomposition import PCA

from quoth.embeddings import load_embedding, pca, unit
from quoth.embeddings.pca import fit_pca
from quoth.errors import MissingExtraError, StoreError, UsageError


def made(count=200, dimension=30, seed=0):
    """Rows that differ more in some directions than in others."""
    draw = np.random.default_rng(seed)
    return np.asarray(draw.normal(size=(count, dimension)) * np.geomspace(3, 0.1, dimension) + 1, np.float32)


@pytest.mark.parametrize("whiten", [False, True])
def test_equals_scikit_learn(whiten):
    rows = made()
    ours, theirs = fit_pca(rows, "e/1", 10, whiten), PCA(10, whiten=whiten, random_state=0).fit(unit(rows))
    others = made(seed=1)
    np.testing.assert_allclose(ours.project(others), theirs.transform(unit(others)), atol=1e-5)
    assert ours.record.figures["explained_variance"] == pytest.approx(theirs.explained_variance_ratio_.sum())


@pytest.mark.parametrize(("count", "dimension", "kept"), [(8, 30, 7), (200, 30, 30), (2, 30, 1)])
def test_as_many_components_as_there_can_be(count, dimension, kept):
    embedding = fit_pca(made(count, dimension), "e/1", 100)
    assert embedding.dimension == kept
    assert embedding.record.options == {"wanted": 100, "components": kept, "whiten": 0.0}
    assert (embedding.record.kind, embedding.record.encoder, embedding.record.pictures) == ("pca", "e/1", count)


def test_whitening_gives_each_direction_the_same_variance():
    rows = made(400)
    np.testing.assert_allclose(fit_pca(rows, "e/1", 10, True).project(rows).std(axis=0, ddof=1), 1, rtol=1e-4)
    spread = fit_pca(rows, "e/1", 10).project(rows).std(axis=0)
    assert (np.diff(spread) <= 1e-6).all()


def test_many_pictures_are_looked_at_a_part_at_a_time(monkeypatch):
    monkeypatch.setattr(pca, "_AT_ONCE", 200)
    rows = made(1000)
    parts, whole = fit_pca(rows, "e/1", 5), PCA(5).fit(unit(rows))
    np.testing.assert_allclose(parts.layers[0][0] @ parts.layers[0][0].T, np.eye(5), atol=1e-5)
    assert parts.project(rows).var(axis=0).sum() > 0.98 * whole.transform(unit(rows)).var(axis=0).sum()


def test_saved_and_loaded_is_the_same(tmp_path):
    embedding = fit_pca(made(), "e/1", 10, True).noted(kept=0.5)
    embedding.save(tmp_path / "deep" / "e.npz")
    again = load_embedding(tmp_path / "deep" / "e.npz")
    assert again.record == embedding.record
    np.testing.assert_array_equal(again.transform(made(seed=2)), embedding.transform(made(seed=2)))
    (tmp_path / "e.npz").write_bytes(b"nothing")
    with pytest.raises(StoreError):
        load_embedding(tmp_path / "e.npz")


NUMBERS = st.floats(-1e3, 1e3, width=32)
FITTED = fit_pca(made(50, 6), "e/1", 3)


@settings(deadline=None, max_examples=50)
@given(arrays(np.float32, st.tuples(st.integers(1, 5), st.just(6)), elements=NUMBERS))
def test_embeddings_have_unit_length(rows):
    embeddings, projected = FITTED.transform(rows), FITTED.project(rows)
    assert embeddings.dtype == np.float32
    assert embeddings.shape == (len(rows), 3)
    seen = np.linalg.norm(projected, axis=1) > 0
    np.testing.assert_allclose(np.linalg.norm(embeddings[seen], axis=1), 1, rtol=1e-5)


def test_what_cannot_be_fitted(monkeypatch):
    with pytest.raises(UsageError, match="1 pictures"):
        fit_pca(made(1), "e/1")
    monkeypatch.setitem(sys.modules, "sklearn.decomposition", None)
    with pytest.raises(MissingExtraError, match="quoth\\[embeddings\\]"):
        fit_pca(made(), "e/1")
