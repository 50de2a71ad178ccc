"""Writing: a brief, an outline to edit, then the text section by section, with its footnotes and its report."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from quoth.interfaces.page.shared import filled_base, refusing
from quoth.knowledge import KnowledgeBase
from quoth.writing import Report, Section, Writing, read_outline

_FORMATS = {"Markdown": ".md", "Web page": ".html", "Word": ".docx"}


def show() -> None:
    """The brief, the outline, the text: each when the one before is there."""
    base = filled_base("Write")
    brief = st.text_input("What shall be written?", placeholder="a blog post on decorators", key="brief")
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    length = left.slider("Words, about", 200, 3000, 800, 100)
    strict = right.toggle("Only what the documents support", help="Leaves out what no passage supports.")
    if st.button("Plan an outline", icon=":material/list:", disabled=not brief.strip()):
        with refusing(), st.spinner("gathering passages"):
            st.session_state["outline"] = base.outline(brief, length=length).markdown
            st.session_state.pop("written", None)
    if "outline" not in st.session_state:
        st.caption("First an outline, which you can edit; then the text, each sentence with what supports it.")
        return
    outline = st.text_area("Outline: edit it as you like", key="outline", height="content")
    if st.button("Write it", type="primary", icon=":material/edit_note:"):
        with refusing():
            st.session_state["written"] = _write(base, brief, outline, length=length, strict=strict)
            st.rerun()
    if written := st.session_state.get("written"):
        _text(written)


def _write(base: KnowledgeBase, brief: str, outline: str, **wishes: object) -> Writing:
    """Each section is shown when it is there."""
    planned = read_outline(outline)
    bar, place = st.progress(0.0, "Writing"), st.container()
    stream = base.write(brief, planned, **wishes)
    for done, section in enumerate(stream, start=1):
        bar.progress(done / len(stream.outline.sections), f"{done} of {len(stream.outline.sections)} sections")
        with place:
            _preview(section)
    bar.empty()
    return stream.text


def _preview(section: Section) -> None:
    st.subheader(section.heading, anchor=False)
    st.text(" ".join(sentence.text for sentence in section.sentences))


def _text(written: Writing) -> None:
    """The text as it will be saved, how to save it, and what supports it."""
    st.divider()
    for column, (name, suffix) in zip(st.columns(len(_FORMATS)), _FORMATS.items(), strict=True):
        column.download_button(
            name, _saved(written, suffix), f"{written.title}{suffix}", icon=":material/download:", width="stretch"
        )
    _report(written.report)
    st.iframe(written.html, height=900)


def _saved(written: Writing, suffix: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"text{suffix}"
        written.save(file)
        return file.read_bytes()


def _report(report: Report) -> None:
    whole = report.whole
    words = max(whole.words, 1)
    figures = {
        "Words": f"{whole.words:,}",
        "Supported": f"{whole.supported / words:.0%}",
        "Word for word": f"{whole.verbatim / words:.0%}",
        "From memory": f"{whole.memory / words:.0%}",
    }
    for column, (name, value) in zip(st.columns(len(figures)), figures.items(), strict=True):
        column.metric(name, value)
    if report.empty:
        st.caption(f"Too little in the documents on: {'; '.join(report.empty)}")
    for note in report.notes:
        st.caption(note)
