"""What is llama.cpp's own: states that are kept, sequences that come back, contexts that grow."""

import signal
from functools import partial

import numpy as np
import pytest

from quoth.errors import ModelError
from quoth.generators import Prompt
from quoth.generators.llama import LlamaModel
from quoth.generators.llama_bodies import MAX_HEADS
from quoth.generators.llama_identity import fingerprint, state_identity
from quoth.generators.models import default_model
from quoth.generators.state_folder import StateFolder, state_files
from quoth.generators.states import StateCache


@pytest.fixture
def model(gemma, monkeypatch):
    """The default model with an empty cache of states."""
    monkeypatch.setattr(gemma.bodies, "cache", StateCache(64 << 20))
    return gemma


@pytest.fixture
def prompts(model):
    head = (*model.begin, *model.tokenize("Answer from the passage.\n"))
    question = tuple(model.tokenize("Question: Who?\nAnswer:"))
    passages = [tuple(model.tokenize(f"Passage {n}: she was called Ada.\n")) for n in range(3)]
    return [*(Prompt((head, passage, question)) for passage in passages), Prompt((head, question))]


def log_probs_of(model, prompts):
    with model.read(prompts) as reading:
        return reading.log_probs.copy()


def free(model):
    """Free sequences."""
    return model.admission.loop.pool.free


def test_states_are_kept_and_change_nothing(model, prompts):
    fresh = log_probs_of(model, prompts)
    size = model.bodies.cache.size
    assert len(model.bodies.cache) == 3 and size > 100_000
    assert np.array_equal(log_probs_of(model, prompts), fresh)
    assert (len(model.bodies.cache), model.bodies.cache.size) == (3, size)


def test_a_kept_state_serves_another_question(model, prompts):
    log_probs_of(model, prompts)
    asked = [Prompt((*p.segments[:-1], tuple(model.tokenize("Question: Why?\nAnswer:")))) for p in prompts]
    kept = log_probs_of(model, asked)
    assert len(model.bodies.cache) == 3
    model.bodies.cache = StateCache(0)
    assert np.array_equal(log_probs_of(model, asked), kept)


def test_an_evicted_state_is_read_again(model, prompts):
    fresh = log_probs_of(model, prompts)
    model.bodies.cache = StateCache(1000)
    for _ in range(2):
        assert np.array_equal(log_probs_of(model, prompts), fresh)
        assert len(model.bodies.cache) == 0


def test_history_does_not_change_an_answer(model, prompts):
    """A passage's state is the same whatever was read in the same batch with it."""
    together = log_probs_of(model, prompts)
    model.bodies.cache = StateCache(64 << 20)
    for prompt in prompts[::-1]:
        log_probs_of(model, [prompt])
    assert np.array_equal(log_probs_of(model, prompts), together)


def test_all_sequences_come_back(model, prompts):
    before = free(model)
    with model.read(prompts) as reading:
        reading.step([5, None, 7, 5])
        reading.score([[5, 6], [7]])
        reading.reorder([0, 0, 1, 3])
        assert free(model) < before
    assert free(model) == before


def test_all_sequences_come_back_after_an_error(model, prompts):
    before = free(model)
    with pytest.raises(KeyError), model.read(prompts):
        raise KeyError
    with pytest.raises(ModelError):
        model.read([Prompt((prompts[0].segments[0], (5,) * 40_000))])
    assert free(model) == before


def test_fifty_passages_fit(model, prompts):
    """Each takes a sequence of its own, one to step and one to score."""
    head, passage, _ = prompts[0].segments
    many = [Prompt((head, passage * 12, (token,))) for token in range(100, 151)]
    before = free(model)
    with model.read(many) as reading:
        reading.step([5] * len(many))
        assert reading.score([[5, 6]])[0].shape == (51, 2)
    assert free(model) >= before


@pytest.mark.parametrize("count", [130, 260])
def test_too_many_prompts(model, prompts, count):
    before = free(model)
    with pytest.raises(ModelError, match="sequences are wanted"), model.read(prompts[:1] * count) as reading:
        reading.step([5] * count)
    assert free(model) == before


def test_scoring_in_rounds_where_sequences_are_few(model, prompts):
    """Four prompts leave room for some 14 continuations at once."""
    continuations = [[n, n + 1] for n in range(100, 120)]
    before = free(model)
    with model.read(prompts) as reading:
        scores = reading.score(continuations)
        assert np.array_equal(scores[19], reading.score(continuations[14:])[5])
    assert len(scores) == 20
    assert free(model) == before


def test_a_longer_context_is_made_when_needed(model, prompts):
    before = log_probs_of(model, prompts)
    size, passage = model.admission.loop.context.cells, tuple(model.tokenize("word " * 3500))
    long = [Prompt((prompts[0].segments[0], (*passage, n), (5,))) for n in range(2)]
    assert sum(map(len, long)) + 2048 > size or size > 8192
    # Reading that much takes seconds: making room is all that is asked here.
    model.admission.visit(0, sum(map(len, long)) + 2048)
    assert model.admission.loop.context.cells >= sum(map(len, long))
    assert np.array_equal(log_probs_of(model, prompts), before)


def test_a_head_that_could_not_be_read_is_not_kept(model, prompts, monkeypatch):
    """A failure while a new head is read leaves no empty head behind."""
    head = tuple(model.tokenize("A head that nobody has read before."))
    prompt = Prompt((head, prompts[0].segments[-1]))
    good = Prompt(((*head, *prompt.segments[1]),))

    def fail(*_):
        raise ModelError("the context is full")

    with monkeypatch.context() as broken:
        broken.setattr(model.admission.loop.context, "decode", fail)
        with pytest.raises(ModelError):
            model.read([prompt])
    moved = np.exp(log_probs_of(model, [prompt])) - np.exp(log_probs_of(model, [good]))
    assert np.abs(moved).sum() / 2 < 0.12


def test_the_tails_are_those_of_the_last_segments(model):
    head, passage = (*model.begin, *model.tokenize("Read.\n")), tuple(model.tokenize("The mill burned in 1901.\n"))
    question = tuple(model.tokenize("Question: When did the mill burn?\n"))
    with model.read([Prompt((head, passage, question)), Prompt((head, question))]) as reading:
        assert [len(tail) for tail in reading.tails] == [len(question) - 1] * 2
        told, memory = (tail.sum() for tail in reading.tails)
    with model.read([Prompt((head, passage, question[:1]))]) as reading:
        [scores] = reading.score([question[1:]])
    assert abs(told - scores[0].sum(dtype=float)) < 1.5  # 10 tokens of a quantised model; see the contract's suite
    assert told > memory + 2  # the passage speaks of a mill


def test_a_state_holds_the_passage_alone(model, prompts):
    """Behind instructions of any length: what a token takes does not grow with them."""
    head, passage, question = prompts[0].segments
    long = (*head, *model.tokenize("Answer with words from the passage, and with no others. " * 10))
    for start in ((), head, long):
        model.bodies.cache = StateCache(64 << 20)
        log_probs_of(model, [Prompt((start, passage, question))])
        assert model.bodies.cache.size == pytest.approx(len(passage) * 18_500, rel=0.02)


def test_one_passage_behind_two_instructions_is_two_states(model, prompts):
    """The same tokens, cut in another place: each half has cells of its own."""
    head, passage, question = prompts[0].segments
    cuts = [Prompt((head, passage, question)), Prompt(((*head, passage[0]), passage[1:], question))]
    alone = [log_probs_of(model, [prompt]) for prompt in cuts]
    assert len(model.bodies.cache) == 2
    for prompt, expected in zip(cuts, alone, strict=True):
        model.bodies.cache = StateCache(64 << 20)
        log_probs_of(model, cuts)
        assert np.array_equal(log_probs_of(model, [prompt]), expected)


def test_it_does_not_matter_where_in_memory_the_cells_lie(model, prompts):
    """Behind what another reading holds, and after its end: the same to the bit."""
    expected = log_probs_of(model, prompts)
    for n in (1, 3):
        with model.read([Prompt(((5,) * n, (7,) * 40 * n, (9,)))]), model.read(prompts[:n]) as other:
            other.step([5] * n)
            assert np.array_equal(log_probs_of(model, prompts), expected)
        assert np.array_equal(log_probs_of(model, prompts), expected)


def test_instructions_that_were_forgotten_are_read_again(model, prompts):
    expected = log_probs_of(model, prompts)
    for n in range(MAX_HEADS):
        log_probs_of(model, [Prompt((tuple(model.tokenize(f"Head {n}.")), (5,)))])
    assert len(model.bodies.heads) == MAX_HEADS and prompts[0].segments[0] not in model.bodies.heads
    assert np.array_equal(log_probs_of(model, prompts), expected)


def test_states_on_disk_serve_the_next_process(model, prompts, tmp_path, monkeypatch):
    expected = log_probs_of(model, prompts)
    together = Prompt((*prompts[0].segments[:2], *prompts[1].segments[1:]))
    monkeypatch.setattr(model.bodies, "folder", StateFolder(tmp_path / "states", 64 << 20, "0" * 16))
    for _ in range(2):
        monkeypatch.setattr(model.bodies, "heads", {})
        monkeypatch.setattr(model.bodies, "cache", StateCache(64 << 20))
        assert np.array_equal(log_probs_of(model, prompts), expected)
        log_probs_of(model, [together])
        # Three passages and the instructions; several passages together are kept in memory alone.
        assert len(state_files(tmp_path / "states")) == 4 and len(model.bodies.cache) == 4
        monkeypatch.setattr(model.bodies, "_read", partial(read_only, type(model.bodies)._read, model.bodies, together))


def read_only(read, bodies, prompt, share, head, tokens, images):
    """Reads the passages of `prompt`, and nothing else."""
    assert tokens == prompt.segments[1] + prompt.segments[2]
    return read(bodies, share, head, tokens, images)


def test_a_state_that_went_from_disk_comes_back_from_memory(model, prompts, tmp_path, monkeypatch):
    monkeypatch.setattr(model.bodies, "folder", StateFolder(tmp_path / "states", 64 << 20, "0" * 16))
    log_probs_of(model, prompts)
    for file in state_files(tmp_path / "states"):
        file.path.unlink()
    log_probs_of(model, prompts)
    assert len(state_files(tmp_path / "states")) == 3


def test_states_in_8_bits_take_half_the_room_and_say_almost_the_same(model, prompts):
    fine = log_probs_of(model, prompts)
    coarse = LlamaModel(default_model(), threads=1, state_type="q8")
    first = log_probs_of(coarse, prompts)
    assert coarse.bodies.cache.size == pytest.approx(model.bodies.cache.size * 34 / 64, rel=0.05)
    assert np.array_equal(log_probs_of(coarse, prompts), first)
    coarse.bodies.cache = StateCache(0)
    assert np.array_equal(log_probs_of(coarse, prompts), first)
    assert 0 < np.abs(np.exp(first) - np.exp(fine)).sum(axis=1).max() / 2 < 0.2
    coarse.close()


def test_what_a_state_depends_on(tmp_path):
    whole = default_model()
    assert state_identity(whole, "f16") != state_identity(whole, "q8")
    assert state_identity(whole, "f16") == state_identity(whole, "f16")
    for change, data in (
        ("longer", b"a" * 10_000_001),
        ("other", b"b" + b"a" * 9_999_999),
        ("same", b"a" * 10_000_000),
    ):
        (tmp_path / change).write_bytes(data)
    prints = {name: fingerprint(tmp_path / name) for name in ("longer", "other", "same")}
    assert len(set(prints.values())) == 3
    (tmp_path / "again").write_bytes(data)
    assert fingerprint(tmp_path / "again") == prints["same"]
    (tmp_path / "empty").touch()
    assert fingerprint(tmp_path / "empty") not in prints.values()
    with pytest.raises(ModelError, match="cannot be read"):
        fingerprint(tmp_path)


def test_an_interrupted_reading_gives_its_sequences_back(model, prompts):
    """A real signal, long before the runtime has read so much."""

    def interrupt(_number, _frame):
        raise KeyboardInterrupt

    expected, before = log_probs_of(model, prompts), free(model)
    handler = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyboardInterrupt):
            model.read([Prompt(((*model.begin, *model.tokenize("word " * 1500)),), chosen=())])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
    assert free(model) == before
    np.testing.assert_array_equal(log_probs_of(model, prompts), expected)
