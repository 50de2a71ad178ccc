"""`kb.show`, answers with pictures in notebooks and terminals, and sheets of sources: a real knowledge base."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

import quoth
from pictures import draw, encoded
from quoth.answer import Answer, Source, Timing
from quoth.interfaces.shapes import answer_shape
from quoth.rendering import as_html
from quoth.showing import Showing
from quoth.thumbnails import HEIGHT, WIDTH, as_blocks
from quoth.types import Box, LineBox, Passage


@pytest.fixture(scope="module")
def kb(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shown")
    (folder / "cat.png").write_bytes(encoded(draw(size=(900, 600))))
    (folder / "notes.txt").write_text("Ferries leave from Lund.")
    kb = quoth.open(folder / "kb")
    kb.add(folder / "cat.png", folder / "notes.txt")
    return kb


def passage_of(kb, name):
    [found] = [p for p in (hit.passage for hit in kb.search("picture ferries", 10)) if p.document.endswith(name)]
    return found


def answer_from(*sources, show=None):
    return Answer("Who?", "Ada", False, 0.5, "sequence", (), sources, 0.1, Timing(0, 0, 0), show=show)


def boxed(passage, *lines):
    return replace(passage, text="Ada Holm\nbuilt it", boxes=tuple(LineBox(*line) for line in lines))


def pixels(data):
    return np.asarray(Image.open(io.BytesIO(data)), np.int16)


def test_a_source_has_the_boxes_of_the_lines_that_its_quote_covers():
    one, two = Box(1, 0.1, 0.1, 0.5, 0.2), Box(1, 0.1, 0.3, 0.5, 0.4)
    passage = Passage("d", "t", "Ada Holm\nbuilt it", 100, 117, boxes=(LineBox(0, 8, one), LineBox(9, 17, two)))
    assert [line.box for line in Source(passage, "Ada", 100, 103, 1.0).boxes] == [one]
    [line] = Source(passage, "built", 109, 114, 1.0).boxes
    assert line == LineBox(0, 5, two)
    [shape] = answer_shape(answer_from(Source(passage, "built", 109, 114, 1.0)))["sources"]
    assert shape["boxes"] == [
        {"start": 0, "end": 5, "box": {"page": 1, "left": 0.1, "top": 0.3, "right": 0.5, "bottom": 0.4}}
    ]


def test_a_picture_is_shown_with_its_boxes(kb):
    passage = passage_of(kb, "cat.png")
    plain, marked = kb.show(passage), kb.show(boxed(passage, (0, 8, Box(None, 0.2, 0.2, 0.8, 0.4))))
    assert pixels(plain).shape == pixels(marked).shape == (600, 900, 3)
    changed = np.abs(pixels(plain) - pixels(marked)).max(axis=2) > 40
    assert changed[120:240, 180:720].mean() > 0.5 > 0.02 > changed[:100].mean()


def test_a_picture_whose_file_is_gone_is_shown_as_it_is_kept(kb, tmp_path):
    (tmp_path / "dog.png").write_bytes(encoded(draw("stripes", size=(900, 600))))
    kb = quoth.open(tmp_path / "kb")
    kb.add(tmp_path / "dog.png")
    passage = passage_of(kb, "dog.png")
    (tmp_path / "dog.png").unlink()
    assert pixels(kb.show(passage)).shape == (341, 512, 3)
    kb.remove("dog.png")
    with pytest.raises(quoth.DocumentError, match="no longer in the knowledge base"):
        kb.show(passage)


def test_text_without_pages_is_refused(kb):
    with pytest.raises(quoth.UsageError, match=r"notes.txt has neither pages nor pictures"):
        kb.show(passage_of(kb, "notes.txt"))


def test_who_may_not_see_a_picture_is_not_shown_it(tmp_path):
    (tmp_path / "dog.png").write_bytes(encoded(draw("stripes", size=(900, 600))))
    kb = quoth.open(tmp_path / "kb")
    kb.add(tmp_path / "dog.png", groups=["vets"])
    passage = passage_of(kb, "dog.png")
    assert kb.seen_by(["vets"]).show(passage) == kb.show(passage)
    with pytest.raises(quoth.DocumentError, match="no longer in the knowledge base"):
        kb.seen_by(["cooks"]).show(passage)


def test_pages_are_shown_where_the_words_are_theirs():
    scan = Passage("/d/scan.pdf", "Scan", "Ada Holm", 0, 8, page=2, boxes=(LineBox(0, 8, Box(2, 0.1, 0.1, 0.5, 0.2)),))
    born = Passage("/d/born.pdf", "Born", "Ada Holm", 0, 8, page=2)
    asked = []
    sources = [Source(passage, "Ada Holm", 0, 8, 0.4) for passage in (scan, born)]
    html = as_html(answer_from(*sources, show=lambda source: asked.append(source) or b"JPEG"))
    assert asked == sources[:1] and html.count("<img") == 1 and "data:image/jpeg;base64,SlBFRw==" in html


def test_a_notebook_and_a_terminal_show_pictures(kb):
    passage = passage_of(kb, "cat.png")
    answer = answer_from(Source(passage, "", 0, 0, 0.9, seen=True), show=Showing(kb.folder))
    assert "<img" in answer._repr_html_() and "90%, looked at" in answer.as_html()
    shown = Console(file=io.StringIO(), width=100, force_terminal=True, color_system="truecolor")
    shown.print(answer)
    assert shown.file.getvalue().count("\u2580") > 400
    plain = Console(file=io.StringIO(), width=100)
    plain.print(answer)
    assert "\u2580" not in plain.file.getvalue() and "looked at" in plain.file.getvalue()
    gone = answer_from(Source(replace(passage, picture="0" * 16), "", 0, 0, 0.9), show=Showing(kb.folder))
    assert "<img" in gone.as_html()  # its file is there still


def test_an_answer_without_a_knowledge_base_shows_words(kb):
    assert "<img" not in answer_from(Source(passage_of(kb, "cat.png"), "", 0, 0, 0.9)).as_html()


def test_blocks_are_the_colours_of_the_picture():
    image = Image.new("RGB", (200, 100), "red")
    image.paste("blue", (0, 50, 200, 100))
    lines = list(as_blocks(encoded(image)))
    assert len(lines) == WIDTH // 2 // 2 <= HEIGHT // 2
    assert {span.style for span in lines[0].spans} == {"#ff0000 on #ff0000"}
    assert {span.style for span in lines[-1].spans} == {"#0000ff on #0000ff"}
    assert list(as_blocks(b"")) == []


def test_the_sources_of_an_answer_as_a_sheet(kb, tmp_path):
    sources = [Source(passage_of(kb, name), "Ferries", 0, 7, 0.45) for name in ("cat.png", "notes.txt")]
    sources.append(replace(sources[0], weight=0.001))
    kb.pictures.sheet_of_answer(tmp_path / "sheet.png", answer_from(*sources))
    sheet = np.asarray(Image.open(tmp_path / "sheet.png"), np.int16)
    assert sheet.shape == (520 + 54 + 28, 3 * 534 + 14, 3)
    colours = [(np.ptp(sheet[:, x : x + 520], axis=2) > 60).mean() for x in (14, 548, 1082)]
    assert colours[1] > 0.03 > 0.01 > max(colours[0], colours[2])
