"""Document -> passages of a number of words, one after the other: what the RAG paper did with Wikipedia."""

from __future__ import annotations

import re

from quoth.types import Document, Passage

_WORD = re.compile(r"\S+")


def split_words(document: Document, length: int) -> list[Passage]:
    """The passages of `length` words (the last may be shorter), as the document has them; none if it is blank."""
    words = [match.span() for match in _WORD.finditer(document.text)]
    spans = [(words[i][0], words[min(i + length, len(words)) - 1][1]) for i in range(0, len(words), length)]
    return [
        Passage(document.id, document.title, document.text[start:end], start, end, document.line_at(start))
        for start, end in spans
    ]
