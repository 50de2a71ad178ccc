"""Keras's ResNet50, against Keras itself."""

import importlib.util
import sys

import numpy as np
import pytest
from PIL import Image

import tiny_pictures
from quoth.encoders import keras_pictures, load_picture_encoder
from quoth.encoders.views import CAFFE
from quoth.errors import MissingExtraError, ModelError, NotFoundError

PICTURES = tiny_pictures.pictures([(1, 1), (300, 200), (224, 224), (97, 501)])


@pytest.fixture(scope="module")
def model():
    return tiny_pictures.keras_resnet50()


@pytest.fixture(scope="module")
def weights(model, tmp_path_factory):
    file = tmp_path_factory.mktemp("keras") / "w.weights.h5"
    model.save_weights(file)
    return file


def preprocessed(folder):
    """The pictures as Keras's own functions prepare them."""
    import keras

    arrays = []
    for row, picture in enumerate(PICTURES):
        Image.fromarray(picture).save(folder / f"{row}.png")
        loaded = keras.utils.load_img(folder / f"{row}.png", target_size=(224, 224))
        arrays.append(keras.utils.img_to_array(loaded))
    return keras.applications.resnet50.preprocess_input(np.stack(arrays))


def test_preprocessing_is_that_of_keras(model, tmp_path):
    mine = np.stack([CAFFE.normalise(CAFFE.square(picture)) for picture in PICTURES])
    np.testing.assert_allclose(mine, preprocessed(tmp_path), rtol=0, atol=1e-5)


def test_vectors_are_those_that_keras_predicts(model, weights, tmp_path):
    theirs = model.predict(preprocessed(tmp_path), verbose=0)
    encoder = load_picture_encoder(f"keras:{weights}")
    assert encoder.dimension == 2048
    np.testing.assert_allclose(encoder.encode(PICTURES).vectors, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["whole.keras", "whole.h5"])  # the second is the form of Keras 2 and of its downloads
def test_a_saved_model_gives_its_weights(model, weights, tmp_path, name):
    model.save(tmp_path / name)
    assert (
        load_picture_encoder(f"keras:{tmp_path / name}").identity == load_picture_encoder(f"keras:{weights}").identity
    )


@pytest.mark.parametrize("name", ["broken.weights.h5", "broken.h5", "broken.keras", "weights.bin"])
def test_what_holds_no_weights(model, tmp_path, name):
    (tmp_path / name).write_bytes(b"no weights")
    with pytest.raises(ModelError, match=name) as caught:
        load_picture_encoder(f"keras:{tmp_path / name}")
    assert "include_top=False" in caught.value.cure


def test_weights_of_another_model(model, tmp_path):
    import keras

    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save_weights(tmp_path / "other.weights.h5")
    with pytest.raises(ModelError, match="ResNet50"):
        load_picture_encoder(f"keras:{tmp_path / 'other.weights.h5'}")


def test_no_file(model, tmp_path):
    with pytest.raises(NotFoundError, match=r"nowhere\.h5"):
        load_picture_encoder(f"keras:{tmp_path / 'nowhere.h5'}")


def test_a_download_that_fails(model, monkeypatch):
    import keras

    def fail(**options):
        assert options["weights"] == "imagenet"
        raise Exception("URL fetch failure on https://somewhere")

    monkeypatch.setattr(keras.applications, "ResNet50", fail)
    with pytest.raises(ModelError, match="URL fetch failure") as caught:
        load_picture_encoder("keras:resnet50")
    assert "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5" in caught.value.cure


def only(monkeypatch, *installed):
    monkeypatch.setattr(keras_pictures, "find_spec", lambda name: name in installed or None)


def test_what_keras_computes_with(monkeypatch):
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    for missing in ([], ["keras"], ["torch", "tensorflow"]):
        only(monkeypatch, *missing)
        with pytest.raises(MissingExtraError, match=r"quoth\[keras\]"):
            keras_pictures.choose_backend()
    only(monkeypatch, "keras", "torch", "tensorflow")
    keras_pictures.choose_backend()
    assert "KERAS_BACKEND" not in keras_pictures.os.environ
    only(monkeypatch, "keras", "torch", "jax")
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    keras_pictures.choose_backend()
    assert keras_pictures.os.environ["KERAS_BACKEND"] == "jax"
    monkeypatch.delenv("KERAS_BACKEND")
    keras_pictures.choose_backend()
    assert keras_pictures.os.environ["KERAS_BACKEND"] == "torch"


def test_without_keras(monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.delitem(sys.modules, "quoth.encoders.keras_pictures")
    with pytest.raises(MissingExtraError, match=r"pip install \"quoth\[keras\]\""):
        load_picture_encoder("keras:resnet50")
