"""The shipped text encoder, the real one."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quoth.encoders import Encoder, load_encoder
from quoth.encoders.onnx import SLICE, OnnxEncoder
from quoth.errors import ModelError

HERE = Path(__file__).parent
SHIPPED = HERE.parents[1] / "src/quoth/models/all-MiniLM-L6-v2"
TEXTS = (HERE / "texts.txt").read_text(encoding="utf-8").splitlines()
ENCODER = load_encoder()


@pytest.fixture(scope="module")
def vectors():
    return ENCODER.encode(TEXTS)


def copy_of_shipped(folder):
    return Path(shutil.copytree(SHIPPED, folder / "encoder"))


def test_unit_rows_in_float32(vectors):
    assert vectors.shape == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_every_text_agrees_with_sentence_transformers(vectors):
    reference = np.load(HERE / "reference.npz")["vectors"]
    cosines = np.sum(vectors * reference, axis=1)
    assert cosines.min() >= 0.99, (cosines.min(), TEXTS[int(cosines.argmin())])


def test_several_reference_texts_are_longer_than_250_tokens():
    counts = [len(tokens) for tokens in ENCODER._tokens(TEXTS)]
    assert sum(count >= 250 for count in counts) >= 5
    assert max(counts) == 256


def test_a_vector_does_not_depend_on_its_neighbours(vectors):
    alone = np.concatenate([ENCODER.encode([text]) for text in TEXTS])
    np.testing.assert_array_equal(alone, vectors)


@settings(max_examples=10, deadline=None)
@given(st.permutations(range(12)))
def test_order_goes_in_and_comes_out(order):
    short = TEXTS[:12]
    expected = ENCODER.encode(short)
    np.testing.assert_array_equal(ENCODER.encode([short[i] for i in order]), expected[list(order)])


@settings(max_examples=30, deadline=None)
@given(st.text(st.characters(), max_size=60))
def test_any_text_has_a_finite_unit_vector(text):
    vector = ENCODER.encode([text])
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("text", ["", " ", "\x00", "\ud800", "a\udfff b", "\U0010ffff", "a" * 100_000])
def test_strange_texts(text):
    assert np.isfinite(ENCODER.encode([text])).all()


def test_tokens_beyond_the_maximum_are_not_read():
    start = "word " * 254
    np.testing.assert_array_equal(ENCODER.encode([start + "fish"]), ENCODER.encode([start + "bicycle"]))
    assert (ENCODER.encode(["word " * 253 + "fish"]) != ENCODER.encode(["word " * 253 + "bicycle"])).any()


def test_no_texts():
    assert ENCODER.encode([]).shape == (0, 384)


def test_more_texts_than_a_slice_report_progress():
    done = []
    texts = [f"{n}" for n in range(SLICE + 3)]
    vectors = ENCODER.encode(texts, done.append)
    assert done == list(range(1, SLICE + 4))
    np.testing.assert_array_equal(vectors[-1:], ENCODER.encode(texts[-1:]))


def test_threads_do_not_change_the_vectors(vectors):
    np.testing.assert_array_equal(OnnxEncoder(SHIPPED, threads=5).encode(TEXTS[:8]), vectors[:8])


def test_it_names_itself():
    encoder: Encoder = ENCODER
    assert encoder.identity == "all-MiniLM-L6-v2/1-int8"
    assert encoder.dimension == 384


@pytest.mark.parametrize("name", ["model.json", "tokenizer.json", "model.int8.onnx"])
def test_a_missing_file_is_named(tmp_path, name):
    folder = copy_of_shipped(tmp_path)
    (folder / name).unlink()
    with pytest.raises(ModelError, match=name):
        load_encoder(folder)


@pytest.mark.parametrize("name", ["model.json", "tokenizer.json", "model.int8.onnx"])
def test_a_damaged_file_is_named(tmp_path, name):
    folder = copy_of_shipped(tmp_path)
    (folder / name).write_bytes((folder / name).read_bytes()[:-100])
    with pytest.raises(ModelError, match=name):
        load_encoder(folder)


def test_a_file_that_is_no_model_is_named(tmp_path):
    folder = copy_of_shipped(tmp_path)
    card = json.loads((folder / "model.json").read_text())
    (folder / "empty.onnx").write_bytes(b"")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    (folder / "model.json").write_text(json.dumps({**card, "file": "empty.onnx", "sha256": empty}))
    with pytest.raises(ModelError, match=r"empty\.onnx cannot be loaded"):
        load_encoder(folder)


def test_importing_the_door_loads_no_engine():
    code = "import sys, quoth.encoders; sys.exit(bool({'onnxruntime', 'tokenizers'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
