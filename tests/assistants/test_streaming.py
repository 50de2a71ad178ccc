"""Tokens to text, and an answer while it is written, with the toy model."""

import threading

import numpy as np
import pytest

from quoth.assistants.ask import Asker
from quoth.assistants.streaming import Speaker, texts_of
from quoth.errors import StoppedError
from quoth.rag.prompt import EXAMPLES
from quoth.settings import Settings
from quoth.types import Hit, Passage
from toy import ToyModel


class Listed:
    """A retriever of passages that are always found."""

    def __init__(self, *texts):
        prior = np.full(len(texts), -np.log(max(1, len(texts))))
        self.hits = [
            Hit(Passage(f"d{i}", "", text, 0, len(text)), i + 1, 1.0, float(prior[i]), 0.9)
            for i, text in enumerate(texts)
        ]

    def retrieve(self, question, k):
        return self.hits[:k]


@pytest.fixture
def asker():
    def make(says, *texts, decoding="sequence"):
        settings = Settings(decoding=decoding, min_confidence=0.0, beams=1)
        return Asker(Listed(*texts), ToyModel("abc ", says=says), settings)

    return make


@pytest.fixture(params=["sequence", "token", "concat-best-first"])
def stream(request, asker):
    made = asker({"red": "a red one", "blue": "a red hat"}, "red", "red too", "blue", decoding=request.param)
    return made.stream("Which?")


def test_the_pieces_are_the_answer(stream):
    pieces = list(stream)
    assert len(pieces) > 1
    assert "".join(pieces) == stream.answer.text == "a red one"


def test_the_answer_without_iterating(stream):
    assert stream.answer.text == "a red one"
    assert list(stream) == []
    assert stream.answer is stream.answer


def test_the_answer_after_the_first_piece(stream):
    for _ in stream:
        break
    assert stream.answer.text == "a red one"


def test_the_answer_between_two_pieces(stream):
    pieces = iter(stream)
    first = next(pieces)
    answer = stream.answer
    assert answer.text.startswith(first)
    assert list(pieces) == []
    assert stream.answer is answer


def test_sequences_come_back(asker):
    made = asker({"red": "a red one"}, "red", "blue")
    assert made.stream("Which?").answer.text
    assert made._model.held == 0


@pytest.mark.parametrize("decoding", ["sequence", "token"])
@pytest.mark.parametrize("said", ["  a  ", "a b \nc", " \u00e9\u4e2d\U0001f600 ", "ab "])
def test_white_space_around_an_answer_is_not_part_of_it(asker, decoding, said):
    stream = asker({"red": said}, "red", "red too", decoding=decoding).stream("Which?")
    pieces = "".join(stream)
    answer = stream.answer
    assert answer.text == said.split("\n")[0].strip() == "".join(token.text for token in answer.tokens)
    assert pieces == answer.text


@pytest.mark.parametrize("said", ["", "  ", "\n", " \nabc"])
def test_an_answer_without_a_word_is_a_refusal(asker, said):
    stream = asker({"red": said}, "red").stream("Which?")
    assert list(stream) == []
    assert stream.answer.abstained and stream.answer.tokens == ()
    assert stream.answer.text == "The documents do not say."


def test_what_memory_says_better_is_a_refusal(asker):
    """The passage babbles; once the prompt without a passage says just that for sure, it is memory's."""
    null = EXAMPLES[-8:] + "Question: Which?"
    babbled = next(
        answer
        for name in "qrstuvwxyz"
        if not (answer := asker({null: "?"}, name).stream("Which?").answer).abstained
        and len(answer.tokens) == len(answer.text) > 4
    )
    passage = babbled.sources[0].passage.text
    assert babbled.memory_weight < 0.1
    refused = asker({null: babbled.text}, passage).stream("Which?").answer
    assert refused.abstained and refused.memory_weight > 0.9


def test_a_character_comes_with_its_last_byte():
    speaker = Speaker(ToyModel())
    assert [speaker.say([byte]) for byte in " é!".encode()] == ["", "", "é", "!"]
    assert texts_of(ToyModel(), " é! ".encode()) == ["", "", "é", "!"]
    assert texts_of(ToyModel(), b"a\xff b") == ["a", "\ufffd", " ", "b"]


def test_a_closed_stream_holds_nothing(asker):
    made = asker({"red": "a red one", "blue": "a red hat"}, "red", "red too", "blue")
    stream = made.stream("Which?")
    assert next(iter(stream)) and made._model.held > 0
    stream.close()
    assert made._model.held == 0
    with pytest.raises(StoppedError):
        list(stream)
    with pytest.raises(StoppedError):
        _ = stream.answer


def test_a_finished_answer_stays_when_its_stream_is_closed(asker):
    with asker({"red": "a red one"}, "red").stream("Which?") as stream:
        text = stream.answer.text
    assert stream.answer.text == text == "a red one" and list(stream) == []


def test_a_stream_closed_before_it_began(asker):
    with asker({"red": "a red one"}, "red").stream("Which?") as stream:
        pass
    with pytest.raises(StoppedError):
        list(stream)


def test_a_stream_closed_by_another_thread(asker, monkeypatch):
    """Who waits for the next piece is told so; what the answer held is free."""
    made = asker({"red": "a red one", "blue": "a red hat"}, "red", "red too", "blue")
    stream = made.stream("Which?")
    next(iter(stream))
    read = made._model.after

    def slow(*args):
        monkeypatch.undo()
        closer = threading.Thread(target=stream.close)
        closer.start()
        closer.join()
        return read(*args)

    monkeypatch.setattr(made._model, "after", slow)
    with pytest.raises(StoppedError):
        list(stream)
    assert made._model.held == 0
