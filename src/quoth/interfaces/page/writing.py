"""Writing: a brief, an outline to edit, a text with footnotes."""

from __future__ import annotations

import streamlit as st


def show() -> None:
    """Placeholder."""
    st.title("Write")
