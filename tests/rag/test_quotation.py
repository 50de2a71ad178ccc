"""Quotes: verbatim and apart."""

import pytest

from quoth.rag import Limits, Search, Spans, decode_quotes
from toy import END, null

TEXTS = ["A cab came. B bac ab.", "Cab b."]


@pytest.fixture
def quotes(case, decoded_all):
    def decode(search, **options):
        model, prompts, prior = case(4, k=2, **options)
        limits = Limits(9, lambda said: bool(said) and model.ends(said[-1]))
        spans = [Spans(model, text, limits) for text in TEXTS]
        with model.read(prompts[:-1]) as reading, null(model, prompts) as memory:
            told, answers = decoded_all(decode_quotes(reading, prior, memory, limits, search, spans))
        assert model.held == 0
        return told, answers, [[one.place(answer.tokens) for one in spans] for answer in answers]

    return decode


@pytest.mark.parametrize("wanted", [1, 3])
def test_quotes_are_in_the_text_and_apart(quotes, wanted):
    told, answers, places = quotes(Search(answers=wanted))
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


def test_nothing_to_quote(case, decoded_all):
    model, prompts, prior = case(4, k=1)
    limits = Limits(2, lambda said: bool(said) and model.ends(said[-1]))
    spans = [Spans(model, "cabcabcab", limits)]  # no whole word within two tokens
    with model.read(prompts[:-1]) as reading, null(model, prompts) as memory:
        told, [answer] = decoded_all(decode_quotes(reading, prior, memory, limits, Search(), spans))
    assert told == answer.tokens == ()
    assert answer.weights.sum() == pytest.approx(1)
