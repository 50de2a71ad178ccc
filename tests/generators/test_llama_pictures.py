"""Pictures read by llama.cpp: tiny models with tiny projectors, and llama.cpp's own reading as the oracle."""

import ctypes
import threading

import llama_cpp
import numpy as np
import pytest
from llama_cpp import mtmd_cpp

from quoth.errors import ModelError
from quoth.generators import Prompt, Stop, llama_admission
from quoth.generators.llama import LlamaModel
from quoth.generators.llama_context import MANY_CELLS
from quoth.generators.llama_identity import state_identity
from quoth.generators.llama_need import Need
from quoth.generators.models import find_projector
from quoth.generators.state_folder import StateFolder, passage_digest, picture_name
from quoth.generators.states import StateCache
from quoth.passages.pixels import decode_picture
from remote_servers import write_tiny_model
from stuck import STUCK, until
from tiny_vision import KINDS, jpeg, write_projector


@pytest.fixture(scope="module", params=KINDS)
def files(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    model = write_tiny_model(folder / "tiny.gguf", mrope=request.param == "qwen2vl_merger")
    return model, write_projector(folder / "mmproj-tiny.gguf", request.param)


@pytest.fixture(scope="module")
def loaded(files):
    model = LlamaModel(files[0], threads=1, projector=files[1])
    yield model
    model.close()


@pytest.fixture
def model(loaded, monkeypatch):
    monkeypatch.setattr(loaded.bodies, "cache", StateCache(64 << 20))
    return loaded


def shown(model, seed):
    file = jpeg(seed)
    return model.show(decode_picture(file).digest, file)


def prompt_of(model, *seeds, question="What is it?"):
    images = tuple(shown(model, seed) for seed in seeds)
    head = (*model.begin, *model.tokenize("Look.\n"))
    bodies = [(*model.tokenize("Passage:"), *image.tokens, *model.tokenize("\nspots\n")) for image in images]
    return Prompt((head, *bodies, tuple(model.tokenize(question))), images=images)


def log_probs_of(model, *prompts):
    with model.read(prompts) as reading:
        return reading.log_probs.copy()


def test_pixels_matter(model):
    red, blue = log_probs_of(model, prompt_of(model, 1), prompt_of(model, 2))
    assert np.abs(np.exp(red) - np.exp(blue)).sum() / 2 > 0.01
    words = Prompt((model.begin, tuple(model.tokenize("Passage:\nspots\n")), tuple(model.tokenize("What is it?"))))
    assert np.abs(np.exp(red) - np.exp(log_probs_of(model, words)[0])).sum() / 2 > 0.01


def test_a_kept_state_is_what_is_read_anew(model):
    fresh = log_probs_of(model, prompt_of(model, 1), prompt_of(model, 2))
    assert len(model.bodies.cache) == 2
    assert np.array_equal(log_probs_of(model, prompt_of(model, 1), prompt_of(model, 2)), fresh)
    asked = log_probs_of(model, prompt_of(model, 1, question="Who?"))
    assert len(model.bodies.cache) == 2
    model.bodies.cache = StateCache(0)
    assert np.array_equal(log_probs_of(model, prompt_of(model, 1), prompt_of(model, 2)), fresh)
    assert np.array_equal(log_probs_of(model, prompt_of(model, 1, question="Who?")), asked)


def test_it_reads_what_llama_cpp_reads(model, files):
    """The same prompt through mtmd's own evaluation, in a context of its own."""
    prompt = prompt_of(model, 3)
    ours = log_probs_of(model, prompt)[0]
    np.testing.assert_allclose(np.exp(ours), np.exp(_by_mtmd(*files, jpeg(3))), atol=1e-4)


def test_a_picture_that_takes_long_is_no_standstill(model, monkeypatch):
    """Who waits for a place waits on while another's picture is encoded, which is done outside the loop."""
    monkeypatch.setattr(llama_admission, "STUCK_S", 0.05)
    go_on, waits, found = threading.Event(), [], []
    encode, wait = mtmd_cpp.mtmd_encode_chunk, model.admission._wait
    monkeypatch.setattr(mtmd_cpp, "mtmd_encode_chunk", lambda *args: go_on.wait(STUCK) and encode(*args))
    monkeypatch.setattr(model.admission, "_wait", lambda stop: waits.append(wait(stop)))
    prompt = prompt_of(model, 1)

    def look():
        with model.admission.share(everything, Stop()) as share:
            found.append(model.read_into(share, share.acquire(1), [prompt]).log_probs)

    def come():
        until(lambda: model.admission.loop.questions)
        with model.admission.share(everything, Stop()):
            found.append(None)

    model.admission.visit(0, MANY_CELLS)
    everything = Need(256, MANY_CELLS)
    threads = [threading.Thread(target=work, daemon=True) for work in (look, come)]
    for thread in threads:
        thread.start()
    until(lambda: len(waits) == 3 or not threads[1].is_alive())
    go_on.set()
    for thread in threads:
        thread.join(STUCK)
    assert len(found) == 2 and found[1] is None


def test_several_pictures_in_one_prompt(model):
    both, turned = log_probs_of(model, prompt_of(model, 1, 2), prompt_of(model, 2, 1))
    assert np.abs(np.exp(both) - np.exp(turned)).sum() / 2 > 0.001


def test_readings_step_score_and_fork_after_a_picture(model):
    tokens = model.tokenize(" ab")
    with model.read([prompt_of(model, 1), prompt_of(model, 2)]) as reading:
        [score] = reading.score([tokens])
        columns = []
        with reading.fork([1, 0]) as fork:
            for token in tokens:
                columns.append(fork.log_probs[:, token].copy())
                fork.step([token, token])
    np.testing.assert_allclose(np.stack(columns, axis=1)[::-1], score, atol=1e-3)


def test_states_on_disk_are_the_pictures_own(files, tmp_path):
    fresh, names = [], set()
    for _ in range(2):
        model = LlamaModel(files[0], threads=1, projector=files[1])
        model.bodies.folder = StateFolder(tmp_path / "states", 64 << 20, state_identity(files[0], "f16", files[1]))
        fresh.append(log_probs_of(model, prompt_of(model, 1), prompt_of(model, 2)))
        names |= model.bodies.folder.passages()
        digests = [shown(model, seed).digest for seed in (1, 2)]
        model.close()
    assert np.array_equal(*fresh)
    words = [picture_name(b"Passage: spots", digest) for digest in digests]
    assert names == {passage_digest(b""), *map(passage_digest, words)}


def test_a_projector_makes_other_states(files):
    assert state_identity(files[0], "f16", files[1]) != state_identity(files[0], "f16")


def test_what_cannot_be_looked_at_is_told(model, files, tmp_path):
    with pytest.raises(ModelError, match="a picture cannot be read"):
        model.show("0" * 16, b"no picture")
    wide = write_projector(tmp_path / "wide.gguf", out=64)
    for path in (wide, files[0], tmp_path / "none.gguf"):
        with pytest.raises(ModelError, match="no projector of this model"):
            LlamaModel(files[0], threads=1, projector=path)


def test_without_a_projector_words_are_read(files):
    model = LlamaModel(files[0], threads=1)
    assert model.show("0" * 16, jpeg(1)) is None
    model.close()


def test_a_projector_is_found_beside_its_model(tmp_path):
    model = tmp_path / "model.gguf"
    assert find_projector("", model) is None
    one = tmp_path / "mmproj-model-f16.gguf"
    one.touch()
    assert find_projector("", model) == one and find_projector(str(one), model) == one
    assert find_projector("none", model) is None
    (tmp_path / "mmproj-model-q8.gguf").touch()
    assert find_projector("", model) is None


def _by_mtmd(model_file, projector_file, file):
    """(V,) log p of what follows the prompt of `prompt_of`."""
    model = llama_cpp.llama_model_load_from_file(bytes(model_file), llama_cpp.llama_model_default_params())
    params = llama_cpp.llama_context_default_params()
    params.n_ctx, params.n_threads, params.n_threads_batch = 1024, 1, 1
    context = llama_cpp.llama_init_from_model(model, params)
    wanted = mtmd_cpp.mtmd_context_params_default()
    wanted.n_threads, wanted.warmup = 1, False
    eyes = mtmd_cpp.mtmd_init_from_file(bytes(projector_file), model, wanted)
    pixels = np.ascontiguousarray(decode_picture(file).pixels)
    data = pixels.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
    bitmap = mtmd_cpp.mtmd_bitmap_init(pixels.shape[1], pixels.shape[0], data)
    written = b"Look.\nPassage:<__media__>\nspots\nWhat is it?"
    text = mtmd_cpp.mtmd_input_text(written, len(written), True, True)
    chunks, end = mtmd_cpp.mtmd_input_chunks_init(), llama_cpp.llama_pos()
    bitmaps = (mtmd_cpp.mtmd_bitmap_p_ctypes * 1)(bitmap)
    assert mtmd_cpp.mtmd_tokenize(eyes, chunks, ctypes.byref(text), bitmaps, 1) == 0
    assert mtmd_cpp.mtmd_helper_eval_chunks(eyes, context, chunks, 0, 0, 512, True, ctypes.byref(end)) == 0
    size = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))
    logits = np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(context, -1), shape=(size,)).astype(np.float64)
    mtmd_cpp.mtmd_input_chunks_free(chunks)
    mtmd_cpp.mtmd_bitmap_free(bitmap)
    mtmd_cpp.mtmd_free(eyes)
    llama_cpp.llama_free(context)
    llama_cpp.llama_model_free(model)
    return logits - np.logaddexp.reduce(logits)


def test_each_kind_counts_its_own_way(model, files):
    """60 x 40 pixels as 8 x 8 patches; as 2 x 2 means between two texts of 16 and 14 bytes; as rows and columns."""
    image = shown(model, 1)
    sizes = {"mlp": (64, 64), "gemma3": (34, 34)}
    known = [size for kind, size in sizes.items() if files[1].parent.name.startswith(kind)]
    assert known == [(image.positions, image.cells)] or (not known and image.positions < image.cells)
