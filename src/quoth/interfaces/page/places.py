"""A source at its place: the picture, the page with the marked words, or the text around them."""

from __future__ import annotations

import html
from pathlib import Path

import streamlit as st

from quoth.answer import Source
from quoth.assistants.turns import Cited
from quoth.errors import QuothError
from quoth.interfaces.page.shared import plain
from quoth.knowledge import KnowledgeBase
from quoth.reading import InPlace
from quoth.types import Passage

_MARK = '<mark style="background:#e69f0066;color:inherit;border-radius:3px">{}</mark>'


@st.dialog("Source", width="large")
def open_source(base: KnowledgeBase, cited: Cited) -> None:
    """Show where a source stands, or what it said if it is no longer there."""
    try:
        found = base.read(cited.passage)
    except QuothError as error:
        st.subheader(plain(cited.title), anchor=False)
        st.text(f"{cited.place}\n{cited.document}")
        st.html(_paragraph(cited.quote))
        st.warning(plain(f"{error.cause}: {error.cure}"))
        return
    source = Source(found.passage, cited.quote, cited.start, cited.end, cited.weight)
    _draw(base, found, source, (cited.start, cited.end))


@st.dialog("Passage", width="large")
def open_passage(base: KnowledgeBase, passage: Passage) -> None:
    """Show where a passage stands."""
    try:
        found = base.read(passage.id)
    except QuothError as error:
        st.warning(plain(f"{error.cause}: {error.cure}"))
        return
    _draw(base, found, found.passage, (0, 0))


def _draw(base: KnowledgeBase, found: InPlace, what: Source | Passage, span: tuple[int, int]) -> None:
    passage = found.passage
    st.subheader(plain(passage.title), anchor=False)
    st.text(" › ".join([*passage.headings, passage.place]))
    st.text(passage.document)
    if passage.picture or passage.page is not None:
        _seen(base, what)
    _around(found, span)
    if Path(passage.document).is_file():
        with Path(passage.document).open("rb") as file:
            st.download_button("Download the document", file, Path(passage.document).name, icon=":material/download:")


def _seen(base: KnowledgeBase, what: Source | Passage) -> None:
    """The picture, or the page of a PDF, with the quoted words marked."""
    try:
        with st.container(border=True):
            st.image(base.show(what))
    except QuothError as error:
        st.caption(plain(f"{error.cause}: {error.cure}"))


def _around(found: InPlace, span: tuple[int, int]) -> None:
    """The passage between its neighbours, what is quoted marked; a picture's words alone."""
    is_text = not found.passage.picture
    for one in found.before if is_text else ():
        st.html(_paragraph(one.text, faint=True))
    st.html(_marked(found.passage, *span))
    for one in found.after if is_text else ():
        st.html(_paragraph(one.text, faint=True))


def _marked(passage: Passage, start: int, end: int) -> str:
    """The passage's text with the quoted span, given in the document's offsets, marked."""
    first, last = start - passage.start, end - passage.start
    text = passage.text
    if passage.picture or not 0 <= first < last <= len(text):
        return _paragraph(text)
    parts = html.escape(text[:first]), _MARK.format(html.escape(text[first:last])), html.escape(text[last:])
    return _block("".join(parts))


def _paragraph(text: str, faint: bool = False) -> str:
    return _block(html.escape(text), faint)


def _block(inside: str, faint: bool = False) -> str:
    shade = "opacity:.55;" if faint else ""
    return f'<div style="white-space:pre-wrap;overflow-wrap:anywhere;{shade}">{inside}</div>'
