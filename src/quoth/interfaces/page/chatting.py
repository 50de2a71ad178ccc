"""The chat: messages, follow-ups that are told how they were understood, answers tinted by source.

Conversations are the knowledge base's own, in its `conversations/`: `quoth chat NAME` goes on with one of the page.
"""

from __future__ import annotations

from contextlib import closing

import streamlit as st

from quoth.assistants.chat import Chat
from quoth.assistants.conversations import ConversationInfo, Conversations
from quoth.assistants.turns import Turn
from quoth.interfaces.collections import documents_of
from quoth.interfaces.page.documents import take_files
from quoth.interfaces.page.places import open_source
from quoth.interfaces.page.shared import answering, open_base, plain, refusing
from quoth.interfaces.page.tinted import show_answer
from quoth.knowledge import KnowledgeBase

_SHOWN = 20
_LONGEST = 40


def show() -> None:
    """The conversation, and where to type."""
    base = open_base()
    if not documents_of(base):
        st.title("Ask your own documents")
        st.write("Nothing is here yet. Drop documents or pictures, then ask.")
        take_files(base)
        return
    name = _chosen(base.conversations)
    chat = answering(base).chat(file=base.conversations.path(name))
    if chat.warning:
        st.warning(plain(chat.warning))
    if not chat.turns:
        _greet(base)
    for i, turn in enumerate(chat.turns):
        _show(base, turn, f"{name}-{i}")
    if message := st.chat_input("Ask your documents", max_chars=4000):
        with refusing():
            _answer(chat, message)
            st.rerun()


def _chosen(conversations: Conversations) -> str:
    """The name of the conversation that is open; the others are a click away, the last changed first."""
    if st.sidebar.button("New conversation", icon=":material/add_comment:"):
        st.session_state["conversation"] = conversations.fresh_name()
    name: str = st.session_state.setdefault("conversation", conversations.fresh_name())
    for one in conversations.list()[:_SHOWN]:
        if one.name == name:
            st.sidebar.markdown(f"**{_label(one)}**")
            if st.sidebar.button("Delete this conversation", icon=":material/delete:", type="tertiary"):
                _confirm(conversations, one)
        elif st.sidebar.button(_label(one), key=f"open-{one.name}", type="tertiary", help=_when(one)):
            st.session_state["conversation"] = one.name
            st.rerun()
    return name


def _label(one: ConversationInfo) -> str:
    said = " ".join(one.first.split())
    return plain(said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…")


def _when(one: ConversationInfo) -> str:
    return f"{one.changed:%Y-%m-%d %H:%M}"


@st.dialog("Delete this conversation?")
def _confirm(conversations: Conversations, one: ConversationInfo) -> None:
    st.write(_label(one))
    st.caption(f"{one.turns} turns, {_when(one)}")
    if st.button("Delete it", type="primary"):
        with refusing():
            conversations.delete(one.name)
            st.session_state["conversation"] = conversations.fresh_name()
            st.rerun()


def _greet(base: KnowledgeBase) -> None:
    status = base.status()
    st.title("Ask your own documents")
    pictures = f" and {status.pictures:,} pictures" if status.pictures else ""
    st.write(
        f"{status.documents:,} documents{pictures} are here. Every word of an answer is tinted by the passage that it "
        "came from: point at it to see the passage, click to open it."
    )


def _show(base: KnowledgeBase, turn: Turn, key: str) -> None:
    with st.chat_message("user"):
        st.text(turn.message)
    with st.chat_message("assistant", avatar=":material/format_quote:"):
        if turn.rewritten:
            st.caption(f"understood as: {plain(turn.question)}")
        opened = show_answer(turn, key=f"answer-{key}")
    if opened:
        open_source(base, opened)


def _answer(chat: Chat, message: str) -> None:
    """Say it while it comes. A visitor who leaves or stops it frees the model."""
    with st.chat_message("user"):
        st.text(message)
    with st.chat_message("assistant", avatar=":material/format_quote:"), closing(chat.say(message)) as stream:
        if stream.rewritten:
            st.caption(f"understood as: {plain(stream.question)}")
        place, text = st.empty(), ""
        with st.spinner("comparing what the passages say"):
            for piece in stream:
                text += piece
                place.text(text)
