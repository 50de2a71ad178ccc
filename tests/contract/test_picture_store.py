"""What `quoth.store.base.PictureStore` promises, on the disk."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from quoth.store import Embedded, PictureSpace, joined, open_pictures
from quoth.types import Box

SPACE = PictureSpace("encoder/1", 8, 8, 4)


def units(count, size, seed=0):
    rows = np.random.default_rng(seed).standard_normal((count, size)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def pictures(*names, seed=0):
    """Pictures `document/n`."""
    n = len(names)
    documents = [name.partition("/")[0] for name in names]
    raw, vectors, seen = units(n, 8, seed + 2), units(n, 8, seed), units(n, 4, seed + 1)
    return Embedded(names, documents, [name.encode() for name in names], raw, vectors, seen)


@pytest.fixture
def opened(tmp_path):
    return lambda wanted=SPACE: open_pictures(tmp_path, wanted)


def test_there_are_none_until_they_are_wanted(opened):
    assert opened(None) is None
    assert opened().space == SPACE
    assert opened(None).vectors()[0] == []
    assert opened().nearest(units(1, 8)[0], 3) == [] == opened().nearest_to_words(units(1, 4)[0], 3)


def test_what_was_put_is_found_by_both_its_embeddings(opened):
    given = pictures("a/1", "a/2", "b/1")
    opened().put(given)
    store = opened(None)
    for row, name in enumerate(given.ids):
        [(found, score, box)] = store.nearest(given.vectors[row], 1)
        assert (found, score, box) == (name, pytest.approx(1, abs=1e-6), None)
        assert store.nearest_to_words(given.seen[row], 1)[0][0] == name
    cosines = given.vectors @ given.vectors[0]
    assert [near.score for near in store.nearest(given.vectors[0], 3)] == pytest.approx(sorted(cosines)[::-1], abs=1e-6)
    assert store.previews(["a/2", "nobody"]) == {"a/2": b"a/2"}
    assert store.previews([]) == {}


CROPPED = replace(SPACE, crops=True)
PARTS = (Box(None, 0, 0, 0.6, 0.6), Box(None, 0.4, 0.4, 1, 1))


def with_regions(*names, seed=0):
    """The same with two regions of each."""
    wholes = pictures(*names, seed=seed)
    for i, box in enumerate(PARTS):
        part = pictures(*names, seed=seed + 10 * (i + 1))
        wholes = joined(wholes, replace(part, previews=[b""] * len(names), boxes=[box] * len(names)))
    return wholes


def test_regions_find_their_picture_and_say_where(opened):
    given = with_regions("a/1", "a/2", "b/1")
    opened(CROPPED).put(given)
    store = opened(None)
    assert store.space == CROPPED
    for row, name in enumerate(given.ids):
        [best, *others] = store.nearest(given.vectors[row], 3)
        assert (best.id, best.box) == (name, given.boxes[row])
        assert best.score == pytest.approx(1, abs=1e-6)
        assert len({best.id, *(other.id for other in others)}) == 3
        found = store.nearest_to_words(given.seen[row], 1)[0]
        assert (found.id, found.box) == (name, given.boxes[row])
    cosines = given.vectors @ given.vectors[0]
    best = {name: max(c for c, other in zip(cosines, given.ids, strict=True) if other == name) for name in given.ids}
    assert {near.id: near.score for near in store.nearest(given.vectors[0], 3)} == pytest.approx(best, abs=1e-6)


def test_regions_are_not_among_the_wholes_but_come_and_go_with_them(opened):
    opened(CROPPED).put(with_regions("a/1", "a/2", "b/1"))
    opened().put(with_regions("a/1", "b/1", seed=3))
    store = opened()
    assert store.vectors()[0] == store.raw()[0] == ["a/1", "a/2", "b/1"]
    np.testing.assert_array_equal(store.vectors()[1][0], pictures("a/1", "b/1", seed=3).vectors[0])
    batches = list(store.batches(100))
    assert sum(len(batch.ids) for batch in batches) == 9
    assert sorted(batch.ids[row] for batch in batches for row in batch.wholes) == ["a/1", "a/2", "b/1"]
    assert store.previews(["a/1", "a/2"]) == {"a/1": b"a/1", "a/2": b"a/2"}
    store.keep(["a"], ["a/2"])
    assert store.vectors()[0] == ["a/2", "b/1"]
    assert sum(len(batch.ids) for batch in store.batches(100)) == 6
    store.keep(["a", "b"], [])
    assert sum(len(batch.ids) for batch in store.batches(100)) == 0


def test_other_embeddings_keep_the_regions(opened):
    store = opened(CROPPED)
    store.put(with_regions("a/1", "b/1"))
    space = replace(CROPPED, dimension=3, embedding="pca-3")
    store.replace_all(space, (replace(b, vectors=units(len(b.ids), 3)) for b in store.batches(2)))
    assert opened().space == space
    boxes = {(name, box) for batch in opened().batches(2) for name, box in zip(batch.ids, batch.boxes, strict=True)}
    assert boxes == {(name, box) for name in ("a/1", "b/1") for box in (None, *PARTS)}


def test_putting_again_replaces(opened):
    opened().put(pictures("a/1", "b/1"))
    again = pictures("a/1", seed=5)
    opened().put(again)
    ids, vectors = opened().vectors()
    assert ids == ["a/1", "b/1"]
    np.testing.assert_array_equal(vectors[0], again.vectors[0])


def test_keeping_takes_out_the_others_of_these_documents_only(opened):
    opened().put(pictures("a/1", "a/2", "b/1"))
    opened().keep(["a"], ["a/2"])
    assert opened().vectors()[0] == ["a/2", "b/1"]
    opened().keep(["a"], [])
    opened().keep([], [])
    assert opened().vectors()[0] == ["b/1"]


def test_other_embeddings_replace_all_at_one_stroke(opened):
    store = opened()
    store.put(pictures("a/1", "a/2", "b/1"))
    space = PictureSpace("encoder/1", 8, 3, 4, "pca-3")
    store.replace_all(space, (replace(b, vectors=units(len(b.ids), 3)) for b in store.batches(2)))
    assert store.space == opened().space == space
    assert [len(batch.ids) for batch in opened().batches(10)] == [3]
    np.testing.assert_allclose(opened().raw()[1], units(3, 8, 2), atol=1e-3)
    assert opened().vectors()[1].shape == (3, 3)


def test_settling_takes_out_what_no_document_has_and_the_room_of_old_versions(opened, tmp_path, monkeypatch):
    monkeypatch.setattr("quoth.store.pictures.KEPT", timedelta(milliseconds=1))
    store = opened()
    for i in range(9):
        store.put(replace(pictures(f"{i}/1"), previews=[b"." * 100_000]))
    store.keep([str(i) for i in range(1, 8)], [])
    store.settle({"0": ()})
    assert store.vectors()[0] == ["0/1"]
    kept = sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file())
    assert kept < 300_000
    store.replace_all(replace(SPACE, embedding="same"), store.batches(2))
    assert sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file()) < 300_000


def test_a_fit_that_breaks_off_changes_nothing(opened):
    store = opened()
    store.put(pictures("a/1", "a/2", "b/1"))

    def half():
        for batch in store.batches(2):
            yield replace(batch, vectors=units(len(batch.ids), 3))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.replace_all(PictureSpace("encoder/1", 8, 3, 4, "pca-3"), half())
    assert opened().space == SPACE
    assert opened().vectors()[1].shape == (3, 8)
