"""Words in pictures and on scanned pages: read, in order, at their places; and nothing of it without the extra."""

import base64
import subprocess
import sys

import pytest
from PIL import Image, ImageDraw, ImageFont

from pictures import draw, encoded, noise
from quoth.passages import Parser, ocr
from quoth.passages.ocr import Line
from quoth.passages.reading_order import lay_out
from quoth.passages.recognise import recognised
from quoth.passages.split import split

needs_ocr = pytest.mark.skipif(not ocr.is_installed(), reason='needs the extra: pip install "quoth[ocr]"')


def page(*lines, size=(1200, 900), letters=40):
    """A white page with lines `(x, y, text)` in black letters."""
    image = Image.new("RGB", size, "white")
    drawing = ImageDraw.Draw(image)
    for x, y, text in lines:
        drawing.text((x, y), text, font=ImageFont.load_default(letters), fill="black")
    return image


SCAN = page((80, 100, "The lighthouse of Sund"), (80, 160, "was built in 1887."), (80, 400, "Ada Holm drew it."))


def texts(document):
    return [document.text[line.start : line.end] for line in document.boxes]


@needs_ocr
def test_a_scanned_page_becomes_text_with_boxes(read, pdf):
    document = read("a.pdf", pdf([[(10, 700, "A page of text that is long.")], []], {1: [(SCAN, (0, 0, 600, 800))]}))
    assert "The lighthouse of Sund\nwas built in 1887.\n\nAda Holm drew it." in document.text
    assert texts(document) == ["The lighthouse of Sund", "was built in 1887.", "Ada Holm drew it."]
    box = document.boxes[0].box
    assert box.page == document.page_at(document.boxes[0].start) == 2
    assert (box.left, box.top) == pytest.approx((80 / 1200, 105 / 900), abs=0.02)
    assert (box.right, box.bottom) == pytest.approx((500 / 1200, 145 / 900), abs=0.03)
    assert len(document.figures) == 1


@needs_ocr
def test_passages_keep_the_boxes_in_them(read, pdf):
    document = read("a.pdf", pdf([[]], {0: [(SCAN, (0, 0, 600, 800))]}))
    for passage in split(document, max_tokens=12):
        assert passage.boxes and passage.page == 1
        assert all(passage.text[line.start : line.end] in texts(document) for line in passage.boxes)


@needs_ocr
@pytest.mark.parametrize("turned", [90, 180, 270])
def test_a_page_that_is_turned_is_read(read, pdf, turned):
    scan = SCAN.rotate(turned, expand=True)
    document = read("a.pdf", pdf([[]], {0: [(scan, (0, 0, 600, 800))]}, turned))
    assert document.text.startswith("The lighthouse of Sund")


@needs_ocr
def test_words_in_a_picture_follow_those_of_its_file(read):
    info = {"pnginfo": png_text("By Ada Holm")}
    document = read("a.png", encoded(SCAN, **info))
    [figure] = document.figures
    assert figure.words.startswith("By Ada Holm\n\nThe lighthouse of Sund")
    first = figure.boxes[0]
    assert figure.words[first.start : first.end] == "The lighthouse of Sund"
    assert first.box.page is None
    assert document.text == ""


def png_text(words):
    from PIL import PngImagePlugin

    info = PngImagePlugin.PngInfo()
    info.add_text("Description", words)
    return info


@needs_ocr
def test_a_picture_lying_on_its_side_is_read_upright(read):
    exif = Image.Exif()
    exif[274] = 6
    document = read("a.jpg", encoded(SCAN.rotate(90, expand=True), "JPEG", exif=exif))
    assert "lighthouse of Sund" in document.figures[0].words


@needs_ocr
@pytest.mark.parametrize("image", [draw(), draw("stripes"), noise((400, 300)), Image.new("RGB", (300, 300))])
def test_a_picture_without_words_has_none(read, image):
    assert read("a.png", encoded(image)).figures[0].words == ""


@needs_ocr
def test_it_fits_into_the_parsers_memory_and_needs_no_network(tmp_path, pdf):
    (tmp_path / "a.pdf").write_bytes(pdf([[]], {0: [(SCAN, (0, 0, 600, 800))]}))
    with Parser() as parser:
        parsed = parser.parse(tmp_path / "a.pdf")
    assert parsed.passages[0].boxes[0].box.page == 1
    subprocess.run([sys.executable, "-c", WITHOUT_NETWORK], check=True)


WITHOUT_NETWORK = """
import socket
def refuse(*_):
    raise SystemExit("it went to the network")
socket.socket.connect = socket.getaddrinfo = refuse
from PIL import Image
from quoth.passages.ocr import _engine, _pixels
_engine(960)(_pixels(Image.new("RGB", (64, 64)), 64))
"""


@needs_ocr
def test_the_limit_of_time_is_one_of_silence(tmp_path, pdf):
    scans = {n: [(page((80, 100, f"Page number {n} of the book")), (0, 0, 600, 800))] for n in range(4)}
    (tmp_path / "a.pdf").write_bytes(pdf([[]] * 4, scans))
    with Parser() as parser:
        parser.parse(tmp_path / "a.pdf")
        beats = count_beats(parser, tmp_path / "a.pdf")
    assert beats == 4


def count_beats(parser, path):
    """How often the worker says that it lives, before it answers."""
    from quoth.passages.wire import LENGTH

    seen, read = [], parser._read
    parser._read = lambda size, deadline: seen.append(read(size, deadline)) or seen[-1]
    parser.parse(path)
    return seen.count(LENGTH.pack(0))


def test_without_the_extra_pictures_go_in_as_they_are(read, pdf, monkeypatch):
    monkeypatch.setattr("quoth.passages.ocr.is_installed", lambda: False)
    monkeypatch.setattr("quoth.passages.recognise.is_installed", lambda: False)
    assert read("a.png", encoded(SCAN)).figures[0].words == ""
    document = read("a.pdf", pdf([[]], {0: [(SCAN, (0, 0, 600, 800))]}))
    assert (document.text, len(document.figures), document.boxes) == ("", 1, ())


def at(x, y, text, width=0.1, height=0.02):
    return Line(text, x, y, x + width, y + height)


def test_two_columns_under_a_title_are_read_one_after_the_other():
    left = [at(0.05, 0.2 + 0.03 * n, f"left {n}", 0.4) for n in range(4)]
    right = [at(0.52, 0.205 + 0.03 * n, f"right {n}", 0.42) for n in range(4)]
    lines = [at(0.1, 0.05, "Title", 0.8), *(line for pair in zip(left, right, strict=True) for line in pair)]
    text, _ = lay_out([*lines, at(0.1, 0.9, "Foot", 0.8)])
    columns = [f"{side} {n}" for side in ("left", "right") for n in range(4)]
    assert " ".join(text.split()) == f"Title {' '.join(columns)} Foot"


def test_a_short_title_across_the_gutter_and_boxes_that_touch_do_not_mix_the_columns():
    left = [at(0.05, 0.2 + 0.03 * n, f"left {n}", 0.452) for n in range(6)]
    right = [at(0.5, 0.21 + 0.03 * n, f"right {n}", 0.45) for n in range(6)]
    rows = lay_out([at(0.35, 0.1, "Title", 0.3), *right, *left])[0].split("\n")
    assert list(filter(None, rows)) == ["Title", *(line.text for line in left), *(line.text for line in right)]


def test_a_line_on_its_side_comes_last_and_mixes_nothing():
    body = [at(0.2, 0.1 + 0.03 * n, f"line {n}", 0.7) for n in range(9)]
    text, _ = lay_out([at(0.02, 0.1, "arXiv:1234", 0.03, 0.3), *body])
    assert list(filter(None, text.split("\n"))) == [*(line.text for line in body), "arXiv:1234"]


def test_a_table_is_read_row_by_row():
    cells = [at(0.1 + 0.4 * x, 0.1 + 0.04 * y, f"{x}{y}", 0.05) for x in range(2) for y in range(4)]
    text, boxes = lay_out(cells, page=3)
    assert text.replace("\n\n", "\n") == "00 | 10\n01 | 11\n02 | 12\n03 | 13"
    assert [text[line.start : line.end] for line in boxes] == ["00", "10", "01", "11", "02", "12", "03", "13"]
    assert {line.box.page for line in boxes} == {3}


def test_pieces_of_one_line_are_one_line_and_gaps_part_paragraphs():
    text, _ = lay_out([at(0.1, 0.1, "one"), at(0.21, 0.101, "line"), at(0.1, 0.125, "more"), at(0.1, 0.2, "new")])
    assert text == "one line\nmore\n\nnew"
    assert lay_out([]) == ("", ())


def test_nothing_is_added_where_nothing_was_read(monkeypatch):
    from quoth.passages.pixels import decode_picture
    from quoth.types import Figure

    monkeypatch.setattr("quoth.passages.recognise.is_installed", lambda: True)
    monkeypatch.setattr("quoth.passages.recognise.may_hold_text", lambda image: True)
    monkeypatch.setattr("quoth.passages.recognise.read_lines", lambda image: [])
    figure = Figure(decode_picture(encoded(draw())), "A disc")
    assert recognised(figure, lambda longest: draw()) == figure


SIGN = page((40, 60, "Fog horn tested at noon"), (40, 160, "by the keeper Ada Holm"), size=(640, 260))
SMALL = page((4, 4, "Fog"), size=(150, 60), letters=30)


def words_of(figure):
    return [figure.words[line.start : line.end] for line in figure.boxes]


def in_a_pdf(pdf, **_):
    pages = [[(12, 700, "A page with text, a lot of it."), (10, 330, "Figure 1: A sign.")]]
    return pdf(pages, {0: [(SIGN, (50, 350, 530, 545))]})


def in_a_page(**_):
    inline = base64.b64encode(encoded(SIGN)).decode()
    return f'<p>The harbour.</p><img alt="Figure 1: A sign." src="data:image/png;base64,{inline}">'.encode()


DOCUMENTS = {
    "a.pdf": in_a_pdf,
    "a.docx": lambda docx, **_: docx([("Normal", "The harbour."), ("picture", "Figure 1: A sign.")], encoded(SIGN)),
    "a.pptx": lambda pptx, **_: pptx([("One", encoded(SIGN))], "Figure 1: A sign."),
    "a.epub": lambda book, **_: book("<p>One.</p><img src='../i/p%201.png' alt='Figure 1: A sign.'/>", encoded(SIGN)),
    "a.html": in_a_page,
}


@needs_ocr
@pytest.mark.parametrize("name", DOCUMENTS)
def test_words_in_the_pictures_of_documents_are_read_with_their_boxes(read, pdf, docx, pptx, book, name):
    document = read(name, DOCUMENTS[name](pdf=pdf, docx=docx, pptx=pptx, book=book))
    [figure] = document.figures
    assert words_of(figure) == ["Fog horn tested at noon", "by the keeper Ada Holm"]
    assert figure.words.startswith("Figure 1: A sign.\n\nFog")
    box = figure.boxes[0].box
    assert box.page is None
    assert (box.left, box.top) == pytest.approx((40 / 640, 65 / 260), abs=0.05)
    assert "Fog horn" not in document.text


@needs_ocr
def test_small_pictures_and_those_of_a_page_that_was_read_are_left_alone(read, pdf):
    document = read("a.pdf", pdf([[(12, 700, "A page with text, a lot of it.")]], {0: [(SMALL, (50, 350, 250, 430))]}))
    assert [figure.words for figure in document.figures] == [""]
    scanned = read("b.pdf", pdf([[]], {0: [(SCAN, (0, 0, 600, 800))]}))
    assert [figure.words for figure in scanned.figures] == [""]


@needs_ocr
def test_no_more_pictures_are_read_than_a_number(read, pdf, monkeypatch):
    monkeypatch.setattr("quoth.passages.album.MOST_READ", 1)
    signs = [page((40, 60, f"The fog horn number {n}"), size=(640, 160)) for n in range(3)]
    pictures = [(sign, (50, 100 + 200 * n, 530, 220 + 200 * n)) for n, sign in enumerate(signs)]
    document = read("a.pdf", pdf([[(12, 780, "A page with text, a lot of it.")]], {0: pictures}))
    assert sorted(bool(figure.boxes) for figure in document.figures) == [False, False, True]
