"""The chat: messages, follow-ups that are told how they were understood, answers tinted by source."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

import streamlit as st

from quoth.answer import Answer
from quoth.assistants.chat import Chat
from quoth.interfaces.collections import documents_of
from quoth.interfaces.page.documents import take_files
from quoth.interfaces.page.places import open_source
from quoth.interfaces.page.shared import answering, open_base, plain, refusing
from quoth.interfaces.page.tinted import show_answer
from quoth.knowledge import KnowledgeBase


@dataclass(frozen=True, slots=True)
class Said:
    """A message and what became of it."""

    message: str
    question: str
    answer: Answer


def show() -> None:
    """The conversation, and where to type."""
    base = open_base()
    if not documents_of(base):
        st.title("Ask your own documents")
        st.write("Nothing is here yet. Drop documents or pictures, then ask.")
        take_files(base)
        return
    asked = answering(base)
    said: list[Said] = st.session_state.setdefault("said", [])
    if st.sidebar.button("New conversation", icon=":material/add_comment:", disabled=not said):
        said.clear()
    if not said:
        _greet(base)
    for i, one in enumerate(said):
        _show(one, i)
    if message := st.chat_input("Ask your documents", max_chars=4000):
        with refusing():
            said.append(_answer(asked, said, message))
            st.rerun()


def _greet(base: KnowledgeBase) -> None:
    status = base.status()
    st.title("Ask your own documents")
    pictures = f" and {status.pictures:,} pictures" if status.pictures else ""
    st.write(
        f"{status.documents:,} documents{pictures} are here. Every word of an answer is tinted by the passage that it "
        "came from: point at it to see the passage, click to open it."
    )


def _show(one: Said, number: int) -> None:
    with st.chat_message("user"):
        st.text(one.message)
    with st.chat_message("assistant", avatar=":material/format_quote:"):
        if one.question != one.message:
            st.caption(f"understood as: {plain(one.question)}")
        opened = show_answer(one.answer, key=f"answer-{number}")
    if opened:
        open_source(open_base(), opened)


def _answer(base: KnowledgeBase, said: list[Said], message: str) -> Said:
    """Say it while it comes. A visitor who leaves or stops it frees the model."""
    with st.chat_message("user"):
        st.text(message)
    with st.chat_message("assistant", avatar=":material/format_quote:"):
        chat: Chat = base.chat([(one.message, one.answer.text) for one in said])
        with closing(chat.say(message)) as stream:
            if stream.rewritten:
                st.caption(f"understood as: {plain(stream.question)}")
            place, text = st.empty(), ""
            with st.spinner("comparing what the passages say"):
                for piece in stream:
                    text += piece
                    place.text(text)
                return Said(message, stream.question, stream.answer)
