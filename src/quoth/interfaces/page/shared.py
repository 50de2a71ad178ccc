"""What all pages share: the knowledge base, loaded once; how they answer; errors said in words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st

import quoth
from quoth.errors import QuothError
from quoth.interfaces.collections import documents_of
from quoth.interfaces.keeping import sweep
from quoth.interfaces.page.launch import FOLDER
from quoth.knowledge import KnowledgeBase

WAYS = {
    "The best answer": "sequence",
    "Word by word": "token",
    "A verbatim quote": "quote",
}
"""How to answer, as people call it."""


@st.cache_resource(show_spinner="Opening the knowledge base")
def open_base() -> KnowledgeBase:
    """The knowledge base; one for all visitors, as its models are heavy."""
    base = quoth.open(os.environ.get(FOLDER) or None)
    sweep(base)
    return base


def filled_base(title: str) -> KnowledgeBase:
    """The knowledge base, under the page's title; while nothing is in it the page says what to do and ends there."""
    base = open_base()
    st.title(title)
    if not documents_of(base):
        st.info("Nothing is here yet: drop some documents or pictures on the page Documents.")
        st.stop()
    return base


@contextmanager
def refusing() -> Iterator[None]:
    """What went wrong, as a message that says what to do, in the place of the rest of the page."""
    try:
        yield
    except QuothError as error:
        st.error(plain(f"{error.cause}: {error.cure}"), icon=":material/error:")


def answering(base: KnowledgeBase) -> KnowledgeBase:
    """The knowledge base as the visitor wants it to answer; shows the few settings that matter."""
    with st.sidebar.expander("How to answer", icon=":material/tune:"):
        way = st.radio(
            "Decoding",
            list(WAYS),
            captions=[
                "of each passage, compared under all (RAG-Sequence)",
                "mixed at every word (RAG-Token); comes at once",
                "words of a document, to the letter",
            ],
            key="way",
        )
        passages = st.slider("Passages to read", 1, 10, base.settings.passages, key="passages")
        least = st.slider(
            "Withhold answers less sure than",
            0.0,
            0.9,
            base.settings.min_confidence,
            0.05,
            format="percent",
            key="sure",
        )
    return base.with_settings(decoding=WAYS[way], passages=passages, min_confidence=least)


def base_name(name: str) -> str:
    """The name under which a file that was dropped on the page is kept.

    Raises:
        UsageError: it has none that can be kept.
    """
    base = Path(name.replace("\\", "/")).name
    if not base.isprintable() or base.startswith(".") or not base:
        raise quoth.UsageError(f"{name!r} is no name for a file", "rename it")
    return base


def plain(text: str) -> str:
    """A text as Markdown that shows it as it is."""
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]()#+-.!|<>$~:" else sign for sign in text)
