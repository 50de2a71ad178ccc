"""What `quoth.encoders.base.PictureEncoder` promises, of every one that `load_picture_encoder` gives."""

import numpy as np
import pytest

import tiny_pictures
from quoth.encoders import load_picture_encoder

MAKERS = {
    "shipped": lambda folder, seed=0: "",
    "own graph": tiny_pictures.own_graph,
    "keras": tiny_pictures.keras_weights,
    "resnet": tiny_pictures.resnet,
    "vit classifier": lambda folder, seed=0: tiny_pictures.vit(folder, seed, ["a cat", "a dog"]),
    "clip": tiny_pictures.clip,
    "siglip": tiny_pictures.siglip,
    "clip in onnx": tiny_pictures.onnx_clip,
}
PICTURES = tiny_pictures.pictures()


@pytest.fixture(scope="module", params=MAKERS)
def made(request, tmp_path_factory):
    """Its maker, and what the setting would be."""
    maker = MAKERS[request.param]
    return maker, maker(tmp_path_factory.mktemp("encoder") / "model")


@pytest.fixture(scope="module")
def encoder(made):
    return load_picture_encoder(made[1])


@pytest.fixture(scope="module")
def seen(encoder):
    return encoder.encode(PICTURES)


def close(mine, theirs):
    """As batched arithmetic in float32 allows."""
    np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-5 * max(1, np.abs(theirs).max()))


def test_vectors_of_pictures_of_any_size(encoder, seen):
    assert seen.vectors.shape == (len(PICTURES), encoder.dimension)
    assert seen.vectors.dtype == np.float32
    assert np.isfinite(seen.vectors).all()
    assert len(np.unique(seen.vectors, axis=0)) == len(PICTURES)


def test_logits_are_of_the_classes(encoder, seen):
    assert (seen.logits is None) == (not encoder.classes)
    if encoder.classes:
        assert seen.logits.shape == (len(PICTURES), len(encoder.classes))
        assert seen.logits.dtype == np.float32


def test_a_vector_depends_on_its_picture_alone(encoder, seen):
    told = []
    many = encoder.encode(PICTURES[::-1] * 2, told.append)
    assert told == sorted(told)
    assert told[-1] == 2 * len(PICTURES)
    close(many.vectors[: len(PICTURES)], seen.vectors[::-1])
    for row in (0, 7):
        alone = encoder.encode([PICTURES[row]])
        close(alone.vectors[0], seen.vectors[row])
        if seen.logits is not None:
            close(alone.logits[0], seen.logits[row])


def test_no_pictures(encoder):
    nothing = encoder.encode([])
    assert nothing.vectors.shape == (0, encoder.dimension)
    assert nothing.vectors.dtype == np.float32


def test_words_lie_among_the_pictures(encoder):
    if encoder.words is None:
        pytest.skip("this encoder has no words")
    told = []
    texts = ["a red disc", "", "striped " * 100, "half a character: \ud800"]
    vectors = encoder.words.encode(texts, told.append)
    assert vectors.shape == (4, encoder.dimension) == (4, encoder.words.dimension)
    assert vectors.dtype == np.float32
    assert told[-1] == 4
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    for row, text in enumerate(texts):
        close(encoder.words.encode([text])[0], vectors[row])
    assert encoder.words.encode([]).shape == (0, encoder.dimension)


def test_its_identity_is_that_of_its_weights(made, encoder, tmp_path):
    maker, model = made
    assert load_picture_encoder(model).identity == encoder.identity
    assert encoder.version and encoder.identity == f"{encoder.name}/{encoder.version}"
    if not model:
        pytest.skip("there is one shipped encoder")
    assert load_picture_encoder(maker(tmp_path / "same")).identity == encoder.identity
    assert load_picture_encoder(maker(tmp_path / "other", seed=1)).identity != encoder.identity
