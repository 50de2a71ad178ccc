"""A source at its place: the picture, the page with the marked words, or the text around them."""

from __future__ import annotations

import html
from pathlib import Path

import streamlit as st

from quoth.answer import Source
from quoth.errors import QuothError
from quoth.interfaces.page.shared import plain
from quoth.knowledge import KnowledgeBase
from quoth.types import Passage

_MARK = '<mark style="background:#e69f0066;color:inherit;border-radius:3px">{}</mark>'


@st.dialog("Source", width="large")
def open_source(base: KnowledgeBase, source: Source) -> None:
    """Show where a source stands."""
    _head(source.passage)
    _seen(base, source)
    _around(base, source.passage, source.start, source.end)


@st.dialog("Passage", width="large")
def open_passage(base: KnowledgeBase, passage: Passage) -> None:
    """Show where a passage stands."""
    _head(passage)
    _seen(base, passage)
    _around(base, passage, passage.start, passage.start)


def _head(passage: Passage) -> None:
    st.subheader(passage.title, anchor=False)
    st.text(" › ".join([*passage.headings, passage.place]))
    st.text(passage.document)


def _seen(base: KnowledgeBase, what: Source | Passage) -> None:
    """The picture, or the page of a PDF, with the quoted words marked; of other formats there is none."""
    passage = what if isinstance(what, Passage) else what.passage
    if not passage.picture and passage.page is None:
        return
    try:
        with st.container(border=True):
            st.image(base.show(what))
    except QuothError as error:
        st.caption(plain(f"{error.cause}: {error.cure}"))


def _around(base: KnowledgeBase, passage: Passage, start: int, end: int) -> None:
    """The passage between its neighbours, what is quoted marked."""
    try:
        found = base.read(passage.id)
    except QuothError as error:
        st.warning(plain(f"{error.cause}: {error.cure}"))
        return
    if not passage.picture:
        for one in found.before:
            st.html(_paragraph(one.text, faint=True))
    st.html(_marked(passage, start, end))
    if not passage.picture:
        for one in found.after:
            st.html(_paragraph(one.text, faint=True))
    if Path(passage.document).is_file():
        with Path(passage.document).open("rb") as file:
            st.download_button("Download the document", file, Path(passage.document).name, icon=":material/download:")


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
