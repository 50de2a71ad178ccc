"""Search: by words, by a picture, or both; pictures as a grid, passages as a list."""

from __future__ import annotations

import streamlit as st

from quoth.interfaces.page.places import open_passage
from quoth.interfaces.page.shared import filled_base, refusing
from quoth.knowledge import KnowledgeBase
from quoth.types import Hit, Kind

_KINDS: dict[str, Kind | None] = {"All": None, "Passages": "text", "Pictures": "image"}
_COLUMNS = 3


def show() -> None:
    """The query, then what is nearest to it."""
    base = filled_base("Search")
    words = st.text_input("Words", placeholder="what it says, or what a picture shows")
    left, right = st.columns(2, vertical_alignment="top")
    kind = left.segmented_control("Kind", list(_KINDS), default="All", required=True)
    dropped = right.file_uploader("Like this picture", type=["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff"])
    if dropped:
        right.image(dropped, width=160)
    if not words.strip() and not dropped:
        return
    with refusing():
        image = dropped.getvalue() if dropped else None
        with st.spinner("searching"):
            hits = base.search(words, 24, image=image, kind=_KINDS[kind or "All"])
        _grid(base, [hit for hit in hits if hit.passage.picture])
        _list(base, [hit for hit in hits if not hit.passage.picture])
        if not hits:
            st.info("Nothing was found.")


def _grid(base: KnowledgeBase, hits: list[Hit]) -> None:
    previews = base.gallery.previews([hit.passage.id for hit in hits])
    for start in range(0, len(hits), _COLUMNS):
        for column, hit in zip(st.columns(_COLUMNS), hits[start : start + _COLUMNS], strict=False):
            with column.container(border=True):
                if preview := previews.get(hit.passage.id):
                    st.image(preview)
                _button(base, hit)


def _list(base: KnowledgeBase, hits: list[Hit]) -> None:
    for hit in hits:
        with st.container(border=True):
            _button(base, hit)
            st.text(" ".join(hit.passage.text.split())[:400])


def _button(base: KnowledgeBase, hit: Hit) -> None:
    near = "" if hit.similarity is None else f", nearness {hit.similarity:.2f}"
    if st.button(f"{hit.passage.title}, {hit.passage.place}", key=f"open-{hit.passage.id}", type="tertiary"):
        open_passage(base, hit.passage)
    st.caption(f"{hit.rank}{near}")
