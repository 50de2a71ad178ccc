"""What a question is promised: enough for what it may do, bounded, and waited for where there is no memory."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quoth.errors import ModelError
from quoth.generators import Prompt, Stop
from quoth.generators.llama import LlamaModel
from quoth.generators.llama_context import FEW_CELLS, MANY_CELLS
from quoth.generators.llama_need import Need, need_of
from remote_servers import write_tiny_model
from stuck import STUCK, until


def prompts_of(count, head=600, passage=250, tail=30):
    return [Prompt(((5,) * head, (6,) * passage, (7,) * tail)) for _ in range(count)]


def test_what_an_answer_may_have_is_bounded():
    """1,200 cells of instructions and 6 x 280 of passages; 10 rows of 16 tokens, and 19 sequences of scores."""
    assert need_of(prompts_of(6), 10, 16).cells == 1200 + 1680 + 160 + 304
    assert need_of(prompts_of(6), 5, 1024).cells == 1200 + 1680 + 5120 + 1024
    assert need_of(prompts_of(6), 10, 1024).cells == 1200 + 1680 + MANY_CELLS // 2
    assert need_of(prompts_of(6), 1000, 1024).cells == 1200 + 1680 + MANY_CELLS // 2


@given(st.integers(1, 51), st.integers(0, 2000), st.integers(0, 4096))
def test_a_request_cannot_open_gigabytes(count, rows, tokens):
    need = need_of(prompts_of(count), rows, tokens)
    assert need.cells <= max(FEW_CELLS + 1, 1200 + 280 * count + MANY_CELLS // 2)
    assert need.sequences <= (64 if need.cells <= FEW_CELLS else 256)
    assert need.sequences >= min(4 * count + rows, 256)


@pytest.fixture
def model(tmp_path):
    model = LlamaModel(write_tiny_model(tmp_path / "tiny.gguf"), threads=1)
    yield model
    model.close()


def test_rows_are_reordered_in_the_room_that_they_have(model):
    """Four prompts in twelve sequences, eight of which step: whatever is dropped makes room for what is taken again."""
    prompts = [Prompt((model.begin, (97 + n,), (97, 98))) for n in range(4)]
    with model.reserve(prompts, 0, 8, Stop()) as reader, reader.read(prompts) as reading:
        share = reading._share
        reading.step([97] * 4)
        reading.reorder([0, 0, 1, 1, 2, 2, 3, 3])
        held = share.acquire(share.free_sequences)
        reading.step([97, 98] * 4)
        rows = reading.log_probs[[1, 1, 3, 3, 5, 5, 7, 7]]
        reading.reorder([1, 1, 3, 3, 5, 5, 7, 7])
        assert np.array_equal(reading.log_probs, rows)
        reading.step([99] * 8)
        np.testing.assert_allclose(reading.log_probs[::2], reading.log_probs[1::2], atol=0.05)
        with pytest.raises(ModelError, match="1 sequences are wanted and 0 of"):
            reading.reorder([0, 1, 2, 3, 4, 5, 6, 7, 7])
        share.release(held)
    assert model.admission.loop.is_idle()


def test_a_round_of_scores_takes_few_cells(model, monkeypatch):
    """Many long continuations are scored a few at a time, and each as if it were alone."""
    prompts = [Prompt((model.begin, (97 + n,), (97, 98))) for n in range(3)]
    continuations = [[97 + (n + i) % 26 for i in range(400)] for n in range(6)]
    with model.read(prompts) as reading:
        expected = [reading.score([one])[0] for one in continuations]
    sizes = []
    with model.read(prompts) as reading:
        score = reading._share.score
        monkeypatch.setattr(
            reading._share, "score", lambda batch, targets: sizes.append(len(batch)) or score(batch, targets)
        )
        found = reading.score(continuations)
    assert max(sizes) <= 1024 and sum(sizes) == 6 * 3 * 399
    np.testing.assert_allclose(found, expected, atol=0.05)


def test_who_cannot_have_a_larger_context_waits(model, monkeypatch):
    """There is no memory for it beside the first question's; alone there is room, and nothing larger is needed."""
    tried, found = [], []

    def full(cells):
        tried.append(cells)
        raise ModelError("no memory")

    def come():
        with model.admission.share(Need(64, 8192), Stop()) as share:
            found.append(share.free_sequences)

    monkeypatch.setattr(model.admission.loop.context, "larger", full)
    with model.admission.share(Need(64, 8192), Stop()):
        thread = threading.Thread(target=come, daemon=True)
        thread.start()
        until(lambda: tried == [MANY_CELLS])
        assert not found
    thread.join(STUCK)
    assert found == [64]
    with pytest.raises(ModelError, match="no memory"), model.admission.share(Need(64, 8193), Stop()):
        pass
