"""Several questions at once, whole: from the asker to a tiny model of llama.cpp, each in a thread of its own."""

import threading

import numpy as np
import pytest

from quoth.assistants.ask import Asker
from quoth.errors import StoppedError
from quoth.generators.llama import LlamaModel
from quoth.settings import Settings
from quoth.types import Hit, Passage
from remote_servers import write_tiny_model
from stuck import STUCK

TEMPLATE = "{% for message in messages %}{{ message['content'] }}\n{% endfor %}"
LONG = 200


class Found:
    """Finds passages that depend on the question."""

    def retrieve(self, question, k):
        texts = [f"Passage {i} of {question}: {'abc ' * (len(question) % 7 + i)}" for i in range(k)]
        return [
            Hit(Passage(f"d{i}", "", text, 0, len(text)), i + 1, 1, -np.log(k), 0.9) for i, text in enumerate(texts)
        ]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    model = LlamaModel(write_tiny_model(tmp_path_factory.mktemp("tiny") / "tiny.gguf", template=TEMPLATE), threads=1)
    yield model
    model.close()


@pytest.fixture
def asker(model):
    def make(decoding="token", max_tokens=12):
        settings = Settings(decoding=decoding, min_confidence=0.0, max_tokens=max_tokens, passages=3, beams=2)
        return Asker(Found(), model, settings)

    return make


def idle(model):
    """Whether nothing is held and nobody waits."""
    loop = model.admission.loop
    return loop.pool.free == loop.pool.size and not loop.questions and not len(model.admission._queue)


@pytest.mark.parametrize("decoding", ["token", "sequence", "quote", "concat-best-first"])
def test_each_gets_its_own_answer(asker, model, decoding):
    """With float weights what others ask changes no token of an answer."""
    made, questions = asker(decoding), [f"Which is number {'x' * n}?" for n in range(8)]
    alone = [made.stream(question).answer for question in questions]
    together = [None] * len(questions)

    def ask(n):
        with made.stream(questions[n]) as stream:
            together[n] = ("".join(stream), stream.answer)

    threads = [threading.Thread(target=ask, args=(n,), daemon=True) for n in range(len(questions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(STUCK)
    for expected, found in zip(alone, together, strict=True):
        assert found is not None, "stuck, or failed"
        pieces, answer = found
        assert answer.text == expected.text and answer.question == expected.question
        assert answer.abstained or pieces == answer.text
        assert answer.probability == pytest.approx(expected.probability, rel=0.1, abs=1e-12)
    assert idle(model)


def test_a_closed_stream_frees_its_place_at_once(asker, model):
    stream = asker(max_tokens=LONG).stream("Which?")
    assert next(iter(stream))
    assert not idle(model)
    stream.close()
    assert idle(model)


def test_a_stream_abandoned_in_a_thread_is_stopped_at_the_next_step(asker, model, monkeypatch):
    """The thread is in the middle of a batch when its client hangs up."""
    stream, decode, said = asker("sequence", LONG).stream("Which?"), model.admission.loop.context.decode, []
    batches = 0

    def closing(batch):
        nonlocal batches
        batches += 1
        if batches == 8:
            closer = threading.Thread(target=stream.close)
            closer.start()
            closer.join(STUCK)
        return decode(batch)

    monkeypatch.setattr(model.admission.loop.context, "decode", closing)

    def listen():
        with pytest.raises(StoppedError):
            said.extend(stream)
        said.append(None)

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    thread.join(STUCK)
    assert said[-1:] == [None] and batches == 8
    assert idle(model)


def test_who_hangs_up_does_not_disturb_the_others(asker, model):
    made, done = asker(max_tokens=40), []
    expected = made.stream("Which is it?").answer.text

    def ask(n):
        stream = made.stream("Which is it?")
        for _ in stream:
            if n % 2:
                stream.close()
                break
        done.append(None if n % 2 else stream.answer.text)

    threads = [threading.Thread(target=ask, args=(n,), daemon=True) for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(STUCK)
    assert sorted(done, key=str) == sorted([expected] * 5 + [None] * 5, key=str)
    assert idle(model)
