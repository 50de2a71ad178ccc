"""An answer on the page: each word tinted by its source; pointing at it shows the passage, a click opens it."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import streamlit as st

from quoth.assistants.turns import Cited, Turn
from quoth.rendering import MEMORY, colour, is_shown

Shape = dict[str, Any]


def show_answer(turn: Turn, key: str) -> Cited | None:
    """Draw it; the source that was clicked on just now, if one was."""
    result = _component()(data=shape(turn), key=key, on_opened_change=lambda: None)
    index = result.opened
    return None if index is None else turn.sources[int(index)]


def shape(turn: Turn) -> Shape:
    """What the component draws: plain data, never markup."""
    return {
        "words": [
            {"text": word.text, "source": word.source, "share": word.share, "posterior": list(word.posterior)}
            for word in turn.words
        ],
        "text": turn.answer,
        "abstained": turn.abstained,
        "sources": {str(i): _source(i, source) for i, source in enumerate(turn.sources)},
        "shown": [i for i, source in enumerate(turn.sources) if is_shown(source.weight, turn.abstained)],
        "memory": {"weight": turn.memory_weight, "colour": MEMORY},
        "confidence": turn.confidence,
    }


def _source(i: int, source: Cited) -> Shape:
    return {
        "title": source.title,
        "place": source.place,
        "quote": " ".join(source.quote.split()),
        "weight": source.weight,
        "colour": colour(i),
    }


@cache
def _component() -> Any:  # noqa: ANN401 - Streamlit's own type is private
    """Registered once: Streamlit knows components by name."""
    folder = files("quoth.interfaces.page")
    css, js = (folder.joinpath(f"tinted.{kind}").read_text("utf-8") for kind in ("css", "js"))
    return st.components.v2.component("quoth_tinted", css=css, js=js)
