"""Spans: what a decoder that is held to a text can say is in the text, where it says it is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quoth.rag import Limits, Search, decode_sequence
from quoth.rag.spans import Spans
from toy import END, ToyModel, null

TEXT = 'Ada Holm, "the first keeper", built it in 1887 (not 1878) for $2,850; Zürich\'s naïve 中文 text.\nNext line.'


@pytest.fixture(scope="module", params=["toy", "llama"])
def model(request):
    return ToyModel() if request.param == "toy" else request.getfixturevalue("gemma")


def limits_of(model, tokens=40):
    def stops(said):
        return bool(said) and (model.ends(said[-1]) or b"\n" in model.detokenize(said[-1:]))

    return Limits(tokens, stops)


def stop_token(model):
    return END if model.name == "toy" else model.tokenize("\n")[0]


def rows(model):
    """(V,) log p in which the token that stops is among the likeliest."""
    row = np.full(300_000, -9.0, np.float32)
    row[stop_token(model)] = -1.0
    return row


def walk(model, text, rng):
    """A random way through what is allowed: the spans, what was said, and whether it may stop there."""
    limits, row = limits_of(model), rows(model)
    spans, said = Spans(model, text, limits), ()
    while True:
        allowed = [int(token) for token in spans(said, row)]
        stops = [token for token in allowed if limits.stops((*said, token))]
        if not allowed or (stops and rng.random() < 0.3) or allowed == stops:
            return spans, said, bool(stops)
        said += (int(rng.choice([token for token in allowed if token not in stops])),)


@pytest.mark.parametrize("seed", range(30))
def test_what_may_be_said_is_in_the_text(model, seed):
    spans, said, may_stop = walk(model, TEXT, np.random.default_rng(seed))
    start, end = spans.place(said)
    assert may_stop
    assert TEXT[start:end] == model.detokenize(said).decode().strip()
    assert "\n" not in TEXT[start:end]


@settings(max_examples=60, deadline=None)
@given(text=st.text("ab c.(1\né", min_size=1, max_size=40).filter(str.strip), seed=st.integers(0, 99))
def test_any_text(text, seed):
    model = ToyModel()
    spans, said, may_stop = walk(model, text, np.random.default_rng(seed))
    if may_stop:
        start, end = spans.place(said)
        assert text[start:end] == model.detokenize(said).decode().strip()


@pytest.mark.parametrize(
    "words", ["Ada", "Ada Holm", "the first keeper", "1887", "not 1878", "$2,850", "naïve 中文", "first"]
)
def test_every_run_of_words_can_be_said(model, words):
    spans, row = Spans(model, TEXT, limits_of(model)), rows(model)
    for said in spans_that_say(model, words):
        assert all(token in spans(said[:i], row) for i, token in enumerate(said))
        start, end = spans.place(said)
        assert TEXT[start:end] == words
        assert stop_token(model) in spans(said, row)


def spans_that_say(model, words):
    """The tokens of the words as an answer begins: without a space."""
    return [tuple(model.tokenize(words))]


@pytest.mark.parametrize("words", ["olm", "Ada Hol", "Ada built", "1888"])
def test_nothing_else_can_be_said(model, words):
    said = tuple(model.tokenize(words))
    assert Spans(model, TEXT, limits_of(model)).place(said) is None


def test_the_first_of_several_places():
    spans = Spans(ToyModel(), "cab ab ab", limits_of(ToyModel()))
    assert spans.place(tuple(b"ab")) == (4, 6)
    assert spans.place(tuple(b"b")) is None


def test_a_decoder_that_is_held_can_only_quote(case, limits, decoded_all):
    model, prompts, prior = case(0, k=2, says={"z0.0": "zebra", "z0.1": "b"})
    texts = ["a cab", "b bac"]
    limit = Limits(12, lambda said: bool(said) and model.ends(said[-1]))
    spans = [Spans(model, text, limit) for text in texts]
    with model.read(prompts[:-1]) as reading, null(model, prompts) as memory:
        _, answers = decoded_all(decode_sequence(reading, prior, memory, limit, Search(beams=3, answers=3), spans))
    assert len(answers) == 3
    for answer in answers:
        places = [(i, place) for i, one in enumerate(spans) if (place := one.place(answer.tokens))]
        assert places
        for i, (start, end) in places:
            assert texts[i][start:end] == model.detokenize(answer.tokens).decode().strip()
