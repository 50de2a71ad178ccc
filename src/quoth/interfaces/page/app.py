"""The page, whole: Streamlit runs this file anew at every click; `quoth page` starts it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from quoth.access import Keyless
from quoth.interfaces.page import chatting, documents, mapping, searching, writing
from quoth.interfaces.page.launch import door
from quoth.interfaces.page.shared import open_base, refusing


def main() -> None:
    """The pages, and what they show of the knowledge base beside them."""
    st.set_page_config(page_title="Quoth", page_icon=str(Path(__file__).with_name("icon.png")), layout="centered")
    pages = st.navigation(
        [
            st.Page(chatting.show, title="Chat", icon=":material/forum:", url_path="chat", default=True),
            st.Page(searching.show, title="Search", icon=":material/search:", url_path="search"),
            st.Page(writing.show, title="Write", icon=":material/edit_note:", url_path="write"),
            st.Page(documents.show, title="Documents", icon=":material/folder_open:", url_path="documents"),
            st.Page(mapping.show, title="Map", icon=":material/scatter_plot:", url_path="map"),
        ]
    )
    with refusing():
        _door().check()
        pages.run()


@st.cache_resource
def _door() -> Keyless:
    return door(open_base().folder)


main()
