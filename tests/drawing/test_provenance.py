"""What a drawing's file says of itself, read back by Pillow and by an XML parser."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from PIL import Image

from quoth.drawing.provenance import Provenance, Reference, encode_drawing, save_drawing
from quoth.errors import StoreError, UsageError
from quoth.passages import picture

PIXELS = np.random.default_rng(0).integers(0, 256, (16, 24, 3), np.uint8)
MADE = Provenance("a cat", "tiny", "image-to-image", (Reference("cat.jpg", "ab12"),), 3, 20, 0.6, "1.2")
IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
MACHINE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def packet(path):
    with Image.open(path) as image:
        data = image.info.get("xmp") or image.info["XML:com.adobe.xmp"]
    return etree.fromstring(data if isinstance(data, bytes) else data.encode())


@pytest.mark.parametrize("name", ["drawn.png", "drawn.jpg", "drawn.JPEG", "drawn.webp"])
def test_every_format_says_what_made_it(tmp_path, name):
    save_drawing(PIXELS, MADE, tmp_path / name)
    root = packet(tmp_path / name)
    assert root.findtext(f".//{IPTC}DigitalSourceType") == MACHINE
    assert root.findtext(f".//{IPTC}AISystemUsed") == "tiny"
    said = json.loads(root.findtext(".//{urn:quoth:provenance:1}provenance"))
    assert said == {
        "made": "made by a machine", "prompt": "a cat", "model": "tiny", "way": "image-to-image",
        "references": [{"document": "cat.jpg", "digest": "ab12"}], "seed": 3, "steps": 20, "strength": 0.6,
        "version": "1.2",
    }  # fmt: skip


def test_a_png_keeps_the_pixels_and_has_a_text_of_its_own(tmp_path):
    save_drawing(PIXELS, MADE, tmp_path / "drawn.png")
    with Image.open(tmp_path / "drawn.png") as image:
        assert np.array_equal(np.asarray(image), PIXELS)
        assert json.loads(image.text["quoth"])["references"] == [{"document": "cat.jpg", "digest": "ab12"}]
        assert image.text["Software"] == "Quoth 1.2"


def test_pillow_and_quoth_read_the_description(tmp_path):
    save_drawing(PIXELS, MADE, tmp_path / "drawn.webp")
    content = picture.read((tmp_path / "drawn.webp").read_bytes(), "image/webp")
    assert "a cat (made by a machine)" in content.figures[0].words


@settings(max_examples=30, deadline=None)
@given(st.text(min_size=1))
def test_any_words_survive(prompt):
    import io

    prompt = prompt.encode("utf-8", "ignore").decode()
    made = Provenance(prompt, "m", "text-to-image", (), None, None, None, "1")
    with Image.open(io.BytesIO(encode_drawing(PIXELS, made))) as image:
        assert json.loads(image.text["quoth"])["prompt"] == prompt
        assert etree.fromstring(image.text["XML:com.adobe.xmp"].encode()) is not None


def test_where_it_cannot_go(tmp_path):
    with pytest.raises(UsageError, match="extension"):
        save_drawing(PIXELS, MADE, tmp_path / "drawn.gif")
    with pytest.raises(StoreError):
        save_drawing(PIXELS, MADE, tmp_path / "nowhere" / "drawn.png")
