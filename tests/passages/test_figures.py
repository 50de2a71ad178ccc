"""Pictures inside documents: which, where, with what words; and what hostile documents do not get."""

import base64
import os
import random
import zlib

import numpy as np
import pytest

from pictures import encoded, noise
from quoth.errors import DocumentError
from quoth.manifest import write_manifest
from quoth.passages import Parser
from quoth.passages.figures import figure_passages
from quoth.passages.pixels import decode_picture

RED, BLUE = noise(seed=1), noise(seed=2)


def data_uri(image):
    return f"data:image/png;base64,{base64.b64encode(encoded(image)).decode()}"


def digests(document):
    return [figure.picture.digest for figure in document.figures]


def digest(image):
    return decode_picture(encoded(image)).digest


@pytest.fixture
def beside(tmp_path):
    """A folder `page` for documents, with a picture in it, in a folder below it and outside it."""
    (tmp_path / "page" / "img").mkdir(parents=True)
    for name, image in (("page/a b.png", RED), ("page/img/c.png", BLUE), ("secret.png", noise(seed=3))):
        (tmp_path / name).write_bytes(encoded(image))

    def read(html):
        from quoth.passages.parse import parse

        (tmp_path / "page" / "a.html").write_text(html)
        return parse(tmp_path / "page" / "a.html")

    return read


def test_a_page_with_pictures_beside_it(beside):
    document = beside(
        "<h1>Birds</h1><p>Some <img src='a%20b.png' alt='A  kite'> fly.</p>"
        "<figure><img src='./img/c.png?v=2' title='Seen'><figcaption>An owl.</figcaption></figure><p>End."
    )
    assert digests(document) == [digest(RED), digest(BLUE)]
    assert [figure.words for figure in document.figures] == ["A kite", "Seen\nAn owl."]
    assert [document.text[figure.start :][:4] for figure in document.figures] == ["Some", "An o"]
    kite, _ = figure_passages(document)
    assert kite.text == "A kite\n\nBirds\n\nSome fly. An owl. End."
    assert kite.headings == ("Birds",)
    assert kite.picture == digest(RED)


def test_what_lies_in_a_knowledge_base_is_not_shown(beside, tmp_path):
    write_manifest(tmp_path / "page" / "kb", "encoder/1", 8)
    (tmp_path / "page" / "kb" / "uploads").mkdir()
    (tmp_path / "page" / "kb" / "uploads" / "d.png").write_bytes(encoded(noise(seed=4)))
    document = beside("<p>Words.</p><img src='kb/uploads/d.png'><img src='img/c.png'>")
    assert digests(document) == [digest(BLUE)]


def test_pictures_in_tables_and_headings(beside):
    document = beside(
        "<h2><img src='a b.png'>Top</h2><table><tr><td>x<td>y<tr><td><img src='img/c.png' alt='C'><td>z</table>"
    )
    assert digests(document) == [digest(RED), digest(BLUE)]
    assert document.figures[1].words == "C"


@pytest.mark.parametrize(
    "source",
    [
        "../secret.png",
        "img/../../secret.png",
        "%2e%2e/secret.png",
        "..%2fsecret.png",
        "../../../../../../../../etc/passwd",
        "/etc/passwd",
        "//host/a.png",
        "file:///etc/passwd",
        "http://localhost:9/a.png",
        "link.png",
        "C:\\a.png",
        "%00",
        "http://[",
        "img",
        "",
        "data:image/png;base64,@@@",
        "data:image/png;base64,iVBORw0KGgo=",
        "data:,",
        "data:image/svg+xml,<svg/>",
    ],
)
def test_what_is_outside_the_folder_or_broken_is_left_out(beside, tmp_path, source):
    os.symlink(tmp_path / "secret.png", tmp_path / "page" / "link.png")
    document = beside(f"<p>Words.</p><img src='{source}'><img src='a b.png'>")
    assert digests(document) == [digest(RED)]
    assert document.text == "Words."


def test_a_picture_in_the_page_itself(read):
    document = read("a.html", f"<img src='{data_uri(RED)}' alt='Kite'>")
    assert digests(document) == [digest(RED)]
    assert (document.text, document.figures[0].words) == ("", "Kite")


def test_a_page_with_nothing_but_a_missing_picture_is_refused(beside):
    with pytest.raises(DocumentError, match="no picture"):
        beside("<img src='gone.png' alt='Gone'>")


def test_copies_tiny_ones_and_too_many_are_left_out(read, monkeypatch):
    monkeypatch.setattr("quoth.passages.album.MOST", 3)
    shown = [RED, noise((47, 300)), RED, BLUE, noise(seed=4), noise(seed=5)]
    document = read("a.html", "".join(f"<img src='{data_uri(image)}'>" for image in shown))
    assert digests(document) == [digest(image) for image in (RED, BLUE, noise(seed=4))]


def test_a_book(read, book):
    document = read("a.epub", book("<p>One.</p><img src='../i/p%201.png' alt='Kite'/><p>Two.</p>", encoded(RED)))
    assert digests(document) == [digest(RED)]
    assert document.figures[0].words == "Kite"
    assert document.text[document.figures[0].start :] == "Two."


def test_a_word_file(read, docx):
    parts = [("Normal", "One."), ("picture", "A kite"), ("Normal", "Two.")]
    document = read("a.docx", docx(parts, encoded(RED)))
    assert digests(document) == [digest(RED)]
    assert document.figures[0].words == "A kite"
    assert document.text[document.figures[0].start :] == "Two."


def test_a_broken_picture_does_not_cost_the_word_file(read, docx):
    document = read("a.docx", docx([("picture", "A kite"), ("Normal", "Two.")], encoded(RED)[:80]))
    assert (document.text, document.figures) == ("Two.", ())


def test_slides(read, pptx):
    document = read("a.pptx", pptx([("One", None), ("Two", encoded(RED))], "A kite"))
    assert digests(document) == [digest(RED)]
    assert document.figures[0].words == "A kite"
    [passage] = figure_passages(document)
    assert passage.page == 2 and "Two" in passage.text


WORDS = "The quick brown fox jumps over the lazy dog and runs into the wood"


def test_a_pdf(read, pdf):
    page = [(10, 700, WORDS), (10, 420, "Figure 1: A kite."), (10, 400, WORDS + ".")]
    document = read("a.pdf", pdf([[(10, 700, "First page.")], page], {1: [(RED, (50, 450, 350, 650))]}))
    [figure] = document.figures
    assert abs(figure.picture.pixels.astype(int).mean() - decode_picture(encoded(RED)).pixels.mean()) < 3
    assert (figure.picture.width, figure.picture.height) == (96, 64)
    assert figure.words.startswith("Figure 1: A kite.")
    assert document.text[figure.start :].startswith("Figure 1")
    [passage] = figure_passages(document)
    assert passage.page == 2


def test_a_pdf_of_pictures_keeps_their_pages(read, pdf):
    places = (50, 100, 550, 700)
    document = read("a.pdf", pdf([[], [], []], {0: [(RED, places)], 2: [(BLUE, places)]}))
    assert document.text == ""
    assert [passage.page for passage in figure_passages(document)] == [1, 3]
    assert all(passage.place.startswith("p. ") for passage in figure_passages(document))


def test_a_logo_on_every_page_is_one_picture(read, pdf):
    logo = (RED, (50, 700, 150, 780))
    document = read("a.pdf", pdf([[(10, 500, f"{WORDS} {n}.")] for n in range(4)], {n: [logo] for n in range(4)}))
    assert len(document.figures) == 1


def test_a_page_that_was_scanned_and_recognised_is_no_picture_of_itself(read, pdf):
    lines = [(10, 700 - 12 * n, WORDS) for n in range(10)]
    whole = (0, 0, 600, 800)
    assert read("a.pdf", pdf([lines], {0: [(RED, whole)]})).figures == ()
    assert len(read("b.pdf", pdf([lines[:2]], {0: [(RED, whole)]})).figures) == 1


def test_a_picture_in_strips_is_whole(read, pdf):
    strips = [(RED.crop((0, y, 96, y + 4)), (100, 500 - 4 * y - 16, 484, 500 - 4 * y)) for y in range(0, 64, 4)]
    document = read("a.pdf", pdf([[(10, 700, WORDS)]], {0: strips}))
    [figure] = document.figures
    assert abs(figure.picture.width / figure.picture.height - 1.5) < 0.05
    assert abs(figure.picture.pixels.mean() - decode_picture(encoded(RED)).pixels.mean()) < 5


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
@pytest.mark.parametrize("strips", [1, 2])
def test_a_picture_on_a_page_that_is_turned_is_seen_as_people_see_it(read, pdf, turned, strips):
    size = 64 // strips
    tops = [(y, 436 - 2 * y) for y in range(0, 64, size)]
    parts = [(RED.crop((0, y, 96, y + size)), (100, top - 2 * size, 292, top)) for y, top in tops]
    [figure] = read("a.pdf", pdf([[(10, 700, WORDS)]], {0: parts}, turned)).figures
    seen = np.asarray(RED.rotate(-turned, expand=True), float)
    assert figure.picture.pixels.shape == seen.shape
    assert abs(figure.picture.pixels - seen).mean() < 12


@pytest.mark.parametrize("claimed", [(60_000, 60_000), (14_000, 14_000), (100_000, 100)])
def test_an_enormous_picture_in_a_pdf_costs_neither_memory_nor_the_page(tmp_path, pdf, claimed):
    bomb = (zlib.compress(bytes(10_000_000)), claimed)
    (tmp_path / "a.pdf").write_bytes(pdf([[(10, 700, WORDS)]], {0: [(bomb, (50, 100, 550, 600))]}))
    with Parser(seconds=20, memory=2 << 30) as parser:
        assert WORDS in parser.parse(tmp_path / "a.pdf").document.text


def test_damage_never_costs_more_than_the_picture(tmp_path, pdf, docx, pptx, book):
    files = {
        "a.pdf": pdf([[(10, 700, WORDS)]], {0: [(RED, (50, 100, 550, 600))]}),
        "a.docx": docx([("Normal", WORDS), ("picture", "A")], encoded(RED)),
        "a.pptx": pptx([(WORDS, encoded(RED))], "A"),
        "a.epub": book(f"<p>{WORDS}</p><img src='../i/p%201.png'/>", encoded(RED)),
    }
    chance = random.Random(0)
    with Parser(seconds=20) as parser:
        for name, data in files.items():
            for _ in range(10):
                broken = bytearray(data)
                for _ in range(5):
                    broken[chance.randrange(len(broken))] = chance.randrange(256)
                (tmp_path / name).write_bytes(broken)
                try:
                    parser.parse(tmp_path / name)
                except DocumentError as error:
                    assert "crashed" not in error.cause and "longer" not in error.cause
