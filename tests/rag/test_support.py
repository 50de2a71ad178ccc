"""The check of citations: by hand, and what must always hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quoth.rag.citations import read_citations
from quoth.rag.support import SUPPORTED_FROM, provenance, support
from quoth.types import Passage


def passage(text):
    return Passage("d", "Skarv", text, 0, len(text))


LIGHTHOUSE = passage("The lighthouse of Skarv was built in 1874 by the engineer Marta Edvall. It stands on a rock.")
HARBOUR = passage("The harbour of Skarv is closed in winter. Ferries leave from Lund instead.")
WHO = "Who built the lighthouse?"


def test_by_hand():
    # marta (5) and edvall (6) of marta, edvall, bergen (6): 11 of 17 letters are held.
    assert support("Marta Edvall of Bergen", LIGHTHOUSE, "Who?") == pytest.approx(11 / 17)
    # The question's word is not new, but it counts among all: closed is missing, lighth (6) of 12 letters is held.
    assert support("The lighthouse is closed.", LIGHTHOUSE, "What is closed?") == pytest.approx(6 / 12)


@pytest.mark.parametrize(
    ("statement", "question", "supported"),
    [
        ("It was built by Marta Edvall.", WHO, True),
        ("The lighthouse was built by Ola Nordmann.", WHO, False),
        ("It was built in 1874.", "When was it built?", True),
        ("It was built in 1875.", "When was it built?", False),
        ("The lighthouse of Skarv is closed in winter.", "What is closed in winter?", False),
        ("Yes.", "Was the lighthouse built on a rock?", True),
        ("Yes.", "Is the museum open on Sundays?", False),
        ("", "", False),
    ],
)
def test_what_is_supported(statement, question, supported):
    assert (support(statement, LIGHTHOUSE, question) >= SUPPORTED_FROM) is supported


def traced(text, *passages, question=WHO):
    clean, statements = read_citations(text)
    found = provenance(clean, statements, passages, question)
    assert "".join(found.words) == clean
    return {word.strip(): column.tolist() for word, column in zip(found.words, found.posterior.T, strict=True)}


def test_a_citation_that_holds():
    words = traced("The Swedish engineer Marta Edvall [1].", LIGHTHOUSE, HARBOUR)
    assert words["Marta"] == words["engineer"] == words["The"] == [1, 0, 0]
    assert words["Swedish"] == [0, 0, 1]


@pytest.mark.parametrize("number", [2, 7])
def test_a_citation_that_does_not_hold_is_memory(number):
    words = traced(f"It was Marta Edvall [{number}].", LIGHTHOUSE, HARBOUR)
    assert set(map(tuple, words.values())) == {(0, 0, 1)}


def test_of_several_citations_those_count_that_hold():
    words = traced("Marta Edvall built it [1, 2, 3].", LIGHTHOUSE, HARBOUR, passage("Marta Edvall was born in Lund."))
    assert words["Marta"] == [0.5, 0, 0.5, 0]


def test_without_a_citation_the_passage_that_supports_it_best():
    words = traced("It was Marta Edvall. Ferries leave from Lund. Elephants sleep.", LIGHTHOUSE, HARBOUR)
    assert words["Marta"] == [1, 0, 0] and words["Ferries"] == [0, 1, 0] and words["Elephants"] == [0, 0, 1]


VOCABULARY = ["lighthouse", "harbour", "1874", "winter", "Marta,", "rock.", "[1]", "[2]", "[9]", "[1,2]"]
words = st.lists(st.sampled_from(VOCABULARY), max_size=15)


@given(words, st.lists(st.sampled_from([LIGHTHOUSE, HARBOUR]), max_size=3))
def test_posteriors_are_distributions(said, passages):
    clean, statements = read_citations(" ".join(said))
    found = provenance(clean, statements, passages, WHO)
    assert "".join(found.words) == clean
    assert found.posterior.shape == (len(passages) + 1, len(found.words))
    np.testing.assert_allclose(found.posterior.sum(axis=0), 1)
    assert (found.posterior >= 0).all()


@given(st.integers(0, len(LIGHTHOUSE.text)), st.integers(0, len(LIGHTHOUSE.text)))
def test_a_verbatim_run_of_words_is_supported(a, b):
    said = " ".join(LIGHTHOUSE.text[min(a, b) : max(a, b)].split()[1:-1])
    if any(len(word.strip(".")) > 3 for word in said.split()):
        assert support(said, LIGHTHOUSE, "What?") == 1


@given(words, words)
def test_more_words_in_the_passage_never_support_less(said, more):
    statement, longer = " ".join(said), passage(f"{HARBOUR.text} {' '.join(more)}")
    assert support(statement, longer, WHO) >= support(statement, HARBOUR, WHO)
