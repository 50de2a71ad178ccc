"""Quotes: verbatim, apart, and from the sentence that explains the question."""

import numpy as np
import pytest

from quoth.rag import Limits, Search, Spans, decode_quotes
from quoth.rag.quotation import SENTENCE_WEIGHT
from toy import END

TEXTS = ["A cab came. B bac ab.", "Cab b."]


@pytest.fixture
def quotes(case, decoded_all):
    def decode(explain, search, **options):
        model, prompts, prior = case(4, k=2, **options)
        limits = Limits(9, lambda said: bool(said) and model.ends(said[-1]))
        spans = [Spans(model, text, limits) for text in TEXTS]
        with model.read(prompts) as reading:
            told, answers = decoded_all(decode_quotes(reading, prior, 0.1, limits, search, spans, explain))
        assert model.held == 0
        return told, answers, [[one.place(answer.tokens) for one in spans] for answer in answers]

    return decode


def indifferent(sentences):
    return np.zeros(len(sentences))


@pytest.mark.parametrize("wanted", [1, 3])
def test_quotes_are_in_the_text_and_apart(quotes, wanted):
    told, answers, places = quotes(indifferent, Search(answers=wanted))
    assert len(answers) == wanted
    assert told == answers[0].tokens
    for answer, found in zip(answers, places, strict=True):
        said = bytes(token for token in answer.tokens if token < END).decode().strip()
        assert (
            [TEXTS[z][slice(*place)] for z, place in enumerate(found) if place] == [said] * sum(map(bool, found)) != []
        )
    for z in range(2):
        taken = sorted(found[z] for found in places if found[z])
        assert all(one[1] <= other[0] for one, other in zip(taken, taken[1:], strict=False))


def test_the_sentence_that_explains_the_question_wins(quotes):
    """Both passages say one word as surely; what their sentences make of the question decides."""
    says = {"z4.0": "ab", "z4.1": "Cab"}

    def for_the(marked):
        return lambda sentences: np.array([0.0 if sentence == marked else -30.0 for sentence in sentences])

    first = quotes(for_the("B bac ab."), Search(), speaks="ab", says=says)[1][0]
    second = quotes(for_the("Cab b."), Search(), speaks="ab", says=says)[1][0]
    assert bytes(first.tokens) == b"ab"
    assert bytes(second.tokens) == b"Cab"


def test_it_is_asked_once_about_each_sentence_of_the_candidates(quotes):
    asked = []

    def explain(sentences):
        asked.append(list(sentences))
        return np.zeros(len(sentences))

    quotes(explain, Search())
    [sentences] = asked
    assert len(sentences) == len(set(sentences)) > 1
    assert all(any(sentence in text for text in TEXTS) for sentence in sentences)
    assert 0 < SENTENCE_WEIGHT < 1


def test_nothing_to_quote(case, decoded_all):
    model, prompts, prior = case(4, k=1)
    limits = Limits(2, lambda said: bool(said) and model.ends(said[-1]))
    spans = [Spans(model, "cabcabcab", limits)]  # no whole word within two tokens
    with model.read(prompts) as reading:
        told, [answer] = decoded_all(decode_quotes(reading, prior, 0.1, limits, Search(), spans, indifferent))
    assert told == answer.tokens == ()
    assert answer.weights.sum() == pytest.approx(1)
