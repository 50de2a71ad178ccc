"""Word, PowerPoint, Excel, OpenDocument, RTF and Outlook files, read by xberg, with their pictures.

This is the only module that knows xberg: its document tree comes in, our text goes out. OCR and its cache
are off, so it never downloads and never writes. The media type is ours: it would take an EPUB for a ZIP.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import xberg

from quoth.errors import DocumentError
from quoth.passages.album import Album
from quoth.passages.content import Content, Writer, clean, one_line, squeeze
from quoth.sources.media import ODP, PPT

Image: TypeAlias = Any  # xberg.ExtractedImage, for which it has two types that are none of each other

_MAX_CELLS = 2_000_000
_SLIDES = (PPT, ODP, "presentation", "slideshow")
_FURNITURE = frozenset(("header", "footer", "page_header", "page_footer", "watermark"))
_MARKS = re.compile(r"\[(?:\^\d+|cmt:\d+)\]|\*\*|\[Image[^\]]*\]")
_ENCRYPTED = re.compile(r"encrypt|password|could not find EOCD", re.IGNORECASE)
_OLE = b"\xd0\xcf\x11\xe0"
_LONGEST_TITLE = 100
# "Picture 1", and the name of the file that was put in.
_MACHINE_WORDS = re.compile(r"^(picture|image|grafik|graphic|bild|object|rectangle|text box)? ?\d*$|\.\w{3,4}$", re.I)
_MACHINE_TITLE = re.compile(r"^(microsoft |untitled|powerpoint presentation|slide \d|document\d*$)|\.\w{2,5}$", re.I)


@dataclass(frozen=True, slots=True)
class _Node:
    """A node of xberg's tree: its kind and fields (which differ from kind to kind), its page, from 1."""

    kind: str
    fields: dict[str, Any]
    page: int | None


def read(data: bytes, media_type: str) -> Content:
    """The text of an office file. Raises DocumentError if it is broken or encrypted."""
    document = _extract(data, media_type)
    walk = _Walk(any(kind in media_type for kind in _SLIDES), document.images or [])
    if document.document is not None:
        nodes = _nodes(document.document.nodes)
        nodes = _loose_pictures(nodes, document.images or []) + nodes
        for node in _by_slide(nodes) if walk.slides else nodes:
            walk.node(node)
    title = one_line(document.metadata.title or "")
    if not title or _MACHINE_TITLE.search(title) or "\\'" in title:
        title = next((h.text for h in walk.writer.headings if h.level == 1), "")
    return walk.writer.content(title or one_line(document.metadata.subject or ""))


def _extract(data: bytes, media_type: str) -> xberg.ExtractedDocument:
    limits = xberg.SecurityLimits(max_table_cells=_MAX_CELLS)
    images = xberg.ImageExtractionConfig(extract_images=True, run_ocr_on_images=False)
    config = xberg.ExtractionConfig(
        disable_ocr=True, use_cache=False, include_document_structure=True, security_limits=limits, images=images
    )
    source = xberg.ExtractInput(kind=xberg.ExtractInputKind.BYTES, bytes=data, mime_type=media_type)
    try:
        result = asyncio.run(xberg.extract(source, config))
    except (xberg.XbergError, RuntimeError, ValueError, OSError) as error:
        raise _failure(data, str(error)) from error
    if not result.results:
        raise _failure(data, str(result.errors))
    return result.results[0]


def _failure(data: bytes, message: str) -> DocumentError:
    # Encrypted docx, xlsx and pptx files are OLE containers, not ZIP archives.
    if _ENCRYPTED.search(message) and data.startswith(_OLE):
        return DocumentError("the file is encrypted", "remove its password and add it again")
    cause = one_line(message)[:200]
    return DocumentError(f"the file is broken: {cause}", "open it in its program and save it again, or as PDF")


def _nodes(tree: Sequence[Any]) -> list[_Node]:
    """The tree's nodes in reading order, without page furniture."""
    nodes = []
    for node in tree:
        if str(node.content_layer) not in _FURNITURE:
            # The JSON is the only way to the fields: the attributes of xberg's NodeContent are constructors.
            fields = json.loads(str(node.content))
            nodes.append(_Node(fields.pop("node_type"), fields, node.page))
    return nodes


def _loose_pictures(nodes: Sequence[_Node], images: Sequence[Image]) -> list[_Node]:
    """Nodes for the pictures that have none: of those of a .pptx only the slide is told."""
    told = {node.fields.get("image_index") for node in nodes if node.kind == "image"}
    loose = (image for image in images if image.image_index not in told)
    return [_Node("image", {"image_index": image.image_index}, image.page_number) for image in loose]


def _by_slide(nodes: Sequence[_Node]) -> list[_Node]:
    """The nodes slide by slide, each slide opened by a node of its own, slides without text included.

    Of a .pptx xberg gives a slide's own node after its text, or not at all: the text knows its page.
    """
    slides: dict[int, list[_Node]] = {}
    number = 0
    for node in nodes:
        number = node.fields["number"] if node.kind == "slide" else node.page or number
        content = slides.setdefault(number, [])
        content.insert(0 if node.kind == "slide" else len(content), node)
    ordered: list[_Node] = []
    for number in range(1, max(slides, default=0) + 1):
        content = slides.get(number, [])
        if not content or content[0].kind != "slide":
            ordered.append(_Node("slide", {}, number))
        ordered += content
    return slides.get(0, []) + ordered


class _Walk:
    """One walk over a tree in reading order."""

    def __init__(self, slides: bool, images: Sequence[Image]) -> None:
        self.writer = Writer()
        self.slides = slides
        self.needs_title = False
        self.images = {image.image_index: image for image in images}
        self.album = Album()

    def node(self, node: _Node) -> None:
        """Write one node; kinds that only group others have no text of their own."""
        fields = node.fields
        match node.kind:
            case "slide":
                self.slide(fields.get("title") or "")
            case "heading" | "title":
                self.writer.heading(fields.get("level", 1), _plain(fields["text"]))
            case "image":
                self.picture(fields)
            case "table":
                self.table(fields["grid"]["cells"])
            case "list_item":
                text = _plain(fields["text"])
                self.writer.block(f"- {text}" if text else "", 1)
            case "code":
                self.writer.block(clean(fields["text"]).strip("\n").rstrip())
            case "definition_item":
                self.writer.block(f"{_plain(fields['term'])}\n{_plain(fields['definition'])}")
            case "metadata_block":
                self.metadata(fields["entries"])
            case "raw_block":
                self.writer.block(_plain(fields["content"]))
            case _:
                self.paragraph(_plain(fields.get("text") or ""))

    def picture(self, fields: dict[str, Any]) -> None:
        """Write a picture with its alternative text and caption, unless these are a program's."""
        image = self.images.get(fields.get("image_index", -1))
        if image is None:
            return
        said = dict.fromkeys(map(_plain, filter(None, (image.description, image.caption))))
        figure = self.album.figure(image.data, "\n".join(one for one in said if not _MACHINE_WORDS.search(one)))
        if figure:
            self.writer.picture(figure)

    def slide(self, title: str) -> None:
        """Start a slide: a page whose first short text is its heading."""
        self.writer.page()
        self.needs_title = True
        if not re.fullmatch(r"(slide|page) ?\d+", title, re.IGNORECASE):
            self.paragraph(_plain(title))

    def paragraph(self, text: str) -> None:
        """Write a paragraph."""
        if self.needs_title and text:
            self.needs_title = False
            if len(text) <= _LONGEST_TITLE and any(c.isalpha() for c in text):
                self.writer.heading(2, text)
                return
        # The text of a slide is a column of short lines that belong together.
        self.writer.block(text, 1 if self.slides else 2)

    def metadata(self, entries: Sequence[dict[str, str]]) -> None:
        """Write who sent a message to whom, when, about what; technical fields are left out."""
        for entry in entries:
            if entry["key"].lower() in ("subject", "from", "to", "cc", "date"):
                self.writer.block(f"{entry['key']}: {one_line(entry['value'])}", 1)

    def table(self, cells: Sequence[dict[str, Any]]) -> None:
        """Write a table row by row; cells that nobody filled at the edges of a row are left out."""
        rows: dict[int, dict[int, str]] = {}
        for cell in cells:
            if text := one_line(_MARKS.sub("", cell["content"])):
                rows.setdefault(cell["row"], {})[cell["col"]] = text
        gap = 2
        for _, row in sorted(rows.items()):
            self.writer.block(" | ".join(row.get(column, "") for column in range(min(row), max(row) + 1)), gap)
            gap = 1


def _plain(text: str) -> str:
    return squeeze(_MARKS.sub("", text))
