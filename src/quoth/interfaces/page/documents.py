"""The documents: drop files in and watch them go in, see what is there, take some out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from quoth.interfaces.collections import documents_of
from quoth.interfaces.keeping import Incoming, keep, remove
from quoth.interfaces.page.shared import base_name, open_base, plain, refusing
from quoth.knowledge import KnowledgeBase
from quoth.manifest import UPLOADS_FOLDER
from quoth.store import StoredDocument
from quoth.types import AddReport

_SHOWN = 200


def show() -> None:
    """What is in the knowledge base, and a place to drop more."""
    base = open_base()
    st.title("Documents")
    take_files(base)
    if held := documents_of(base):
        _list(base, held)


def take_files(base: KnowledgeBase) -> None:
    """Where files are dropped; they go in at once, and are kept in the knowledge base's folder."""
    number = st.session_state.setdefault("uploads", 0)
    dropped = st.file_uploader(
        "Drop documents and pictures here",
        accept_multiple_files=True,
        key=f"drop-{number}",
        help="PDF, Office, HTML, Markdown, text, EPUB, mail, JPEG, PNG and more. They stay on this machine.",
    )
    if report := st.session_state.pop("report", None):
        _tell(report)
    if dropped:
        with refusing():
            st.session_state["report"] = _add(base, {base_name(file.name): file.getvalue() for file in dropped})
            # A new uploader is an empty one.
            st.session_state["uploads"] = number + 1
            st.rerun()


def _add(base: KnowledgeBase, dropped: Mapping[str, bytes]) -> AddReport:
    """Files by their names."""
    bar = st.progress(0.0, "Reading")

    def progress(done: int, total: int, passages: int) -> None:
        bar.progress(done / max(1, total), f"{done} of {total} documents, {passages:,} passages")

    uploads = base.folder / UPLOADS_FOLDER
    with Incoming(uploads) as incoming:
        for name, data in dropped.items():
            incoming.new(name).write_bytes(data)
        report = keep(base, incoming, uploads, progress)
    bar.empty()
    return report


def _tell(report: AddReport) -> None:
    said = [f"{n} {what}" for what in ("added", "updated", "unchanged") if (n := getattr(report, what))]
    if said:
        st.success(
            f"{', '.join(said)}: {report.passages:,} passages in {report.seconds:.1f} s", icon=":material/check:"
        )
    for failure in report.failed:
        st.error(plain(f"{Path(failure.path).name}: {failure.cause}; {failure.cure}"), icon=":material/error:")


def _list(base: KnowledgeBase, held: Sequence[StoredDocument]) -> None:
    wanted = st.text_input("Filter", placeholder="a word of the title or the name").casefold()
    found = [one for one in held if wanted in f"{one.title} {one.name}".casefold()]
    st.caption(f"{len(found):,} of {len(held):,} documents")
    for one in sorted(found, key=lambda one: one.title.casefold())[:_SHOWN]:
        title, count, button = st.columns([6, 2, 1.5], vertical_alignment="center")
        title.markdown(f":material/description: {plain(one.title or Path(one.name).name)}", help=plain(one.name))
        count.caption(f"{one.passages:,} passages")
        if button.button("Remove", key=f"remove-{one.name}", type="tertiary"):
            _confirm(base, one)
    if len(found) > _SHOWN:
        st.caption(f"The first {_SHOWN} are shown: filter for the others.")


@st.dialog("Take this document out?")
def _confirm(base: KnowledgeBase, one: StoredDocument) -> None:
    st.text(one.name)
    st.write("It is gone from every answer at once. Its file stays, unless it was dropped on this page.")
    if st.button("Take it out", type="primary"):
        with refusing():
            remove(base, one)
            st.rerun()
