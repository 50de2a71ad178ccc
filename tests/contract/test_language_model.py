"""What every `LanguageModel` promises, asked of the toy model, the real default model and tiny torch models."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import tiny
from quoth.errors import ModelError
from quoth.generators import Prompt, load_generator
from quoth.settings import Settings
from toy import ToyModel

# A quantised model rounds its activations to 8 bits, so that the last bit of a sum, which depends on the
# shape of the batch, moves probabilities: 0.05 of all mass for Gemma 270M Q4_K_M, some 0.2 in log p of a
# token. Another passage moves 0.4 of all mass and 5 in log p. The same batch again is exact to the bit.
LLAMA_MASS, LLAMA_LOG = 0.12, 0.8
# The causal models: rotary positions, learned ones, and layers that look a few tokens back. T5's are relative.
TORCH = {"causal": tiny.llama, "gpt2": tiny.gpt2, "gemma3": tiny.gemma3, "seq2seq": tiny.bart, "t5": tiny.t5}


@pytest.fixture(scope="module", params=["toy", "llama", *TORCH])
def model(request, tmp_path_factory):
    if request.param in TORCH:
        pytest.importorskip("transformers")
        return load_generator(Settings(model=str(TORCH[request.param](tmp_path_factory.mktemp(request.param)))))
    return ToyModel() if request.param == "toy" else request.getfixturevalue("gemma")


@pytest.fixture(scope="module")
def is_llama(model):
    return type(model).__name__ == "LlamaModel"


@pytest.fixture
def same(is_llama):
    """Asserts that rows over the vocabulary are the same but for rounding."""

    def check(actual, expected):
        assert actual.shape == expected.shape
        moved = np.abs(np.exp(actual) - np.exp(expected)).sum(axis=-1) / 2
        assert np.max(moved) < (LLAMA_MASS if is_llama else 1e-5)

    return check


@pytest.fixture
def log_error(is_llama):
    """The rounding of a likely token's log p."""
    return LLAMA_LOG if is_llama else 1e-4


@pytest.fixture
def tokens(model):
    return lambda text: tuple(model.tokenize(text))


@pytest.fixture
def prompts(model, tokens):
    """Two passages and the null passage."""
    head = (*model.begin, *tokens("Say it.\n"))
    question = tokens("Question: Who built it?\nAnswer:")
    passages = [tokens(f"Passage: {name} built the tower in 1901.\n") for name in ("Ada Holm", "Ben Ruiz")]
    return [*(Prompt((head, passage, question)) for passage in passages), Prompt((head, question))]


def log_probs_of(model, prompts):
    with model.read(prompts) as reading:
        return reading.log_probs.copy()


def stepped(reading, continuation):
    """(k, m): the log p of each token as it is stepped."""
    columns = []
    for token in continuation:
        columns.append(reading.log_probs[:, token].copy())
        reading.step([token] * len(reading.log_probs))
    return np.stack(columns, axis=1)


def test_log_probs_are_normalised_float32_rows(model, prompts):
    rows = log_probs_of(model, prompts)
    assert rows.dtype == np.float32
    assert rows.shape == (3, len(rows[0])) and rows.shape[1] > 6
    assert rows.max() <= 0
    np.testing.assert_allclose(np.exp(rows.astype(np.float64)).sum(axis=1), 1, atol=1e-4)


def test_none_rests(model, prompts, tokens):
    with model.read(prompts) as reading:
        before = reading.log_probs.copy()
        reading.step([None, tokens("b")[0], None])
        after = reading.log_probs.copy()
        reading.step([None, None, None])
        assert np.array_equal(reading.log_probs, after)
    assert np.array_equal(after[[0, 2]], before[[0, 2]])
    assert np.abs(np.exp(after[1]) - np.exp(before[1])).sum() > 0.5


def test_score_equals_stepping(model, prompts, tokens, log_error):
    continuations = [tokens(" Ada Holm"), tokens(" A"), tokens(" Ben Ruiz built it")]
    with model.read(prompts) as reading:
        scores = reading.score(continuations)
        assert all(map(np.array_equal, reading.score(continuations), scores))
    for continuation, score in zip(continuations, scores, strict=True):
        assert score.shape == (3, len(continuation)) and score.dtype == np.float32
        with model.read(prompts) as reading:
            np.testing.assert_allclose(reading.score([continuation])[0], score, atol=log_error)
            np.testing.assert_allclose(stepped(reading, continuation), score, atol=log_error)


def test_score_leaves_stepping_undisturbed(model, prompts, tokens):
    with model.read(prompts) as reading:
        undisturbed = stepped(reading, tokens(" Ada Holm"))
    with model.read(prompts) as reading:
        reading.score([tokens(" Ben")])
        first = stepped(reading, tokens(" Ada"))
        reading.score([tokens(" 1901"), tokens(" no")])
        second = stepped(reading, tokens(" Holm"))
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), undisturbed, atol=1e-5)


def test_score_follows_the_prompts_not_the_steps(model, prompts, tokens):
    with model.read(prompts) as reading:
        before = reading.score([tokens(" Ben Ruiz")])[0]
        reading.step([tokens(" Ada")[0]] * 3)
        np.testing.assert_allclose(reading.score([tokens(" Ben Ruiz")])[0], before, atol=1e-5)


def test_reorder_takes_rows_twice_and_drops_them(model, prompts, tokens, same):
    a, b = tokens("A")[0], tokens("b")[0]
    with model.read(prompts) as reading:
        reading.step([a, b, a])
        rows = reading.log_probs.copy()
        reading.reorder([1, 1, 0])
        assert np.array_equal(reading.log_probs, rows[[1, 1, 0]])
        reading.step([a, b, b])
        reordered = reading.log_probs.copy()
    with model.read([prompts[1], prompts[1], prompts[0]]) as reading:
        reading.step([b, b, a])
        reading.step([a, b, b])
        same(reordered, reading.log_probs)


def test_a_fork_begins_anew_and_goes_its_own_way(model, prompts, tokens, same):
    a, b = tokens("A")[0], tokens("b")[0]
    with model.read(prompts) as reading:
        first = reading.log_probs.copy()
        reading.step([a] * 3)
        stepped = reading.log_probs.copy()
        with reading.fork([2, 0, 0]) as fork:
            assert np.array_equal(fork.log_probs, first[[2, 0, 0]])
            assert all(map(np.array_equal, fork.tails, (reading.tails[i] for i in (2, 0, 0))))
            fork.step([b, b, a])
            same(fork.log_probs[2], stepped[0])
            assert fork.score([tokens(" Ben")])[0].shape == (3, len(tokens(" Ben")))
        assert np.array_equal(reading.log_probs, stepped)
        reading.step([b] * 3)
        forked = reading.log_probs.copy()
    with model.read(prompts) as reading:
        reading.step([a] * 3)
        reading.step([b] * 3)
        same(forked, reading.log_probs)


def test_tails_follow_the_prompts(model, prompts):
    with model.read(prompts) as reading, model.read(prompts[:1]) as alone:
        assert [len(tail) for tail in reading.tails][:2] == [len(reading.tails[0])] * 2
        assert all(tail.dtype == np.float32 and tail.ndim == 1 for tail in reading.tails)
        assert len(alone.tails) == 1


def test_only_what_is_asked_has_tails(model, prompts):
    if model.name == "toy":
        pytest.skip("the toy's tails are made up")
    chosen = [Prompt(prompt.segments, (2, 4)) for prompt in prompts]
    with model.read(prompts) as reading, model.read(chosen) as few:
        for whole, tail in zip(reading.tails, few.tails, strict=True):
            np.testing.assert_allclose(tail, whole[[1, 3]], atol=LLAMA_LOG)


def test_the_other_prompts_have_no_say(model, prompts, same):
    together = log_probs_of(model, prompts)
    same(log_probs_of(model, prompts[::-1])[::-1], together)
    for i, prompt in enumerate(prompts):
        same(log_probs_of(model, [prompt])[0], together[i])


def test_a_prompt_given_twice_is_two_rows(model, prompts, tokens, same):
    with model.read([prompts[0], prompts[0]]) as reading:
        same(reading.log_probs[0], reading.log_probs[1])
        reading.step([tokens("A")[0], tokens("b")[0]])
        assert np.abs(np.exp(reading.log_probs[0]) - np.exp(reading.log_probs[1])).sum() > 0.2


def test_reading_again_gives_the_same_to_the_bit(model, prompts):
    first, second = log_probs_of(model, prompts), log_probs_of(model, prompts)
    assert np.array_equal(first, second)


def test_segments_do_not_change_what_is_read(model, prompts, same):
    whole = [Prompt((sum(prompt.segments, ()),)) for prompt in prompts]
    same(log_probs_of(model, whole), log_probs_of(model, prompts))


def test_many_heads(model, tokens):
    """More distinct heads than a back end may keep: the first is still read right."""
    made = [Prompt(((*model.begin, *tokens(f"Rule {n}.\n")), tokens("Go: "))) for n in range(6)]
    first = [log_probs_of(model, [prompt]) for prompt in made]
    for prompt, expected in zip(made[:2], first, strict=False):
        assert np.array_equal(log_probs_of(model, [prompt]), expected)


@settings(max_examples=40, deadline=None)
@given(text=st.text(max_size=40))
@example("two  spaces,\ttabs\r\n\n\nand lines ")
@example("👩‍🔬 é e\u0301 \0 ﷽ 中文")
@example("<start_of_turn><bos><eos>")
def test_text_comes_back_to_the_byte(model, is_llama, text):
    # SentencePiece writes a space as U+2581: it has no other way to say that character.
    expected = text.replace("\u2581", " ") if is_llama else text
    pieces = [model.detokenize([token]) for token in model.tokenize(text)]
    assert b"".join(pieces) == model.detokenize(model.tokenize(text)) == expected.encode()


def test_control_tokens_in_a_text_are_text(model):
    (control,) = model.tokenize("<start_of_turn>", special=True)
    plain = model.tokenize("a <start_of_turn>user")
    assert control not in plain and len(plain) > 3
    assert model.detokenize(plain) == b"a <start_of_turn>user"
    assert not any(map(model.ends, model.tokenize("<eos><end_of_turn></s><|im_end|>")))


def test_a_prompt_that_is_too_long(model, prompts, tokens):
    endless = Prompt((prompts[0].segments[0], tokens(" word") * 40_000, tokens("?")))
    with pytest.raises(ModelError) as raised:
        model.read([*prompts, endless])
    assert raised.value.cure
    assert log_probs_of(model, prompts).shape[0] == 3
