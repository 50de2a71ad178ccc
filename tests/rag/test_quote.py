"""The quoted words: verbatim, in one sentence, the right one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quoth.rag import find_quote
from quoth.types import Passage

DOCUMENT = (
    "Preface.\n\nThe bridge was opened in 1931. It was paid for by Clara Lindqvist (an astronomer). "
    'She said: "It is done!" In 1931 there was\nalso a fire.\n\nA line without a stop\n\nThe end'
)


def quote(answer, question=""):
    start, end = 10, len(DOCUMENT)
    begin, stop = find_quote(Passage("d", "", DOCUMENT[start:end], start, end), answer, question)
    assert start <= begin <= stop <= end
    return DOCUMENT[begin:stop]


@pytest.mark.parametrize(
    ("answer", "question", "expected"),
    [
        ("Clara Lindqvist", "", "It was paid for by Clara Lindqvist (an astronomer)."),
        ("CLARA  lindqvist.", "", "It was paid for by Clara Lindqvist (an astronomer)."),
        ("1931", "When was the bridge opened?", "The bridge was opened in 1931."),
        ("1931", "When was there a fire?", "In 1931 there was\nalso a fire."),
        ("there was also a fire", "", "In 1931 there was\nalso a fire."),
        ("it is done", "", 'She said: "It is done!"'),
        ("a line", "", "A line without a stop"),
        ("", "Who paid for it?", "It was paid for by Clara Lindqvist (an astronomer)."),
        ("the end", "", "The end"),
    ],
)
def test_the_sentence_that_says_it(answer, question, expected):
    assert quote(answer, question) == expected


def test_a_long_sentence_is_cut():
    text = "so long " * 100
    start, end = find_quote(Passage("d", "", text, 7, 7 + len(text)), "so", "")
    assert (start, end) == (7, 307)


def test_a_passage_without_a_word():
    assert find_quote(Passage("d", "", " \n ", 5, 8), "x", "y") == (5, 8)


@given(st.text(alphabet='aB.!? \n"’)é', max_size=60), st.text(max_size=8), st.text(max_size=8), st.integers(0, 9))
def test_it_is_always_inside_the_passage(text, answer, question, start):
    begin, end = find_quote(Passage("d", "", text, start, start + len(text)), answer, question)
    assert start <= begin <= end <= start + len(text)
    if text.strip():
        assert text[begin - start : end - start].strip()
