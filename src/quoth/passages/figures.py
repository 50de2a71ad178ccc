"""Pictures of a document -> Passages: what is known of each in words, at its place."""

from __future__ import annotations

from quoth.types import Document, Figure, Passage

# The words around a picture say what it shows; further away they speak of other things.
_AROUND = 250


def figure_passages(document: Document) -> tuple[Passage, ...]:
    """One passage for each picture, in order; its text may be empty."""
    return tuple(_passage(document, figure) for figure in document.figures)


def _passage(document: Document, figure: Figure) -> Passage:
    return Passage(
        document=document.id,
        title=document.title,
        # An empty line parts them: a sentence that is quoted ends there.
        text="\n\n".join(dict.fromkeys(filter(None, (figure.words, *_around(document.text, figure.start))))),
        start=figure.start,
        end=figure.start,
        line=document.line_at(figure.start),
        page=document.page_at(figure.start) if figure.page is None else figure.page,
        headings=document.headings_at(figure.start),
        picture=figure.picture.digest,
        # The figure's words come first: offsets in them are offsets in the text.
        boxes=figure.boxes,
    )


def _around(text: str, place: int) -> tuple[str, str]:
    """The end of the text before a place and the beginning of that after it, in whole words."""
    before, after = text[max(0, place - _AROUND) : place], text[place : place + _AROUND]
    if place > _AROUND:
        before = before.partition(" ")[2]
    if place + _AROUND < len(text):
        after = after.rpartition(" ")[0]
    return " ".join(before.split()), " ".join(after.split())
