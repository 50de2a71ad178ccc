"""A brief -> a text from the documents, with footnotes and a report of how much they support.

- planning: the passages that a brief finds, by their headings -> an outline, which people edit
- prose (plain, code): a passage -> runs of sentences, and code, that can be taken word for word
- quoting: a section of such runs, for a base model; composing: in its own words, for a model that can be told
- tracing: what was written -> sentences with what supports them
- writer: the path: propose, trace, keep, mark or drop
- text: sentences, blocks, sections, shares; writing: the whole, and how it is saved
- notes: footnotes; markdown, page, docx: formats; escape: words into Markdown
"""

from quoth.writing.outline import Outline, Planned, read_outline
from quoth.writing.text import Report, Section
from quoth.writing.writer import Wishes, Writer, WritingStream, make_wishes
from quoth.writing.writing import Writing

__all__ = [
    "Outline",
    "Planned",
    "Report",
    "Section",
    "Wishes",
    "Writer",
    "Writing",
    "WritingStream",
    "make_wishes",
    "read_outline",
]
