"""One suite for all stores: what `quoth.store.base.Store` promises, on the disk, with no stand-ins."""

from dataclasses import replace
from itertools import pairwise
from zlib import crc32

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quoth.store import StoredDocument
from quoth.store.lance import LanceStore
from quoth.types import Box, Document, LineBox, Passage

DIMENSION = 32
GROUPS = [(), ("staff",), ("board", "staff")]


class Parted(LanceStore):
    """Each document is for one of some sets of groups: whoever sees all of them notices nothing of it."""

    def replace(self, documents, passages, vectors):
        parted = [replace(document, groups=GROUPS[crc32(document.id.encode()) % 3]) for document in documents]
        super().replace(parted, passages, vectors)


def parted_and_seen(folder, dimension):
    return Parted(folder, dimension).seen_by({"staff"})


STORES = {"lance": LanceStore, "lance, parted": Parted, "lance, parted, seen": parted_and_seen}


@pytest.fixture(params=STORES)
def opened(request, tmp_path):
    """Opens the store in one folder, as often as it is called."""
    return lambda: STORES[request.param](tmp_path / "kb", DIMENSION)


@pytest.fixture
def store(opened):
    return opened()


def units(count, seed=0):
    rows = np.random.default_rng(seed).standard_normal((count, DIMENSION)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def passages(document, *texts, **others):
    return [Passage(document, "A title", text, 100 * i, 100 * i + len(text), **others) for i, text in enumerate(texts)]


def write(store, digests, given, vectors):
    store.replace([Document(name, "", "", "text/plain", digest) for name, digest in digests.items()], given, vectors)


def put(store, seed=0, **documents):
    given = [p for name, texts in documents.items() for p in passages(name, *texts)]
    write(store, {name: f"digest of {name}" for name in documents}, given, units(len(given), seed))
    store.optimize()
    return given


def held(store):
    """Every passage, by its document."""
    found = store.nearest(units(1)[0], 10_000)
    return {name: sorted(f.passage.text for f in found if f.passage.document == name) for name in store.documents()}


def test_an_empty_store_can_be_asked_everything(store):
    assert store.count() == 0
    assert store.documents() == {}
    assert store.nearest(units(1)[0], 5) == []
    assert store.matching("anything", 5) == []
    store.optimize()
    store.remove([])
    store.remove(["nobody"])
    assert store.matching("anything", 5) == []


def test_a_passage_comes_back_as_it_went_in(store):
    passage = Passage("d", "Títle", 'It\'s "quoted" – 𝕏\n\0', 3, 23, line=7, page=2, headings=("One", "Two"))
    plain = Passage("e", "", "no page, no headings", 0, 20)
    lines = (LineBox(0, 3, Box(2, 0.1, 0.2, 1 / 3, 0.25)), LineBox(4, 8, Box(None, 0.0, 0.5, 1.0, 0.75)))
    read = Passage("f", "", "read off it", 0, 11, page=2, boxes=lines)
    write(store, {"d": "1", "e": "2", "f": "3"}, [passage, plain, read], units(3))
    assert {found.passage for found in store.nearest(units(1)[0], 3)} == {passage, plain, read}
    assert store.passages([read.id])[read.id].boxes == lines
    known = {name: replace(document, groups=()) for name, document in store.documents().items()}
    assert known["d"] == StoredDocument("d", "Títle", "1", 1)
    assert known["e"] == StoredDocument("e", "", "2", 1)


def test_replacing_a_document_leaves_exactly_its_new_passages(store):
    put(store, a=["old one", "same", "old two"], b=["other"])
    put(store, seed=1, a=["same", "new"])
    assert held(store) == {"a": ["new", "same"], "b": ["other"]}
    assert store.count() == 3
    assert store.documents()["a"].passages == 2
    assert store.matching("old", 5) == []
    assert [found.passage.text for found in store.matching("new", 5)] == ["new"]


def test_a_document_whose_text_stays_takes_its_new_digest_and_vector(store):
    given = passages("a", "same")
    write(store, {"a": "first"}, given, units(1, 1))
    write(store, {"a": "second"}, given, units(1, 2))
    assert store.documents()["a"].digest == "second"
    assert store.nearest(units(1, 2)[0], 1)[0].score == pytest.approx(1, abs=1e-5)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_any_name_can_be_put_in_and_replaced_and_removed(store, name):
    for text in ("before", "after"):
        write(store, {name: text}, passages(name, text), units(1))
    assert held(store) == {name: ["after"]}
    store.remove([name])
    assert store.count() == 0


@pytest.mark.parametrize("name", ["it's", "'; DROP", '"', "a\\b", "%", "_", "it''s", "ü/日本語 🙂.md", "\n"])
def test_a_name_with_marks_of_the_query_language_means_itself_only(store, name):
    put(store, **{name: ["mine"], "bystander": ["theirs"]})
    put(store, **{name: ["changed"]})
    assert held(store) == {name: ["changed"], "bystander": ["theirs"]}
    store.remove([name])
    assert held(store) == {"bystander": ["theirs"]}


def test_nearest_is_exact_and_its_score_is_the_cosine(store):
    vectors = units(1_500, 3)
    given = passages("a", *(f"text {i}" for i in range(1_500)))
    write(store, {"a": "1"}, given, vectors)
    for question in units(5, 4):
        cosines = vectors @ question
        best = np.argsort(-cosines)[:25]
        found = store.nearest(question, 25)
        assert [f.passage for f in found] == [given[i] for i in best]
        np.testing.assert_allclose([f.score for f in found], cosines[best], atol=1e-5)


def test_the_best_k_begin_the_best_k_and_one(store):
    put(store, a=[f"cat {'tapir ' * i}" for i in range(30)])
    for search, what in ((store.nearest, units(1, 9)[0]), (store.matching, "cats, tapirs")):
        ids = [[found.passage.id for found in search(what, k)] for k in range(1, 12)]
        assert all(longer[:-1] == shorter for shorter, longer in pairwise(ids))


def test_matching_finds_words_in_any_form_rare_ones_first(store):
    put(store, a=["The cat sat.", "Cats and dogs and a tapir.", "Dogs bark."], b=["A dog ran.", "Nothing."])
    found = store.matching("the tapirs of a dog", 10)
    assert found[0].passage.text == "Cats and dogs and a tapir."
    assert {f.passage.text for f in found} == {"Cats and dogs and a tapir.", "Dogs bark.", "A dog ran."}
    assert [f.score for f in found] == sorted((f.score for f in found), reverse=True)
    assert found[-1].score > 0
    assert store.matching("zebra", 10) == []


@pytest.mark.parametrize(
    "words", ["", " ", "the", '"', "a AND (b", "cat*", "-cat", "text:cat", "'", "\\", "🙂", "x " * 9_999]
)
def test_no_query_is_an_error(store, words):
    put(store, a=["a cat"])
    assert [found.passage.text for found in store.matching(words, 3)] in ([], ["a cat"])


def test_titles_and_headings_match_too(store):
    write(store, {"a": "1"}, passages("a", "text", headings=("Decorators",)), units(1))
    store.optimize()
    assert len(store.matching("decorator", 3)) == len(store.matching("title", 3)) == 1


def test_a_removed_document_is_gone_from_every_search_at_once(store):
    put(store, a=["first cat"], b=["second cat"], c=["third cat"])
    store.remove(["a", "c"])
    assert held(store) == {"b": ["second cat"]}
    assert [found.passage.document for found in store.matching("cat", 5)] == ["b"]
    assert store.count() == 1


def test_optimizing_again_changes_nothing(store):
    put(store, a=["one cat", "two cats"], b=["three"])
    before = held(store), store.matching("cat", 5)
    for _ in range(3):
        store.optimize()
        assert (held(store), store.matching("cat", 5)) == before


def test_what_is_not_optimized_yet_is_found(store):
    put(store, a=["one cat"])
    write(store, {"b": "1"}, passages("b", "two cats"), units(1))
    assert {found.passage.document for found in store.matching("cat", 5)} == {"a", "b"}


def test_a_second_handle_sees_each_commit_at_once(opened):
    writer, reader = opened(), opened()
    for number in range(3):
        put(writer, **{f"d{number}": ["a cat"]})
        assert len(reader.documents()) == reader.count() == len(reader.matching("cat", 9)) == number + 1
    writer.remove(["d1"])
    assert set(held(reader)) == set(reader.documents())  # a scan has no order
    assert set(reader.documents()) == {"d0", "d2"}


def test_it_is_there_after_closing(opened):
    put(opened(), a=["a cat"])
    assert held(opened()) == {"a": ["a cat"]}
    assert len(opened().matching("cat", 1)) == 1


def test_the_texts_of_all_passages(store, opened):
    assert list(store.texts()) == []
    put(store, a=["One.", "Two."], b=["Two."], c=[f"Number {n}." for n in range(3000)])
    expected = sorted(["One.", "Two.", "Two.", *(f"Number {n}." for n in range(3000))])
    assert sorted(store.texts()) == sorted(opened().texts()) == expected
    store.remove(["c"])
    assert sorted(store.texts()) == ["One.", "Two.", "Two."]
