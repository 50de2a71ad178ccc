"""A text as a Word document, by python-docx; the footnotes are Word's own, which python-docx has no words for yet."""

from __future__ import annotations

import re
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from quoth.errors import MissingExtraError
from quoth.writing.escape import spans
from quoth.writing.notes import MARK, MARK_MEANS, Note, Notes, byline, has_marks, source_lines
from quoth.writing.text import Block, Code, Illustration

if TYPE_CHECKING:
    from docx.document import Document
    from docx.text.paragraph import Paragraph

    from quoth.writing.writing import Writing

_MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_PART = "/word/footnotes.xml"
_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
_MONOSPACED = "Courier New"
# As python-docx has it from the standard (ECMA-376).
_TITLE = 255
# All that is no Char of XML 1.0, 2.2.
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def need() -> None:
    """That what `save` needs is installed; nothing is loaded.

    Raises:
        MissingExtraError: python-docx is missing.
    """
    if find_spec("docx") is None:
        raise MissingExtraError("Word documents are made with python-docx", 'pip install "quoth[write]"')


def save(writing: Writing, file: Path) -> None:
    """Write the document.

    Raises:
        MissingExtraError: python-docx is missing.
        OSError: the file cannot be written.
    """
    need()
    import docx
    from docx.shared import Inches

    document, notes, report = docx.Document(), Notes(), writing.report
    document.core_properties.title = _clean(writing.title)[:_TITLE]
    document.add_heading(_plain(writing.title), 0)
    document.add_paragraph().add_run(_clean(byline(report.whole, writing.generator))).italic = True
    for section in writing.sections:
        document.add_heading(_plain(section.heading), 1)
        for block in section.blocks:
            _add(document, block, notes, Inches(5))
    document.add_heading("Sources", 1)
    for name, share in source_lines(writing.sections, report.whole):
        document.add_paragraph(_clean(f"{name}, {share}"), style="List Number")
    if has_marks(writing.sections):
        document.add_paragraph(f"{MARK} {MARK_MEANS}")
    _add_footnotes(document, notes.all())
    # A file that cannot be written is told by its own error, not by a half-made archive's.
    buffer = BytesIO()
    document.save(buffer)
    file.write_bytes(buffer.getvalue())


def _add(document: Document, block: Block, notes: Notes, width: int) -> None:
    if isinstance(block, Illustration):
        document.add_picture(BytesIO(block.preview), width=width)
        document.add_paragraph(_clean(block.caption), style="Caption")
        return
    paragraph = document.add_paragraph()
    if isinstance(block, Code):
        paragraph.add_run(_clean(block.text)).font.name = _MONOSPACED
        return
    for i, sentence in enumerate(block.sentences):
        _say(paragraph, (" " if i else "") + sentence.text, sentence.supported)
        for note in notes.after(block.sentences, i):
            _refer(paragraph, note)


def _say(paragraph: Paragraph, text: str, supported: bool) -> None:
    for piece, code in spans(_clean(text)):
        run = paragraph.add_run(piece)
        run.italic = None if supported else True
        if code:
            run.font.name = _MONOSPACED
    if not supported:
        paragraph.add_run(MARK)


def _refer(paragraph: Paragraph, note: Note) -> None:
    """The footnote's number, raised, after the words."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    run = paragraph.add_run()
    run.font.superscript = True
    reference = OxmlElement("w:footnoteReference")
    reference.set(qn("w:id"), str(note.number))
    run._r.append(reference)


def _add_footnotes(document: Document, notes: list[Note]) -> None:
    """The part of the document that holds the footnotes; Word wants its two separators first."""
    from docx.opc.packuri import PackURI
    from docx.opc.part import Part

    separators = "".join(
        f'<w:footnote w:type="{kind}" w:id="{number}"><w:p><w:r><w:{element}/></w:r></w:p></w:footnote>'
        for kind, number, element in (
            ("separator", -1, "separator"),
            ("continuationSeparator", 0, "continuationSeparator"),
        )
    )
    xml = f'<w:footnotes xmlns:w="{_MAIN}">{separators}{"".join(map(_footnote, notes))}</w:footnotes>'
    data = f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{xml}'.encode()
    part = Part(PackURI(_PART), _TYPE, data, document.part.package)
    document.part.relate_to(part, _RELATION)


def _footnote(note: Note) -> str:
    said = escape(_clean(f" {note.where}: “{note.quote}”"))
    number = '<w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:footnoteRef/></w:r>'
    return (
        f'<w:footnote w:id="{note.number}"><w:p>{number}'
        f'<w:r><w:t xml:space="preserve">{said}</w:t></w:r></w:p></w:footnote>'
    )


def _clean(text: str) -> str:
    """Without the control characters and halves of characters that XML has no place for; lines and tabs stay."""
    return _NOT_IN_XML.sub("", text)


def _plain(text: str) -> str:
    return _clean(text.replace("`", ""))
