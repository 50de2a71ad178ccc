"""The bridge by hand, and on the shipped models."""

import numpy as np
import pytest

from pictures import draw
from quoth.embeddings.bridge import Bridge, find_bridge, load_bridge
from quoth.encoders import Seen, load_encoder, load_picture_encoder
from quoth.errors import ModelError


def test_by_hand():
    """Two classes along the axes: p = softmax(4/2, 0), s = (.6, .2), centred logits (2, -2)."""
    bridge = Bridge({"classes": np.eye(2), "rows": np.array([[1.0, 0], [0, 0.5]]), "shift": np.array([0.5, 0])})
    seen = Seen(np.ones((1, 3), np.float32), np.array([[4.0, 0]], np.float32), np.array([[0.6, 0.2]], np.float32))
    p = np.array([np.exp(2), 1]) / (np.exp(2) + 1)
    parts = [p, np.array([0.6, 0.2]), np.array([2 - 0.5, -2 * 0.5])]
    total = sum(part / np.linalg.norm(part) for part in parts)
    np.testing.assert_allclose(bridge.words(seen)[0], total / np.linalg.norm(total), rtol=1e-5)
    assert bridge.dimension == 2


def test_the_shipped_one_leads_to_words():
    pictures, words = load_picture_encoder(), load_encoder()
    bridge = find_bridge(pictures, words)
    vectors = bridge.words(pictures.encode([np.asarray(draw("stripes")), np.asarray(draw())]))
    assert vectors.shape == (2, words.dimension)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)


def test_what_has_no_bridge(tmp_path):
    with pytest.raises(ModelError):
        Bridge({"classes": np.eye(2), "rows": np.eye(2), "shift": np.zeros(2)}).words(Seen(np.ones((1, 3), np.float32)))
    (tmp_path / "bridge.npz").write_bytes(b"no arrays")
    with pytest.raises(ModelError):
        load_bridge(tmp_path / "bridge.npz")
    words = load_encoder()
    assert find_bridge(words, words) is None
