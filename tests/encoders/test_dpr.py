"""DPR's encoders against transformers' own forward pass."""

import numpy as np
import pytest

import tiny

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    folder = tiny.context_encoder(tmp_path_factory.mktemp("dpr"))
    return transformers.DPRContextEncoder.from_pretrained(folder).eval(), tiny.word_tokenizer()


@pytest.fixture(scope="module")
def encoder(parts):
    from quoth.encoders.dpr import DprEncoder

    return DprEncoder(*parts)


def test_texts_with_and_without_titles(encoder, parts):
    model, tokenizer = parts
    texts = [f"Ada Holm built {'the tower ' * n}in 1901" for n in range(20)]
    titles = [f"tower {n}" for n in range(20)]
    for given in ((texts,), (texts, titles)):
        vectors = encoder.encode(*given)
        assert vectors.shape == (20, 24) and vectors.dtype == np.float32
        for i, vector in enumerate(vectors):
            one = tokenizer(*[column[i] for column in reversed(given)], return_tensors="pt")
            np.testing.assert_allclose(vector, model(**one).pooler_output[0].detach().numpy(), atol=1e-4)
    assert np.linalg.norm(vectors, axis=1).max() > 1.5


def test_what_is_too_long_is_cut(encoder):
    words = ["tower"] * 61
    same = encoder.encode([" ".join([*words, "tower"]), " ".join([*words, "tower", "built", "in"])])
    np.testing.assert_allclose(same[0], same[1], atol=1e-5)


def test_a_question_in_small_letters(encoder):
    assert encoder.heard("What is a Python decorator?") == "what is a python decorator?"
