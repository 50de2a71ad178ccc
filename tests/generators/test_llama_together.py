"""Several questions in one context: batches, fairness, admission, ends; with a tiny model."""

import threading
from contextlib import ExitStack

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quoth.errors import BusyError, ModelError, StoppedError
from quoth.generators import Prompt, Stop, llama_admission
from quoth.generators.llama import LlamaModel
from quoth.generators.llama_batches import SHARED_BATCH, Entry, Request, entries, next_batch
from quoth.generators.llama_context import MANY_CELLS
from quoth.generators.llama_need import Need
from remote_servers import write_tiny_model
from stuck import STUCK, until

# Cells in half precision: their order moves the last digits of what is read beside others.
TOGETHER = 0.05


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return write_tiny_model(tmp_path_factory.mktemp("tiny") / "tiny.gguf")


@pytest.fixture
def model(path):
    model = LlamaModel(path, threads=1)
    yield model
    model.close()


@pytest.fixture
def loop(model):
    return model.admission.loop


def prompts_of(model, n, k=4):
    head, question = (*model.begin, *model.tokenize("Say it.\n")), tuple(model.tokenize(f"Question {n}?\nAnswer:"))
    texts = [f"Passage {n}, {i}: {'abc ' * (n % 5 + 3)}.\n" for i in range(k)]
    return [Prompt((head, tuple(model.tokenize(text)), question)) for text in texts]


def answer(model, n, k=4):
    """All the numbers of a small question: it reads, steps, reorders and scores."""
    prompts = prompts_of(model, n, k)
    with model.reserve(prompts, 2 * k, 8, Stop()) as reader, reader.read(prompts) as reading:
        rows = [*reading.tails, reading.log_probs.ravel()]
        for step in range(6):
            # Not the likeliest: a tie in the last digit would send it elsewhere.
            reading.step([97 + (n + step + i) % 26 for i in range(len(reading.log_probs))])
            rows.append(reading.log_probs.ravel().copy())
            if step == 2:
                reading.reorder([0, 0, *range(k), k - 1])
        rows += [scores.ravel() for scores in reading.score([model.tokenize(" abc"), model.tokenize(" to be"), [5]])]
    return np.concatenate(rows)


def in_threads(*works):
    """What each returns; raises what one raised."""
    results, errors = [None] * len(works), []

    def run(i):
        try:
            results[i] = works[i]()
        except BaseException as error:
            errors.append(error)
            raise

    threads = [threading.Thread(target=run, args=(i,), daemon=True) for i in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(STUCK)
    assert not any(thread.is_alive() for thread in threads), "stuck"
    if errors:
        raise errors[0]
    return results


requests = st.lists(
    st.lists(st.booleans(), min_size=1, max_size=40).map(lambda asks: [Entry(0, i, 5, a) for i, a in enumerate(asks)]),
    min_size=1,
    max_size=8,
)


@given(requests, st.integers(1, 60), st.integers(1, 30))
def test_a_batch_is_shared_fairly(rests, tokens, outputs):
    waiting = [Request(rest) for rest in rests]
    parts = next_batch(waiting, tokens, outputs)
    assert sum(len(part) for _, part in parts) <= tokens
    assert sum(entry.output for _, part in parts for entry in part) <= outputs
    assert len(parts) == min(len(waiting), tokens, outputs) and all(part for _, part in parts)
    for request, part in parts:
        assert list(part) == list(request.rest[: len(part)])
        asking = sum(entry.output for entry in part)
        if len(part) < len(request.rest):
            # Who did not get all has as much as an equal share of the entries, or of those that ask.
            assert len(part) >= tokens // len(parts) or asking >= outputs // len(parts)


def test_together_as_one_after_the_other(model):
    alone = [answer(model, n) for n in range(12)]
    loop, before = model.admission.loop, model.admission.loop.batches
    assert all(map(np.array_equal, alone, (answer(model, n) for n in range(12))))
    one_by_one = loop.batches - before
    before = loop.batches
    together = in_threads(*(lambda n=n: answer(model, n) for n in range(12)))
    for expected, found in zip(alone, together, strict=True):
        np.testing.assert_allclose(found, expected, atol=TOGETHER)
    assert model.admission.loop.batches - before < one_by_one / 2
    # Whoever is alone again gives the same to the bit, in whatever context.
    assert np.array_equal(answer(model, 3), alone[3])


def test_more_questions_than_sequences(model):
    """Each takes the 64 sequences of a small context; a large one has room for four, and none fails."""
    sizes = set()
    model.admission.visit(0, MANY_CELLS)

    def ask(n):
        numbers = answer(model, n, k=10)
        sizes.add(model.admission.loop.questions)
        return numbers

    in_threads(*(lambda n=n: ask(n) for n in range(16)))
    loop = model.admission.loop
    assert max(sizes) <= 4
    assert (loop.pool.free, loop.questions, len(model.admission._queue)) == (256, 0, 0)


def test_nobody_overtakes_who_needs_much(model):
    """A small question, for which there is room, waits behind a large one that asked before it."""
    order = []

    def come(name, k):
        with model.reserve(prompts_of(model, 0, k), k, 8, Stop()):
            order.append(name)

    with full(model, 3), model.reserve(prompts_of(model, 0), 4, 8, Stop()):
        big = threading.Thread(target=come, args=("big", 12), daemon=True)
        big.start()
        until(lambda: len(model.admission._queue) == 1)
        small = threading.Thread(target=come, args=("small", 4), daemon=True)
        small.start()
        until(lambda: len(model.admission._queue) == 2)
        with model.admission._door:
            assert len(model.admission._queue) == 2 and order == []
            assert model.admission.loop.pool.free > 4 * 4 + 2 * 4 + 3
    big.join(STUCK)
    small.join(STUCK)
    assert sorted(order) == ["big", "small"]


def test_a_larger_context_once_two_have_met(model):
    assert (model.admission.loop.context.sequences, model.admission.loop.context.cells) == (64, 8192)
    expected = answer(model, 0)
    with model.reserve(prompts_of(model, 1), 8, 8, Stop()) as reader, reader.read(prompts_of(model, 1)) as reading:
        # In one thread: who came first goes on in the small one.
        assert np.array_equal(answer(model, 0), expected)
        reading.step([97] * 4)
    assert (model.admission.loop.context.sequences, model.admission.loop.context.cells) == (256, 16384)


def test_steps_find_room_beside_a_long_reading(model, monkeypatch):
    """What one step waits for is one batch, not the whole prompt of another."""
    admission, order, begun = model.admission, [], threading.Event()
    with ExitStack() as stack:
        shares = [stack.enter_context(admission.share(need(), Stop())) for _ in range(2)]
        loop, decode = shares[0].loop, shares[0].loop.context.decode
        long, short = (share.acquire(1)[0] for share in shares)

        def watched(batch):
            order.append({entry.sequence for entry in batch})
            if len(order) == 1:
                begun.set()
                until(lambda: len(loop._waiting) == 1)
            assert len(batch) <= SHARED_BATCH
            return decode(batch)

        monkeypatch.setattr(loop.context, "decode", watched)

        def step():
            begun.wait(STUCK)
            return shares[1].decode(entries(short, 0, [5, 6, 7], outputs=1))

        in_threads(lambda: shares[0].decode(entries(long, 0, [5] * 1000, outputs=1)), step)
    assert order[0] == {long} and order[1] == {long, short} and len(order) == 8


def need():
    return Need(8, 1200)


def test_a_lone_question_is_not_cut_for_others(model, loop):
    before = loop.batches
    with model.admission.share(need(), Stop()) as share:
        share.decode(entries(share.acquire(1)[0], 0, [5] * 1000, outputs=1))
    assert loop.batches - before == 2


def test_who_does_not_fit_fails_alone(model, monkeypatch):
    """A batch that fails is tried again, each for itself."""
    with ExitStack() as stack:
        shares = [stack.enter_context(model.admission.share(need(), Stop())) for _ in range(2)]
        decode, tried = shares[0].loop.context.decode, []

        def full(batch):
            tried.append(len(batch))
            if len(tried) == 1:
                until(lambda: len(shares[0].loop._waiting) == 1)
            if any(entry.token == 9 for entry in batch):
                raise ModelError("full")
            return decode(batch)

        monkeypatch.setattr(shares[0].loop.context, "decode", full)
        good, bad = (share.acquire(1)[0] for share in shares)

        def fails():
            with pytest.raises(ModelError, match="full"):
                shares[1].decode(entries(bad, 0, [9] * 300, outputs=1))

        _, rows = in_threads(fails, lambda: shares[0].decode(entries(good, 0, [5] * 300, outputs=1)))
        assert rows.shape[0] == 1


def full(model, questions=4):
    """So many questions in a large context, which has room for four such, until the stack is closed."""
    model.admission.visit(0, MANY_CELLS)
    stack = ExitStack()
    for _ in range(questions):
        stack.enter_context(model.reserve(prompts_of(model, 0, 10), 10, 8, Stop()))
    return stack


def test_streams_that_nobody_reads_are_told_of(model, monkeypatch):
    """Who waits for them does not wait for ever; in one thread he would wait for himself."""
    monkeypatch.setattr(llama_admission, "STUCK_S", 0.2)
    with full(model), pytest.raises(BusyError, match="4 answers were begun") as raised:
        answer(model, 1)
    assert "close" in raised.value.cure
    assert answer(model, 1).size


def test_a_question_given_up_while_it_waits(model):
    stop, found = Stop(), []

    def ask():
        with pytest.raises(StoppedError) as raised, model.reserve(prompts_of(model, 1), 8, 8, stop):
            pass
        found.append(raised.value.cure)

    with full(model):
        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        until(lambda: len(model.admission._queue) == 1)
        stop.set()
        thread.join(STUCK)
        assert found == ["ask again"] and len(model.admission._queue) == 0
    assert answer(model, 1).size


def test_a_question_given_up_stops_at_its_next_step(model):
    stop, prompts = Stop(), prompts_of(model, 0)
    with pytest.raises(StoppedError), model.reserve(prompts, 8, 8, stop) as reader, reader.read(prompts) as reading:
        reading.step([97] * 4)
        stop.set()
        reading.step([98] * 4)
    loop = model.admission.loop
    assert (loop.pool.free, loop.questions) == (loop.pool.size, 0)


def test_what_was_left_open_is_given_back(model):
    """A share that ends takes back the sequences of readings that nobody closed."""
    expected = answer(model, 2)
    prompts = prompts_of(model, 0)
    with model.reserve(prompts, 8, 8, Stop()) as reader:
        reader.read(prompts).step([97] * 4)
    loop = model.admission.loop
    assert (loop.pool.free, loop.questions) == (loop.pool.size, 0)
    assert np.array_equal(answer(model, 2), expected)


def test_a_passage_that_several_want_is_read_once(model):
    prompts = prompts_of(model, 0)
    before = model.admission.loop.tokens
    with model.reserve(prompts, 0, 0, Stop()) as reader, reader.read(prompts):
        pass
    once = model.admission.loop.tokens - before
    model.bodies.cache.capacity, capacity = 0, model.bodies.cache.capacity
    model.bodies.cache.put("", b"")
    model.bodies.heads.clear()
    model.bodies.cache.capacity = capacity

    def ask():
        with model.reserve(prompts, 0, 0, Stop()) as reader, reader.read(prompts):
            pass

    tails = sum(len(prompt.segments[-1]) for prompt in prompts)
    model.admission.visit(0, MANY_CELLS)
    before = model.admission.loop.tokens
    in_threads(*[ask] * 5)
    assert model.admission.loop.tokens - before == once + 4 * tails
