"""An answer on the page: each word tinted by its source; pointing at it shows the passage, a click opens it."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import streamlit as st

from quoth.answer import Answer, Source
from quoth.rendering import MEMORY, colour, shown_sources, words

Shape = dict[str, Any]


def show_answer(answer: Answer, key: str) -> Source | None:
    """Draw it; the source that was clicked on just now, if one was."""
    result = _component()(data=shape(answer), key=key, on_opened_change=lambda: None)
    index = result.opened
    return None if index is None else answer.sources[int(index)]


def shape(answer: Answer) -> Shape:
    """What the component draws: plain data, never markup."""
    return {
        "words": [
            {"text": word.text, "source": word.source, "share": word.share, "posterior": list(word.posterior)}
            for word in words(answer)
        ],
        "text": answer.text,
        "abstained": answer.abstained,
        "sources": {str(i): _source(i, source) for i, source in enumerate(answer.sources)},
        "shown": [i for i, _ in shown_sources(answer)],
        "memory": {"weight": answer.memory_weight, "colour": MEMORY},
        "confidence": answer.confidence,
        "seconds": answer.timing.total_s,
    }


def _source(i: int, source: Source) -> Shape:
    passage = source.passage
    return {
        "title": " › ".join(dict.fromkeys([passage.title, *passage.headings])),
        "place": passage.place,
        "quote": " ".join(source.quote.split()),
        "weight": source.weight,
        "colour": colour(i),
        "kind": passage.kind,
    }


@cache
def _component() -> Any:  # noqa: ANN401 - Streamlit's own type is private
    """Registered once: Streamlit knows components by name."""
    folder = files("quoth.interfaces.page")
    css, js = (folder.joinpath(f"tinted.{kind}").read_text("utf-8") for kind in ("css", "js"))
    return st.components.v2.component("quoth_tinted", css=css, js=js)
