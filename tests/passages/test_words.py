"""Passages of a number of words."""

from hypothesis import given
from hypothesis import strategies as st

from quoth.passages.words import split_words
from quoth.types import Document


def document(text):
    return Document("name", "Title", text, "text/plain", "")


def test_five_words_in_passages_of_two():
    passages = split_words(document(" one two\n three  four five\n"), 2)
    assert [(p.text, p.start, p.end, p.line) for p in passages] == [
        ("one two", 1, 8, 1),
        ("three  four", 10, 21, 2),
        ("five", 22, 26, 2),
    ]
    assert {(p.document, p.title) for p in passages} == {("name", "Title")}


@given(st.text(max_size=60), st.integers(1, 5))
def test_every_word_once_and_in_order(text, length):
    passages = split_words(document(text), length)
    assert [word for p in passages for word in p.text.split()] == text.split()
    assert all(text[p.start : p.end] == p.text for p in passages)
    assert all(len(p.text.split()) == length for p in passages[:-1])
