"""Places on pages and pictures: where the words of a quote stand, and how they are marked."""

import hashlib
import io

import numpy as np
import pypdfium2
import pytest
from PIL import Image

from pictures import draw as some_picture
from pictures import encoded
from quoth.errors import DocumentError
from quoth.passages import Parser
from quoth.passages.look import Look
from quoth.passages.marking import draw, find_words
from quoth.types import Box

LINES = [(20, 700, "The lighthouse of Sund"), (20, 660, "was built in 1887 by Ada"), (20, 300, "It stands on a rock.")]


def ink(page, boxes):
    """How much of the page's ink lies in the boxes, in [0, 1]."""
    dark = 255 - np.asarray(page.render(scale=2).to_pil().convert("L"), np.float64)
    mask = np.zeros(dark.shape, bool)
    for box in boxes:
        rows = slice(int(box.top * dark.shape[0]), int(np.ceil(box.bottom * dark.shape[0])))
        mask[rows, int(box.left * dark.shape[1]) : int(np.ceil(box.right * dark.shape[1]))] = True
    return dark[mask].sum() / dark.sum()


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_the_boxes_of_a_quote_hold_its_ink_and_no_other(pdf, rotate):
    with pypdfium2.PdfDocument(pdf([LINES], {}, rotate)) as document:
        page = document[0]
        lines = [find_words(page, text) for *_, text in LINES]
        assert [len(boxes) for boxes in lines] == [1, 1, 1]
        assert sum(ink(page, boxes) for boxes in lines) == pytest.approx(1, abs=0.01)
        assert all(0.1 < ink(page, boxes) < 0.6 for boxes in lines)


def test_a_quote_over_two_lines_has_two_boxes(pdf):
    with pypdfium2.PdfDocument(pdf([LINES])) as document:
        one, two = find_words(document[0], "of Sund was built")
        assert one.bottom < two.top + 0.01 and one.left > two.left
        # 600 x 800 points: the first line stands on 700, its letters are 20 high.
        assert one.bottom == pytest.approx(1 - 700 / 800, abs=0.01) and one.top == pytest.approx(
            1 - 720 / 800, abs=0.01
        )


def test_hyphens_and_spaces_do_not_count_and_what_is_not_there_has_no_box(pdf):
    with pypdfium2.PdfDocument(pdf([[(20, 700, "The light-"), (20, 660, "house of Sund")]])) as document:
        assert len(find_words(document[0], "The lighthouse\nof Sund")) == 2
        assert find_words(document[0], "The harbour of Sund") == []
        assert find_words(document[0], "") == []


def test_paragraphs_are_found_one_by_one(pdf):
    with pypdfium2.PdfDocument(pdf([LINES])) as document:
        boxes = find_words(document[0], "The lighthouse of Sund\n\nIt stands on a rock.")
        assert len(boxes) == 2


def look_at(path, **wanted):
    return Look(str(path), hashlib.sha256(path.read_bytes()).hexdigest(), **wanted)


def painted(data):
    """The share of a JPEG file's pixels that are neither grey, black nor white."""
    pixels = np.asarray(Image.open(io.BytesIO(data)), np.int16)
    return (np.ptp(pixels, axis=2) > 60).mean()


def test_a_page_is_drawn_with_its_quote(pdf, tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf([[(20, 700, "Nothing here.")], LINES]))
    with Parser() as parser:
        plain, marked = (parser.draw(look_at(path, page=2, quote=quote)) for quote in ("", "was built in 1887"))
        moved = parser.draw(look_at(path, page=1, quote="was built in 1887"))
    assert Image.open(io.BytesIO(marked)).size == (1050, 1400)
    assert painted(plain) == 0 < painted(marked)
    assert moved == marked


def test_a_picture_is_drawn_with_its_boxes(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(encoded(some_picture().convert("L").convert("RGB")))
    data = draw(look_at(path, boxes=(Box(None, 0.25, 0.25, 0.75, 0.75),)))
    assert painted(draw(look_at(path))) < 0.01 < painted(data)


def test_what_cannot_be_drawn_is_told(pdf, tmp_path):
    path, text = tmp_path / "a.pdf", tmp_path / "a.txt"
    path.write_bytes(pdf([LINES]))
    look = look_at(path, page=1)
    path.write_bytes(pdf([LINES[:1]]))
    with Parser() as parser, pytest.raises(DocumentError, match=r"a.pdf has changed since it was added"):
        parser.draw(look)
    path.unlink()
    with pytest.raises(DocumentError, match="cannot be read"):
        draw(look)
    text.write_text("words")
    with pytest.raises(DocumentError, match="is no PDF"):
        draw(look_at(text, page=1))
    path.write_bytes(b"%PDF-1.4 and no more")
    with pytest.raises(DocumentError, match="cannot be drawn"):
        draw(look_at(path, page=1))
