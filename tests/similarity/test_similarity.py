"""Neighbours, duplicates, clusters, outliers and the map, by hand and against each other."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quoth.embeddings import unit
from quoth.errors import MissingExtraError, UsageError
from quoth.similarity import find_clusters, find_duplicates, find_neighbours, find_outliers, flatten


def rows(count, size=16, seed=0):
    return unit(np.random.default_rng(seed).standard_normal((count, size)))


def families(count, members, spread, size=64, seed=0):
    """`count` unrelated rows, each with members around it."""
    random = np.random.default_rng(seed)
    centres = np.repeat(random.standard_normal((count, size)), members, axis=0)
    return unit(centres + spread * random.standard_normal(centres.shape))


def test_neighbours_by_hand():
    vectors = unit(np.array([[1, 0], [0.9, 0.1], [0, 1]], np.float32))
    found, cosines = find_neighbours(vectors, 2)
    assert found.tolist() == [[1, 2], [0, 2], [1, 0]]
    np.testing.assert_allclose(cosines[0], [vectors[0] @ vectors[1], 0], atol=1e-6)
    assert find_neighbours(vectors, 9)[0].shape == (3, 2)
    assert find_neighbours(vectors[:1], 3)[0].shape == (1, 0)


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 40), st.integers(1, 8), st.integers(0, 9))
def test_neighbours_are_a_prefix_of_more_neighbours(count, k, seed):
    few, many = find_neighbours(rows(count, seed=seed), k)[0], find_neighbours(rows(count, seed=seed), k + 1)[0]
    np.testing.assert_array_equal(few, many[:, : few.shape[1]])
    assert all(row not in others for row, others in enumerate(few))


def test_duplicates_are_the_families():
    vectors = families(30, 3, 0.1)
    found = find_duplicates(vectors)
    assert {frozenset(group) for group in found.groups} == {frozenset(range(i, i + 3)) for i in range(0, 90, 3)}
    assert found.median < 0.2 < found.threshold < 0.97


def test_unrelated_rows_are_no_duplicates():
    assert find_duplicates(rows(200, 64)).groups == ()
    assert find_duplicates(rows(1)).groups == find_duplicates(rows(0)).groups == ()


def test_a_chain_is_no_group():
    """Each is like the next (cosine of 40 degrees .77), the ends are not alike: no group holds them all."""
    angles = np.radians([0, 40, 80, 120])
    vectors = unit(np.stack([np.cos(angles), np.sin(angles)], axis=1))
    [first, *_] = find_duplicates(vectors, 0.7).groups
    assert first in {(1, 0, 2), (2, 1, 3)}


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 30), st.floats(0.2, 0.95), st.integers(0, 9))
def test_every_member_is_near_the_centre_and_in_one_group(count, threshold, seed):
    vectors = families(count, 2, 0.5, seed=seed)
    groups = find_duplicates(vectors, threshold).groups
    for centre, *others in groups:
        assert all(vectors[centre] @ vectors[i] >= threshold - 1e-6 for i in others)
    members = [i for group in groups for i in group]
    assert len(members) == len(set(members))


@pytest.mark.parametrize("count", [0, 4])
def test_clusters_are_the_families_and_begin_with_the_typical(count):
    vectors = families(4, 10, 0.15)
    clusters, alone = find_clusters(vectors, count)
    assert {frozenset(cluster.members) for cluster in clusters} == {
        frozenset(range(i, i + 10)) for i in range(0, 40, 10)
    }
    assert alone == []
    for cluster in clusters:
        centre = vectors[list(cluster.members)].mean(axis=0)
        assert cluster.members[0] == max(cluster.members, key=lambda i: vectors[i] @ centre)
        assert 0.8 < cluster.likeness <= 1


def test_what_has_no_clusters():
    assert find_clusters(rows(2)) == ([], [0, 1])
    with pytest.raises(UsageError):
        find_clusters(rows(3), 4)


def test_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.cluster", None)
    with pytest.raises(MissingExtraError, match="embeddings"):
        find_clusters(rows(10))


def test_the_outlier_is_the_stranger():
    vectors = np.concatenate([families(1, 20, 0.2), rows(1, 64, seed=7)])
    assert find_outliers(vectors, 3)[0][0] == 20
    assert find_outliers(rows(1), 3) == []


def test_a_map_keeps_families_together():
    vectors = families(3, 8, 0.1)
    places, method = flatten(vectors)
    assert places.shape == (24, 2) and places.min() >= 0 and places.max() <= 1
    assert method in ("PCA", "UMAP")
    within = max(np.ptp(places[i : i + 8], axis=0).max() for i in (0, 8, 16))
    assert within < 0.4
    np.testing.assert_array_equal(places, flatten(vectors)[0])


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_map_of_few(count):
    places, _ = flatten(rows(count))
    assert places.shape == (count, 2) and np.isfinite(places).all()
