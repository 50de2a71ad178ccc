"""Checkpoints of transformers against transformers' own forward passes and `generate`, on tiny random models."""

import subprocess
import sys

import numpy as np
import pytest

import quoth
import tiny
from quoth.errors import ModelError, NotFoundError
from quoth.generators import Prompt, describe_model, load_generator
from quoth.settings import Settings

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

CAUSAL = {"llama": tiny.llama, "gpt2": tiny.gpt2, "gemma3": tiny.gemma3}
SEQ2SEQ = {"bart": tiny.bart, "t5": tiny.t5}


def opened(make, folder, **options):
    return load_generator(Settings(model=str(make(folder, **options)), threads=1))


@pytest.fixture(scope="module", params=CAUSAL)
def causal(request, tmp_path_factory):
    return opened(CAUSAL[request.param], tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module", params=SEQ2SEQ)
def seq2seq(request, tmp_path_factory):
    return opened(SEQ2SEQ[request.param], tmp_path_factory.mktemp(request.param))


def prompts_of(model):
    """Two passages and the null passage, of three lengths."""
    head = (*model.begin, *model.tokenize("Say it.\n"))
    question = tuple(model.tokenize("Question: Who built it?\nAnswer:"))
    passages = [tuple(model.tokenize(f"Passage: {name} built it.\n")) for name in ("Ada Holm of Sund", "Ben")]
    return [*(Prompt((head, passage, question)) for passage in passages), Prompt((head, question))]


def whole(prompt):
    return [token for segment in prompt.segments for token in segment]


def log_softmax(logits):
    return torch.log_softmax(logits.detach().float(), -1).numpy()


def causal_after(model, tokens):
    """(t, V) log p after each token, read in one pass without a cache."""
    return log_softmax(model._model(torch.tensor([tokens])).logits[0])


def seq2seq_after(model, source, said):
    output = model._model(
        input_ids=torch.tensor([[*source, *model.close]]), decoder_input_ids=torch.tensor([[*model.start, *said]])
    )
    return log_softmax(output.logits[0])


def greedy(model, tokens=12):
    """The greedy answer to each prompt, all in one reading."""
    said = [[] for _ in prompts_of(model)]
    with model.read(prompts_of(model)) as reading:
        for _ in range(tokens):
            chosen = reading.log_probs.argmax(axis=1).tolist()
            chosen = [None if row and model.ends(row[-1]) else int(t) for row, t in zip(said, chosen, strict=True)]
            for row, token in zip(said, chosen, strict=True):
                row.extend([] if token is None else [token])
            reading.step(chosen)
    return said


def test_causal_log_probs_and_tails(causal):
    prompts = prompts_of(causal)
    with causal.read(prompts) as reading:
        for i, prompt in enumerate(prompts):
            tokens, tail = whole(prompt), prompt.segments[-1]
            expected = causal_after(causal, tokens)
            np.testing.assert_allclose(reading.log_probs[i], expected[-1], atol=1e-4)
            before = range(len(tokens) - len(tail), len(tokens) - 1)
            np.testing.assert_allclose(reading.tails[i], expected[before, tail[1:]], atol=1e-4)


def test_causal_greedy(causal):
    for prompt, ours in zip(prompts_of(causal), greedy(causal), strict=True):
        ids = torch.tensor([whole(prompt)])
        theirs = causal._model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=12, do_sample=False)
        assert ours == theirs[0, ids.shape[1] :].tolist()


def test_seq2seq_log_probs_and_tails(seq2seq):
    prompts = prompts_of(seq2seq)
    with seq2seq.read(prompts) as reading:
        for i, prompt in enumerate(prompts):
            expected = seq2seq_after(seq2seq, whole(prompt), [])
            np.testing.assert_allclose(reading.log_probs[i], expected[-1], atol=1e-4)
            # The question as the decoder would ask it, from the encoding of the passage (Sachan et al. 2022).
            *body, tail = prompt.segments
            asked = seq2seq_after(seq2seq, sum(body, ()), tail[:-1])[len(seq2seq.start) :]
            np.testing.assert_allclose(reading.tails[i], asked[np.arange(len(tail) - 1), tail[1:]], atol=1e-4)


def test_seq2seq_greedy(seq2seq):
    for prompt, ours in zip(prompts_of(seq2seq), greedy(seq2seq), strict=True):
        ids = torch.tensor([[*whole(prompt), *seq2seq.close]])
        theirs = seq2seq._model.generate(ids, max_new_tokens=12, do_sample=False)
        assert ours == theirs[0, 1:].tolist()


def test_bart_that_is_made_to_begin_with_bos(tmp_path):
    model = opened(tiny.bart, tmp_path, forced_bos_token_id=0)
    assert model.start == [2, 0]
    for prompt, ours in zip(prompts_of(model), greedy(model, 11), strict=True):
        ids = torch.tensor([[*whole(prompt), *model.close]])
        theirs = model._model.generate(ids, max_new_tokens=12, do_sample=False)
        assert [0, *ours] == theirs[0, 1:].tolist()


def test_passage_states_are_kept(tmp_path):
    model = opened(tiny.llama, tmp_path)
    prompts = prompts_of(model)
    with model.read(prompts) as reading:
        first = reading.log_probs.copy()
    # The head and two passages; each holds its own tokens: 2 layers of keys and values, 2 heads of 8 numbers.
    assert len(model.states) == 3
    tokens = len(prompts[0].segments[0]) + sum(len(prompt.segments[1]) for prompt in prompts[:2])
    assert 0 < model.states.size - tokens * 2 * 2 * 2 * 8 * 4 < 3 * 500

    read = []
    model._model.register_forward_hook(lambda *_args, **_more: read.append(1))
    with model.read(prompts) as reading:
        assert np.array_equal(reading.log_probs, first)
    assert len(read) == 1

    model.states.capacity = 0
    model.states.put("", b"x")
    assert len(model.states) == 0
    with model.read(prompts) as reading:
        assert np.array_equal(reading.log_probs, first)


def test_pieces_of_columns_and_rows_change_nothing(causal, monkeypatch):
    from quoth.generators import torch_causal, torch_reading

    prompts = prompts_of(causal)
    answers = [causal.tokenize(text) for text in (" Ada Holm built the tower", " Ben", " x")]
    with causal.read(prompts) as reading:
        expected, tails, scores = reading.log_probs.copy(), reading.tails, reading.score(answers)
    monkeypatch.setattr(torch_causal, "MAX_LOGITS", 3 * 320 * 4)
    monkeypatch.setattr(torch_reading, "MAX_ROWS", 2)
    with causal.read(prompts) as reading:
        np.testing.assert_allclose(reading.log_probs, expected, atol=1e-4)
        for actual, wanted in zip([*reading.tails, *reading.score(answers)], [*tails, *scores], strict=True):
            np.testing.assert_allclose(actual, wanted, atol=1e-4)


def test_pieces_of_rows_change_nothing(seq2seq, monkeypatch):
    from quoth.generators import torch_seq2seq

    answers = [seq2seq.tokenize(text) for text in (" Ada Holm built the tower", " Ben", " x")]
    with seq2seq.read(prompts_of(seq2seq)) as reading:
        expected = reading.score(answers)
        monkeypatch.setattr(torch_seq2seq, "MAX_LOGITS", 320 * 20)
        for actual, wanted in zip(reading.score(answers), expected, strict=True):
            np.testing.assert_allclose(actual, wanted, atol=1e-4)


def test_an_answer_longer_than_the_model_reads(tmp_path):
    model = opened(tiny.gpt2, tmp_path)
    token = model.tokenize("a")[0]
    with model.read([Prompt(((token,) * 512,))]) as reading, pytest.raises(ModelError, match="513 tokens"):
        reading.step([token])


def test_an_answer_longer_than_the_decoder_says(tmp_path):
    model = opened(tiny.bart, tmp_path)
    tokens = model.tokenize("a") * 511
    with model.read(prompts_of(model)) as reading:
        assert reading.score([tokens])[0].shape == (3, 511)
        with pytest.raises(ModelError, match="514 tokens"):
            reading.score([[*tokens, *tokens[:3]]])


@pytest.mark.parametrize("make", [tiny.llama, tiny.bart], ids=["causal", "seq2seq"])
@pytest.mark.parametrize("decoding", ["sequence", "token"])
def test_a_knowledge_base_answers_with_it(tmp_path, make, decoding):
    folder = make(tmp_path / "model")
    kb = quoth.open(tmp_path / "kb", model=str(folder), decoding=decoding, max_tokens=6, min_confidence=0.0)
    kb.add_texts(["Ada Holm built the tower in 1901.", "Ben Ruiz built the lighthouse of Sund in 1887."])
    answer = kb.ask("Who built the tower?")
    for token in answer.tokens:
        assert sum(token.posterior) == pytest.approx(1)
    assert answer.abstained or "".join(token.text for token in answer.tokens) == answer.text
    assert kb.status().generator == str(folder)


def test_chat(tmp_path):
    model = opened(tiny.llama, tmp_path / "chat", chat_template=tiny.TEMPLATE)
    assert model.chat("Hi") == "<start_of_turn>user\nHi\n<start_of_turn>model\n"
    assert opened(tiny.llama, tmp_path / "base").chat("Hi") is None
    assert opened(tiny.bart, tmp_path / "bart").chat("Hi") == "Hi"


def test_a_vocabulary_of_pieces(tmp_path):
    """As Gemma's and Llama 2's: a space is U+2581, what has no piece is written in bytes."""
    from tokenizers import Tokenizer, decoders, models, normalizers

    from quoth.generators.torch_vocabulary import Vocabulary

    pieces = ["<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "\u2581", "a", "b", "\u2581a"]
    tokenizer = Tokenizer(models.BPE({p: i for i, p in enumerate(pieces)}, [("\u2581", "a")], byte_fallback=True))
    tokenizer.normalizer = normalizers.Replace(" ", "\u2581")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()])
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>")
    vocabulary = Vocabulary(fast, [1])
    for text in ("ab a  b", " é\n中\0", "</s>a"):
        assert vocabulary.detokenize(vocabulary.tokenize(text)) == text.encode()
    assert vocabulary.tokenize(" a") == [pieces.index("\u2581a")]
    assert vocabulary.tokenize("</s>", special=True) == [1] and vocabulary.detokenize([0, 1, 10_000]) == b""


def test_what_is_no_checkpoint(tmp_path):
    with pytest.raises(NotFoundError, match="no model in"):
        load_generator(Settings(model=str(tmp_path)))
    (tmp_path / "config.json").write_text('{"model_type": "unheard-of"}')
    with pytest.raises(ModelError, match="transformers cannot load"):
        load_generator(Settings(model=str(tmp_path)))
    folder = tiny.llama(tmp_path / "broken")
    (folder / "model.safetensors").write_bytes(b"not one")
    with pytest.raises(ModelError, match="broken"):
        load_generator(Settings(model=str(folder)))


def test_a_hub_that_cannot_be_reached(monkeypatch, tmp_path):
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match="cannot load owner/repository-of-quoths-tests"):
        load_generator(Settings(model="hf:owner/repository-of-quoths-tests"))
    assert describe_model("hf:owner/repo") == "hf:owner/repo"


def test_layers_with_other_states_are_refused(tmp_path):
    from types import SimpleNamespace

    from quoth.generators.torch_causal import CausalModel

    config = SimpleNamespace(model_type="mixed", layer_types=["full_attention", "linear_attention"])
    config.get_text_config = lambda: config
    with pytest.raises(ModelError, match="mixed keeps states"):
        CausalModel(SimpleNamespace(config=config), None)


def test_without_torch_the_extra_is_named(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from quoth.errors import MissingExtraError\n"
        "from quoth.generators import load_generator\n"
        "from quoth.settings import Settings\n"
        f"try: load_generator(Settings(model={str(tmp_path)!r}))\n"
        "except MissingExtraError as error: print(error.cure)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == 'pip install "quoth[torch]"'
