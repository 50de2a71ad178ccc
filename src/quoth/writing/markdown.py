"""A text as Markdown with footnotes (`[^1]`), as GitHub, Pandoc and most others read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quoth.writing.escape import escaped
from quoth.writing.notes import MARK, MARK_MEANS, Notes, byline, has_marks, source_lines
from quoth.writing.text import Block, Code, Illustration, Paragraph, Section

if TYPE_CHECKING:
    from quoth.writing.writing import Writing

PICTURES = "pictures"


def render(writing: Writing) -> str:
    """The whole text: title, byline, sections, sources, footnotes."""
    notes, report = Notes(), writing.report
    parts = [f"# {escaped(writing.title)}", f"*{escaped(byline(report.whole, writing.generator))}*"]
    for section in writing.sections:
        parts += section_parts(section, notes)
    parts.append("## Sources")
    listed = source_lines(writing.sections, report.whole)
    parts.append("\n".join(f"{i}. {escaped(name)}, {share}" for i, (name, share) in enumerate(listed, start=1)))
    if has_marks(writing.sections):
        parts.append(f"{MARK} {MARK_MEANS}")
    parts += [f"[^{note.number}]: {escaped(note.where)}: “{escaped(_quoted(note.quote))}”" for note in notes.all()]
    return "\n\n".join(parts) + "\n"


def section_parts(section: Section, notes: Notes) -> list[str]:
    """A section's heading and blocks; `notes` numbers its footnotes."""
    return [f"## {escaped(section.heading)}", *(_block(block, notes) for block in section.blocks)]


def picture_file(illustration: Illustration) -> str:
    """The name of a picture's file."""
    return f"{illustration.passage.id}.jpg"


def _block(block: Block, notes: Notes) -> str:
    if isinstance(block, Code):
        return _code(block)
    if isinstance(block, Illustration):
        caption = escaped(block.caption)
        return f"![{caption}]({PICTURES}/{picture_file(block)})\n*{caption}*"
    return _paragraph(block, notes)


def _paragraph(block: Paragraph, notes: Notes) -> str:
    said = []
    for i, sentence in enumerate(block.sentences):
        marks = "".join(f"[^{note.number}]" for note in notes.after(block.sentences, i))
        said.append(f"{escaped(sentence.text)}{marks}" if sentence.supported else f"*{escaped(sentence.text)}*{MARK}")
    return " ".join(said)


def _code(block: Code) -> str:
    """Fenced by more backticks than stand in it; the footnote of the sentence that leads to it is its own."""
    fence = "```"
    while fence in block.text:
        fence += "`"
    return f"{fence}{block.language}\n{block.text}\n{fence}"


def _quoted(quote: str) -> str:
    return quote.replace("`", "")
