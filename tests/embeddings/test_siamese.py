"""A Siamese head where it is known what makes a label: a few numbers of many, the others noise."""

import sys

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("pytorch_metric_learning")

from quoth.embeddings import load_embedding, unit
from quoth.embeddings.batches import batches, split_labels
from quoth.embeddings.quality import found_again, numbered
from quoth.embeddings.siamese import fit_siamese
from quoth.embeddings.starts import starts
from quoth.errors import MissingExtraError, UsageError


def drowned(labels=40, each=6, seed=0, noise=1.0):
    """(labels * each, 40): what makes a label are 5 numbers, turned into the 40; the rest is as loud."""
    draw = np.random.default_rng(seed)
    owners = np.repeat(np.arange(labels), each)
    rows = noise * draw.normal(size=(len(owners), 40))
    rows[:, :5] = draw.normal(size=(labels, 5))[owners] + 0.2 * draw.normal(size=(len(owners), 5))
    turn = np.linalg.qr(np.random.default_rng(9).normal(size=(40, 40)))[0]
    return np.asarray(rows @ turn, np.float32), owners


@pytest.fixture(scope="module")
def fitted():
    rows, owners = drowned(100, 4)
    return fit_siamese(rows, [f"label {owner}" for owner in owners], "e/1", epochs=30)


def test_unseen_labels_are_found_better(fitted):
    rows, owners = drowned(seed=1)
    before, after = found_again(unit(rows), owners)[1], found_again(fitted.transform(rows), owners)[1]
    assert before < 0.15
    assert after > 0.75


def test_training_adds_to_the_start():
    rows, owners = drowned(60, 4, noise=0.6)
    figures = fit_siamese(rows, owners.tolist(), "e/1", begin="raw", epochs=30).record.figures
    assert figures["map"] > figures["map_start_raw"] + 0.2
    assert "map_start_within" not in figures


def test_what_is_kept(fitted):
    figures = fitted.record.figures
    assert figures["map"] > figures["map_raw"] + 0.3
    assert figures["map_raw"] == pytest.approx(figures["map_start_raw"], abs=1e-6)
    assert figures["r1"] > figures["r1_raw"]
    assert fitted.record.kind == "siamese"
    assert fitted.record.options == {"labels": 100, "components": 40, "hidden": 0, "seed": 0}
    assert fitted.dimension == 40


def test_two_layers_and_few_numbers():
    rows, owners = drowned()
    head = fit_siamese(rows, owners.tolist(), "e/1", dimension=8, hidden=32, epochs=10)
    assert [weights.shape for weights, _ in head.layers] == [(32, 40), (8, 32)]
    assert head.record.figures["map"] > head.record.figures["map_raw"]


def test_never_worse_than_the_vectors():
    """Labels without any meaning: nothing can be learned, and on the held-out labels nothing is lost."""
    draw = np.random.default_rng(0)
    for seed in range(3):
        rows = np.asarray(draw.normal(size=(60, 10)), np.float32)
        figures = fit_siamese(rows, (np.arange(60) % 15).tolist(), "e/1", seed=seed, epochs=5).record.figures
        assert figures["map"] >= figures["map_raw"] - 1e-6


def test_the_same_seed_gives_the_same(tmp_path):
    rows, owners = drowned(12, 4)
    steps = []
    one = fit_siamese(rows, owners.tolist(), "e/1", seed=1, epochs=3, progress=steps.append)
    two = fit_siamese(rows, owners.tolist(), "e/1", seed=1, epochs=3)
    np.testing.assert_array_equal(one.transform(rows), two.transform(rows))
    assert steps == [1, 2, 3]
    one.save(tmp_path / "e.npz")
    again = load_embedding(tmp_path / "e.npz")
    assert again.record == one.record
    np.testing.assert_array_equal(again.transform(rows), one.transform(rows))


def test_pictures_without_a_partner_are_negatives_only():
    labels = numbered(["a", "b", "a", ("c",), "b", "b", 7, *("dd" * 4), *("ef" * 3)])
    own, held = split_labels(labels, 0)
    assert not set(labels[own]) & set(labels[held])
    assert sorted([*own, *held]) == list(range(len(labels)))
    seen = np.concatenate(list(batches(labels, np.random.default_rng(0))))
    assert sorted(seen) == list(range(len(labels)))


def test_groups_of_one_label_stay_together():
    labels = np.repeat(np.arange(100), 5)
    for batch in batches(labels, np.random.default_rng(0)):
        assert np.unique(labels[batch], return_counts=True)[1].min() >= 2


def test_starts_are_affine_and_as_long_as_one():
    rows, owners = drowned()
    rows = unit(rows)
    for dimension in (40, 7):
        for weights, biases in starts(rows, owners, dimension).values():
            assert weights.shape == (dimension, 40)
            assert np.linalg.norm(rows @ weights.T + biases, axis=1).mean() == pytest.approx(1, rel=1e-3)
    raw = starts(rows, owners, 40)["raw"]
    np.testing.assert_allclose(raw[0], np.eye(40), atol=1e-5)


def test_found_again_by_hand():
    """On an arc: the first two find each other first; the third finds its own last, the fourth its own second."""
    angles = np.array([0.0, 0.1, 0.25, 0.9, 0.6])
    rows = np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)
    r1, found = found_again(rows, np.array([0, 0, 1, 1, 9]))
    assert r1 == pytest.approx(2 / 4)
    assert found == pytest.approx((1 + 1 + 1 / 4 + 1 / 2) / 4)
    assert found_again(rows, np.arange(5)) == (0.0, 0.0)


def test_what_cannot_be_fitted(monkeypatch):
    rows, owners = drowned(12, 4)
    with pytest.raises(UsageError, match="2 labels for 48"):
        fit_siamese(rows, ["a", "b"], "e/1")
    with pytest.raises(UsageError, match="'end'"):
        fit_siamese(rows, owners.tolist(), "e/1", begin="end")
    with pytest.raises(UsageError, match="3 labels of two"):
        fit_siamese(rows[:20], [*owners[:12], *range(20, 28)], "e/1")
    with pytest.raises(UsageError, match="7 pictures"):
        fit_siamese(rows[:7], owners[:7].tolist(), "e/1")
    monkeypatch.setitem(sys.modules, "pytorch_metric_learning", None)
    with pytest.raises(MissingExtraError, match="quoth\\[train\\]"):
        fit_siamese(rows, owners.tolist(), "e/1")
