"""Views of a picture: other pixels, the same picture."""

import numpy as np
import pytest

from pictures import draw, noise
from quoth.embeddings import unit
from quoth.embeddings.augment import augmented
from quoth.encoders import load_picture_encoder

PICTURES = [np.asarray(draw("stripes", (120, 80))), np.asarray(noise(seed=3))]


def test_views_and_whose_they_are():
    views, owners = augmented(PICTURES, 3, seed=5)
    assert owners.tolist() == [0, 0, 0, 1, 1, 1]
    for view, owner in zip(views, owners, strict=True):
        assert (view.dtype, view.ndim, view.shape[2]) == (np.uint8, 3, 3)
        assert 0.45 < np.prod(view.shape) / PICTURES[owner].size <= 1


def test_a_view_depends_on_its_picture_and_the_seed_alone():
    together, alone, other = (augmented(*given) for given in ((PICTURES, 2, 1), (PICTURES[1:], 2, 1), (PICTURES, 2, 2)))
    for one, two in zip(together[0][2:], alone[0], strict=True):
        np.testing.assert_array_equal(one, two)
    assert any(one.shape != two.shape or (one != two).any() for one, two in zip(together[0], other[0], strict=True))


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (16, 16)])
def test_pictures_of_any_size(size):
    views, _ = augmented([np.asarray(draw(size=size))], 4)
    assert all(min(view.shape) > 0 for view in views)


def test_nothing_to_look_at():
    assert augmented([], 3)[0] == []
    assert augmented(PICTURES, 0)[1].tolist() == []


def test_an_encoder_knows_the_picture_again():
    from PIL import Image

    photos = [np.asarray(draw(kind, (200, 160), colour)) for kind, colour in (("disc", "red"), ("stripes", "blue"))]
    photos.append(np.asarray(Image.fromarray(PICTURES[1]).resize((200, 160))))
    views, owners = augmented(photos, 2)
    encoder = load_picture_encoder()
    nearest = unit(encoder.encode(views).vectors) @ unit(encoder.encode(photos).vectors).T
    assert (nearest.argmax(axis=1) == owners).all()
