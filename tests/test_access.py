"""Who sees what: a viewer's knowledge base is, to the bit, one that holds only what he may see.

The real Lance store and the real retriever; the encoder is a tiny one, made of the letters of the words.
"""

import hashlib
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from quoth.errors import UsageError
from quoth.retrieval import HybridRetriever
from quoth.store import Embedded, PictureSpace, open_pictures, open_store
from quoth.types import Document, Passage

DIMENSION = 16
WORDS = ["tapir", "river", "lamp", "stone", "violin", "snow", "harbour", "cats"]
GROUPS = ["staff", "board", "it's"]


class Letters:
    """Deterministic vectors: the sum of the words' digests."""

    identity = name = "letters/1"
    dimension = DIMENSION

    def encode(self, texts):
        rows = [np.sum([self._word(word) for word in text.split()], axis=0) for text in texts]
        return np.array([row / np.linalg.norm(row) for row in rows], np.float32)

    def _word(self, word):
        return np.frombuffer(hashlib.sha256(word.encode()).digest()[:DIMENSION], np.uint8).astype(np.float32) - 127.5


ENCODER = Letters()


class Corpus:
    """A store in a folder of its own."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory()
        self.folder = Path(self._folder.name)
        self.store = open_store(self.folder, DIMENSION)

    def put(self, documents):
        """Name -> (passages, groups, trust), in one batch."""
        stated = [
            Document(name, name, "", "text/plain", "digest", groups=groups, trust=trust)
            for name, (_, groups, trust) in documents.items()
        ]
        passages = [
            Passage(name, name, text, 100 * i, 100 * i + len(text))
            for name, (texts, _, _) in documents.items()
            for i, text in enumerate(texts)
        ]
        self.store.replace(stated, passages, ENCODER.encode([passage.searchable for passage in passages]))

    def revise(self, groups):
        known = self.store.documents()
        self.store.revise([replace(known[name], groups=some) for name, some in groups.items()])


texts = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map(" ".join), min_size=1, max_size=4)
seers = st.sets(st.sampled_from(GROUPS)).map(lambda groups: tuple(sorted(groups)))
corpora = st.dictionaries(
    st.integers(0, 20).map(lambda n: f"d{n}"),
    st.tuples(texts, seers, st.sampled_from([1.0, 0.5, 0.01])),
    min_size=1,
    max_size=10,
)


ALL = 100
# Lance forgets by itself what is more than a tenth of a table: with these little of it is.
COMMON = [f"{a} {b} {c}" for a, b, c in zip(WORDS * 3, WORDS[1:] * 3, WORDS[3:] * 4, strict=False)]


def may_see(groups, viewer):
    return not groups or not viewer.isdisjoint(groups)


def told(store):
    """All that a store tells, with floats to the bit.

    Of passages that score the same, those in rows before come first at the cut of a search: it is made behind all.
    """
    retriever = HybridRetriever(store, ENCODER)
    passages, vectors = store.embedded(5)
    return {
        "searches": [retriever.search(words, k) for words in ("tapir river", "snow lamp cats") for k in (3, 50)],
        "nearest": [store.nearest(vector, ALL) for vector in ENCODER.encode(["stone", "violin"])],
        "matching": [store.matching(word, ALL, kind) for word in ("tapir", "cat") for kind in (None, "text")],
        "documents": store.documents(),
        "count": store.count(),
        "texts": sorted(store.texts()),
        "spread": [(p.id, v.tobytes()) for p, v in sorted(zip(passages, vectors, strict=True), key=lambda x: x[0].id)],
    }


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow], phases=[Phase.generate])
@given(corpora, st.data())
def test_what_is_not_seen_has_no_influence_on_anything(documents, data):
    """Documents go in, some of them for others than later, in batches; then each viewer is compared with the truth."""
    documents["common"] = (COMMON, (), 1.0)
    first = {name: data.draw(seers) for name in documents} | {"common": ()}
    corpus = Corpus()
    names = list(documents)
    cut = data.draw(st.integers(0, len(names)))
    for batch in (names[:cut], names[cut:]):
        if batch:
            corpus.put({name: (documents[name][0], first[name], documents[name][2]) for name in batch})
            corpus.store.optimize()
    moving = data.draw(st.sets(st.sampled_from(names))) - {"common"}
    now = {name: documents[name][1] if name in moving else first[name] for name in names}
    if moving:
        corpus.revise({name: now[name] for name in moving})
        corpus.store.optimize()
    for viewer in (frozenset(), data.draw(st.sets(st.sampled_from(GROUPS)).map(frozenset))):
        alone = Corpus()
        visible = {
            name: (said, now[name], trust) for name, (said, _, trust) in documents.items() if may_see(now[name], viewer)
        }
        if visible:
            alone.put(visible)
            alone.store.optimize()
        assert told(corpus.store.seen_by(viewer)) == told(alone.store)
    assert set(corpus.store.documents()) == set(documents)


@pytest.fixture
def corpus():
    made = Corpus()
    made.put(
        {
            "open": (["tapir river", "lamp"], (), 1.0),
            "ours": (["tapir stone"], ("staff",), 0.5),
            "theirs": (["tapir violin"], ("board",), 1.0),
        }
    )
    made.store.optimize()
    return made


def test_a_view_of_a_view_sees_what_both_see(corpus):
    assert set(corpus.store.seen_by(["staff", "board"]).seen_by(["staff"]).documents()) == {"open", "ours"}
    assert set(corpus.store.seen_by(["staff"]).seen_by(["staff", "board"]).documents()) == {"open", "ours"}
    assert set(corpus.store.seen_by([]).documents()) == {"open"}


def test_nobody_reaches_what_is_hidden_by_its_name_or_id(corpus):
    view = corpus.store.seen_by(["staff"])
    [hidden] = [passage for passage in corpus.store.embedded(9)[0] if passage.document == "theirs"]
    assert view.passages([hidden.id]) == {}
    assert view.hidden(["theirs", "ours", "none"]) == {"theirs"}
    view.remove(["theirs", "ours"])
    assert set(corpus.store.documents()) == {"open", "theirs"}
    with pytest.raises(UsageError, match="is taken"):
        view.replace([Document("theirs", "", "", "", "")], [], np.empty((0, DIMENSION), np.float32))
    with pytest.raises(UsageError, match="would not be seen"):
        view.replace([Document("new", "", "", "", "", groups=("board",))], [], np.empty((0, DIMENSION), np.float32))
    assert corpus.store.documents()["theirs"].passages == 1


def test_a_document_for_few_comes_as_far_to_the_front_as_in_one_table():
    """With the statistics of its own table alone every word of a small table would seem common."""
    many = {f"d{i}": ([f"river {WORDS[i % 4 + 2]} {WORDS[i % 7]}"], (), 1.0) for i in range(40)}
    corpus, whole = Corpus(), Corpus()
    corpus.put({**many, "ours": (["the salary of the river harbour"], ("staff",), 1.0)})
    whole.put({**many, "ours": (["the salary of the river harbour"], (), 1.0)})
    for made in (corpus, whole):
        made.store.optimize()
    found, expected = (made.store.matching("salary river", 50) for made in (corpus, whole))
    assert found[0].passage.document == "ours"
    assert {f.passage.id for f in found} == {f.passage.id for f in expected}
    # What differs is the mean length of passages, which each table has for itself.
    np.testing.assert_allclose([f.score for f in found], [f.score for f in expected], rtol=0.25)


@pytest.mark.parametrize("step", ["begin", "put", "delete", "arrived", "optimize"])
def test_a_move_that_is_broken_off_shows_each_document_once_and_is_ended_by_the_next_write(corpus, step, monkeypatch):
    """Whatever was the last thing that was done before the kill."""
    target = {"begin": "MoveNote", "arrived": "MoveNote"}.get(step, "PassageTable")
    module = {"MoveNote": "quoth.store.moving", "PassageTable": "quoth.store.table"}[target]

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as dying, pytest.raises(KeyboardInterrupt):
        dying.setattr(f"{module}.{target}.{step}", killed)
        corpus.revise({"open": ("board",)})
        corpus.store.optimize()
    after = open_store(corpus.folder, DIMENSION)
    moved = step not in ("begin", "put")
    assert set(after.documents()) == {"open", "ours", "theirs"}
    assert after.count() == 4 == len(after.nearest(ENCODER.encode(["tapir"])[0], 10))
    assert ("open" in after.seen_by([]).documents()) is not moved
    assert "open" in after.seen_by(["board"]).documents()
    after.optimize()
    assert after.count() == 4
    assert after.documents()["open"].groups == (("board",) if moved else ())
    again = {name: document.groups for name, document in after.documents().items()} | {"open": ("board",)}
    corpus.revise(again)
    corpus.store.optimize()
    assert set(corpus.store.seen_by([]).documents()) == set()
    assert not (corpus.folder / "moving.json").exists()


def test_pictures_are_seen_by_who_sees_their_documents(tmp_path):
    rows = np.eye(4, 8, dtype=np.float32)
    names = ["open/1", "ours/1", "theirs/1", "theirs/2"]
    groups = [(), ("staff",), ("board", "it's"), ("board", "it's")]
    store = open_pictures(tmp_path, PictureSpace("encoder/1", 8, 8, 8))
    documents = [name.partition("/")[0] for name in names]
    store.put(Embedded(names, documents, [name.encode() for name in names], rows, rows, rows, groups=groups))
    for viewer, seen in [((), 1), (("staff",), 2), (("it's",), 3), (("staff", "board"), 4)]:
        view, expected = store.seen_by(viewer), {n for n, g in zip(names, groups, strict=True) if may_see(g, {*viewer})}
        assert len(expected) == seen
        for found in (view.nearest(rows[3], 9), view.nearest_to_words(rows[3], 9)):
            assert {near.id for near in found} == expected
        assert set(view.previews(names)) == expected
        assert set(view.vectors()[0]) == set(view.raw()[0]) == expected
        assert {name for batch in view.batches(2) for name in batch.ids} == expected
    assert [batch.groups for batch in store.batches(9)] == [[list(some) for some in groups]]
    store.seen_by(["staff"]).settle({"open": ("staff",)})
    assert len(store.vectors()[0]) == 4  # who does not see all takes out nothing of others
    store.settle({"open": ("staff",), "theirs": (), "ours": ("staff",)})
    assert {near.id for near in store.seen_by([]).nearest(rows[0], 9)} == {"theirs/1", "theirs/2"}
    with pytest.raises(UsageError, match="all pictures"):
        store.seen_by(["staff"]).replace_all(store.space, iter(()))
