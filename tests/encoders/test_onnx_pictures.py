"""The shipped picture encoder, against the original in PyTorch (tools/export_efficientnet.py --reference)."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

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
