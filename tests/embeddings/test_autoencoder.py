"""The autoencoder on a curved surface, where a PCA with as many numbers must fail."""

import sys

import numpy as np
import pytest

pytest.importorskip("torch")

from quoth.embeddings import load_embedding, unit
from quoth.embeddings.autoencoder import fit_autoencoder
from quoth.errors import MissingExtraError, UsageError


def surface(count=600, seed=0):
    """A coil through 20 dimensions: one number tells where on it a point is."""
    draw = np.random.default_rng(seed)
    place = draw.uniform(0, 3, count)
    axes = np.random.default_rng(9).normal(size=(6, 20))
    curve = np.stack([np.cos(2 * place), np.sin(2 * place), np.cos(3 * place), np.sin(3 * place), place, place**2], 1)
    return np.asarray(curve @ axes + 8, np.float32)


@pytest.fixture(scope="module")
def fitted():
    return fit_autoencoder(surface(), "e/1", code=2, hidden=64, epochs=60)


def test_tells_what_a_pca_cannot(fitted):
    figures = fitted.record.figures
    assert figures["unexplained"] < 0.6 * figures["unexplained_pca"] < 1
    assert figures["error"] / figures["unexplained"] == pytest.approx(figures["error_pca"] / figures["unexplained_pca"])
    assert figures["epochs"] > 5


def test_what_is_kept(fitted):
    assert fitted.dimension == 2
    assert len(fitted.layers) == 2
    assert fitted.record.kind == "autoencoder"
    assert fitted.record.options == {"wanted": 2, "components": 2, "hidden": 64, "seed": 0, "epochs": 60}
    np.testing.assert_allclose(np.linalg.norm(fitted.transform(surface(seed=1)), axis=1), 1, rtol=1e-5)


def test_untrained_it_is_the_pca():
    """And what is taken apart for training is put together again."""
    from quoth.embeddings.pca import fit_pca

    rows, steps = surface(100), []
    started = fit_autoencoder(rows, "e/1", code=3, hidden=32, epochs=0, progress=steps.append)
    figures = started.record.figures
    assert (figures["error"], steps) == (figures["error_pca"], [])
    gram, whole = started.project(rows), fit_pca(rows, "e/1", 3).project(rows)
    ratio = np.linalg.norm(gram) / np.linalg.norm(whole)
    np.testing.assert_allclose(np.abs(gram / ratio), np.abs(whole), atol=0.1 * np.abs(whole).max())


def test_the_code_is_as_long_as_the_pictures_allow():
    embedding = fit_autoencoder(surface(20), "e/1", code=100, epochs=1)
    assert embedding.dimension == 17
    assert embedding.record.options["wanted"] == 100


def test_the_same_seed_gives_the_same(tmp_path):
    one, two, other = (fit_autoencoder(surface(60), "e/1", 2, 16, seed, 5) for seed in (3, 3, 4))
    rows = surface(seed=1)
    np.testing.assert_array_equal(one.transform(rows), two.transform(rows))
    assert np.abs(one.transform(rows) - other.transform(rows)).max() > 1e-3
    one.save(tmp_path / "e.npz")
    again = load_embedding(tmp_path / "e.npz")
    assert again.record == one.record
    np.testing.assert_array_equal(again.transform(rows), one.transform(rows))


def test_pictures_that_are_all_the_same():
    embedding = fit_autoencoder(np.ones((30, 8), np.float32), "e/1", 2, epochs=2)
    assert np.isfinite(embedding.transform(unit(np.eye(8)))).all()


def test_what_cannot_be_fitted(monkeypatch):
    with pytest.raises(UsageError, match="19 pictures"):
        fit_autoencoder(surface(19), "e/1")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match="quoth\\[train\\]"):
        fit_autoencoder(surface(), "e/1")
