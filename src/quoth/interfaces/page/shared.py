"""What all pages share: the knowledge base, loaded once; how they answer; errors said in words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import streamlit as st

import quoth
from quoth.assistants.remote import DECODINGS
from quoth.errors import QuothError
from quoth.generators.remote_loading import is_remote
from quoth.interfaces.collections import documents_of
from quoth.interfaces.page.launch import FOLDER
from quoth.knowledge import KnowledgeBase
from quoth.settings import Settings
from quoth.types import Decoding

WAYS = {
    "sequence": ("The best answer", "of each passage, compared under all (RAG-Sequence)"),
    "token": ("Word by word", "mixed at every word (RAG-Token); comes at once"),
    "quote": ("A verbatim quote", "words of a document, to the letter"),
}
"""Decodings that are offered: how people call them, and what they are."""


@st.cache_resource(show_spinner="Opening the knowledge base")
def open_base() -> KnowledgeBase:
    """The knowledge base; one for all visitors, as its models are heavy."""
    return quoth.open(os.environ.get(FOLDER) or None)


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
        decoding = _decoding(base.settings)
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
    return base.with_settings(decoding=decoding, passages=passages, min_confidence=least)


def _decoding(settings: Settings) -> str:
    """The visitor's choice among what the model can do; from the start what the settings say, whatever that is."""
    can = DECODINGS if is_remote(settings.model) else WAYS
    ways = [one for one in get_args(Decoding) if one == settings.decoding or (one in WAYS and one in can)]
    if len(ways) == 1:
        return settings.decoding
    names = {one: WAYS.get(one, (one, "as settings.toml says")) for one in ways}
    chosen: str = st.radio(
        "Decoding",
        ways,
        ways.index(settings.decoding),
        format_func=lambda one: names[one][0],
        captions=[names[one][1] for one in ways],
        key="way",
    )
    return chosen


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
