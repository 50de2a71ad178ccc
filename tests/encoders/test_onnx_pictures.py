"""The shipped picture encoder, against the original in PyTorch (tools/export_efficientnet.py --reference)."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import tiny_pictures
from quoth.encoders import load_picture_encoder
from quoth.encoders.views import View
from quoth.errors import ModelError

REFERENCE = np.load(Path(__file__).with_name("pictures.npz"))
PICTURES = list(REFERENCE["planes"].transpose(0, 2, 3, 1))
SHIPPED = Path(load_picture_encoder.__code__.co_filename).parents[1] / "models" / "efficientnet-lite0"


@pytest.fixture(scope="module")
def encoder():
    return load_picture_encoder()


@pytest.fixture
def copied(tmp_path):
    """A folder with the shipped model, whose card may be changed."""
    shutil.copytree(SHIPPED, tmp_path / "model")

    def change(**values):
        card = json.loads((SHIPPED / "model.json").read_text())
        (tmp_path / "model" / "model.json").write_text(json.dumps({**card, **values}))
        return str(tmp_path / "model")

    return change


def whole(copied):
    """The encoder with a view that takes the reference's squares as they are."""
    return load_picture_encoder(copied(view={"size": 224, "crop": 0}))


def test_it_is_the_original(copied):
    seen = whole(copied).encode(PICTURES)
    for mine, theirs in zip(seen.vectors, REFERENCE["vector"], strict=True):
        assert mine @ theirs / np.linalg.norm(mine) / np.linalg.norm(theirs) > 0.99999
    np.testing.assert_allclose(seen.logits, REFERENCE["logits"], atol=2e-3)
    np.testing.assert_allclose(seen.spread, REFERENCE["spread"], atol=1e-4)


def test_a_vector_depends_on_its_picture_alone(encoder):
    pictures = [np.ascontiguousarray(p[: 100 + 20 * i]) for i, p in enumerate(PICTURES)] * 3
    together = encoder.encode(pictures).vectors
    for row, picture in zip(together, pictures, strict=True):
        np.testing.assert_array_equal(row, encoder.encode([picture]).vectors[0])


def test_its_classes(encoder):
    assert len(encoder.classes) == encoder.encode([PICTURES[0]]).logits.shape[1] == 1000
    assert encoder.classes[0] == "tench, Tinca tinca"
    assert encoder.encode([]).vectors.shape == (0, 1280)


@pytest.mark.parametrize(
    "card",
    [{"view": {"size": 224, "resample": "by hand"}}, {"view": {"sizes": 3}}, {"view": None}, {"sha256": "0" * 64}],
)
def test_a_folder_that_is_no_encoder(copied, card):
    with pytest.raises(ModelError) as caught:
        load_picture_encoder(copied(**card))
    assert caught.value.cure


@pytest.mark.parametrize("channels_first", [True, False])
@pytest.mark.parametrize("card", [{}, {"sha256": ""}])
def test_a_model_of_ones_own(tmp_path, channels_first, card):
    onnx = pytest.importorskip("onnx")
    encoder = load_picture_encoder(tiny_pictures.own_graph(tmp_path, channels_first=channels_first, **card))
    assert (encoder.name, encoder.dimension, len(encoder.version)) == ("own", 5, 12)
    [weights] = onnx.load(tmp_path / "own.onnx").graph.initializer
    picture = tiny_pictures.pictures([(8, 8)])[0]
    values = (picture.astype(np.float32) - [1, 2, 3]) / [4, 5, 6]
    flat = (values.transpose(2, 0, 1) if channels_first else values).reshape(1, -1)
    expected = flat @ onnx.numpy_helper.to_array(weights)
    np.testing.assert_allclose(encoder.encode([picture]).vectors, expected, rtol=1e-5, atol=1e-4)


def test_a_model_of_ones_own_that_is_checked(tmp_path):
    tiny_pictures.own_graph(tmp_path)
    digest = hashlib.sha256((tmp_path / "own.onnx").read_bytes()).hexdigest()
    encoder = load_picture_encoder(tiny_pictures.own_graph(tmp_path, sha256=digest, version="7"))
    assert (encoder.identity, encoder.dimension) == ("own/7", 5)
    with pytest.raises(ModelError, match="damaged"):
        load_picture_encoder(tiny_pictures.own_graph(tmp_path, seed=1, sha256=digest))


@pytest.mark.parametrize("card", [{"view": {"size": 9}}, {"file": "nowhere.onnx"}, {"file": "model.json"}])
def test_a_model_of_ones_own_that_fits_not(tmp_path, card):
    with pytest.raises(ModelError, match="the encoder") as caught:
        load_picture_encoder(tiny_pictures.own_graph(tmp_path, **card))
    assert caught.value.cure


def test_a_view_cuts_the_central_square():
    pixels = np.zeros((100, 200, 3), np.uint8)
    pixels[:, 50:150, 0] = 255
    assert (View(10, crop=1.0).square(pixels)[..., 0] > 200).all()
    pressed = View(20, crop=0).square(pixels)[..., 0]
    assert (pressed[:, 7:13] > 200).all() and (pressed[:, :3] < 50).all()


def test_normalised_by_hand():
    square = np.full((1, 1, 3), (10, 20, 30), np.uint8)
    view = View(1, mean=(1, 2, 3), std=(3, 6, 9), channels="bgr")
    np.testing.assert_allclose(view.normalise(square), [[[3, 3, 3]]])
    view = View(1, mean=(10, 10, 10), channels="bgr")
    np.testing.assert_allclose(view.normalise(square), [[[20, 10, 0]]])


@pytest.mark.parametrize("size", [(10, 2000), (2000, 10)])
def test_a_ribbon_is_not_resized_whole(size):
    pixels = np.zeros((*size, 3), np.uint8)
    pixels[tuple(slice(n // 2 - 5, n // 2 + 5) for n in size)] = 255
    square = View(20, shorter=20).square(pixels)
    assert square.shape == (20, 20, 3)
    assert square[5:15, 5:15].min() > 200
    np.testing.assert_allclose(square.astype(int), View(20, crop=1.0).square(pixels), atol=2)
