"""The map: texts and pictures with what is alike together."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from quoth.interfaces.page.shared import filled_base
from quoth.knowledge import KnowledgeBase


def show() -> None:
    """The map, drawn anew when what it shows has changed."""
    base = filled_base("Map")
    st.caption("What is alike lies together. Drag and zoom; point at something to see what it is.")
    digest = hash(tuple((one.name, one.digest) for one in base.documents()))
    st.iframe(_drawn(base, digest), height=640)


@st.cache_data(max_entries=2, show_spinner="drawing the map")
def _drawn(_base: KnowledgeBase, _digest: int) -> str:
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "map.html"
        _base.pictures.map(page)
        return page.read_text("utf-8")
